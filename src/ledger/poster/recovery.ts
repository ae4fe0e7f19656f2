import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Logger } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import { isEpochAlive } from '../epochs/epoch-lock.ts';
import { fence, openEpochs } from '../epochs/epochs.ts';
import type { PriceOf } from './open-calls.ts';
import { Posting } from './posting.ts';

export interface RecoveryOptions {
  readonly database: Pick<Database, 'unscoped' | 'scoped' | 'pool' | 'notify'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** `<home>/ledger`. */
  readonly ledgerFolder: string;
  readonly home: string;
  readonly priceOf: PriceOf;
}

/**
 * Ends every epoch of this home whose process is gone: fence, post the log to its end, charge what was cut, free
 * what was leased, remove the log.
 * @returns how many epochs were ended.
 */
export async function recoverEpochs(options: RecoveryOptions, except: string): Promise<number> {
  const { database, ledgerFolder, home } = options;
  let ended = 0;
  for (const id of await openEpochs(database, home)) {
    if (id === except || isEpochAlive(join(ledgerFolder, id))) continue;
    await recoverEpoch(options, id);
    ended += 1;
  }
  return ended;
}

/** The same for one epoch, of whose process the caller knows that it is gone. */
export async function recoverEpoch({ database, clock, log, ledgerFolder, priceOf }: RecoveryOptions, epochId: string): Promise<void> {
  const folder = join(ledgerFolder, epochId);
  await fence(database, epochId, clock.nowMs());
  const posting = new Posting({ database, clock, log, epochId, folder, priceOf });
  while (await posting.step(null)) {
    // Batch after batch, to the torn end.
  }
  const { cut, lost } = await posting.close();
  if (cut > 0 || lost > 0) log.warn({ epoch: epochId, cut, lost }, 'a process had died: what its streams had delivered is charged, what left no trace is counted');
  rmSync(folder, { recursive: true, force: true });
}
