// A process that runs a ledger, to be killed by tests. One argument: GatewayOptions as JSON. Prints `ready POSTER_PID`, runs
// its load if it was given one and prints `done`; then each line `ID INPUT OUTPUT USED MORE` on its input is one call, and
// `ID end` ends those that were kept (MORE is JSON). For each
// call that was settled and acknowledged it prints `+ID CHARGE`, for each that was refused `-ID CODE`.
import { openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { isTandemError, silentLogger, systemClock } from '../../base/index.ts';
import { openDatabase } from '../../db/index.ts';
import { realFiles } from '../log/files.ts';
import { Ledger } from '../ledger.ts';
import type { GatewayOptions, MoreOfCall } from './gateway-process.ts';
import { admissionOf, endAfter, endOf, namesOf } from './path.ts';
import { PowerCut } from './power-cut.ts';

const options = JSON.parse(process.argv[2] ?? '') as GatewayOptions;
const { connection, home, organisationId, projectId, load, power } = options;
const say = (line: string): void => {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      // The reader is behind and the pipe is full: a line is written whole or not at all, so it is tried again.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
};
const cut = power === undefined ? undefined : new PowerCut(realFiles, openSync(power.record, 'w'), power.at);
const database = await openDatabase({ connection, log: silentLogger, clock: systemClock });
const ledger = new Ledger({
  database, clock: systemClock, log: silentLogger, home, strict: options.strict ?? false, audit: { record: async () => {} }, names: namesOf(organisationId, projectId),
  operator: () => organisationId, logLevel: 'silent', ...(cut ? { files: cut } : {}), limits: { reserveBytes: 65_536, segmentBytes: options.segmentBytes ?? 67_108_864 },
});
await ledger.start();
process.once('SIGTERM', () => void ledger.stop().then(() => process.exit(0)));
say(`ready ${ledger.status().poster.pid}`);
cut?.armFor(() => ledger.status().poster.pid);

if (load !== undefined) {
  let left = load.calls;
  await Promise.all(Array.from({ length: load.atOnce }, async (_, lane) => {
    while (left > 0) {
      left -= 1;
      const hold = await ledger.admit(admissionOf(options, 100n, 50n)).catch(() => null);
      if (hold === null) {
        await systemClock.sleep(5);
        continue;
      }
      if (lane === 0) hold.progress({ input: 100n, output: 10n });
      const { charge } = await hold.settle(endOf(100n, BigInt(1 + (left % 50))));
      say(`+${hold.id} ${charge}`);
      cut?.acknowledged();
      if (left % 20 === 0) await systemClock.sleep(1);
    }
  }));
  say('done');
}

const kept: (() => Promise<unknown>)[] = [];
for await (const line of createInterface({ input: process.stdin })) void call(line);
// Whoever started it is gone.
await ledger.stop();
process.exit(0);

async function call(line: string): Promise<void> {
  const [id = '', input = '', output = '', used = '', ...json] = line.split(' ');
  if (input === 'end') {
    await Promise.all(kept.splice(0).map((end) => end()));
    return say(`+${id} 0`);
  }
  const { keep, fallback, ...more } = JSON.parse(json.join(' ') || '{}') as MoreOfCall;
  try {
    const hold = await ledger.admit({ ...admissionOf(options, BigInt(input), BigInt(output)), ...more, id });
    if (keep === true) {
      kept.push(() => hold.settle(endOf(BigInt(input), BigInt(used))));
      return say(`+${id} 0`);
    }
    if (fallback?.answered === null) {
      await hold.release(endAfter(fallback, 0n));
      return say(`+${id} 0`);
    }
    const { charge } = await hold.settle(fallback ? endAfter(fallback, BigInt(used)) : endOf(BigInt(input), BigInt(used)));
    say(`+${id} ${charge}`);
  } catch (error) {
    say(`-${id} ${isTandemError(error) ? error.code : (error as Error).message}`);
  }
}
