/**
 * The poster: a process of its own beside the gateway, so that rating and SQL cost the calls nothing. It is started by
 * `supervisor.ts`, told what to do over IPC, and follows one log. When its parent is gone it posts what is there, ends
 * the epoch and exits.
 */
import { createLogger, systemClock, type Logger } from '../../base/index.ts';
import { openDatabase, type Database } from '../../db/index.ts';
import { createPriceBook } from '../prices/book.ts';
import type { FromPoster, ToPoster } from './messages.ts';
import { PosterLoop } from './loop.ts';
import { priceOfAdmission } from './price-of.ts';

/** A dead parent's log is short; what does not fit into this time is posted at the next start. */
const LAST_WORK_MS = 15_000;

// Ctrl-C and a service manager's stop go to the gateway, which ends the poster in its order.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

let loop: PosterLoop | undefined;
let log: Logger | undefined;
let orphaned = false;

process.on('message', (message: ToPoster) => {
  if (message.kind === 'start') void start(message).catch(fail);
  else if (message.kind === 'written') loop?.written(message.position, message.atMs);
  else loop?.finish();
});

process.on('disconnect', () => {
  orphaned = true;
  setTimeout(() => process.exit(0), LAST_WORK_MS).unref();
  if (loop === undefined) process.exit(0);
  loop.orphaned();
});

async function start(options: Extract<ToPoster, { kind: 'start' }>): Promise<void> {
  log = createLogger(options.logLevel);
  const database: Database = await openDatabase({ connection: options.connection, log, clock: systemClock, poolSize: 3 });
  const prices = createPriceBook({ database, operator: () => options.operatorId, currencyOf: () => undefined });
  await prices.start();
  loop = new PosterLoop({
    database, log, clock: systemClock, ledgerFolder: options.ledgerFolder, home: options.home, epochId: options.epochId,
    priceOf: priceOfAdmission(prices), refreshPrices: () => prices.refresh(), tell,
  });
  if (orphaned) loop.orphaned();
  await loop.run();
  await prices.stop();
  await database.close();
  process.exit(0);
}

function tell(message: FromPoster): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {
    // A parent that is gone is noticed by `disconnect`.
  });
}

function fail(error: Error): void {
  log?.error({ reason: error.message }, 'the poster cannot go on');
  tell({ kind: 'failed', reason: error.message });
  setImmediate(() => process.exit(1));
}
