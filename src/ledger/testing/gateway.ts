// A process that runs a ledger under load, to be killed by tests. Prints `ready`, then `+ID CHARGE` for each call that was
// settled and acknowledged, as one line each. Arguments: connection as JSON, home, organisation, project, calls at once.
import { writeSync } from 'node:fs';
import { silentLogger, systemClock } from '../../base/index.ts';
import { openDatabase, type Connection } from '../../db/index.ts';
import { Ledger } from '../ledger.ts';
import { admissionOf, endOf, namesOf } from './path.ts';

const [connection = '{}', home = '', organisationId = '', projectId = '', atOnce = '8', limit = '1000000'] = process.argv.slice(2);
const database = await openDatabase({ connection: JSON.parse(connection) as Connection, log: silentLogger, clock: systemClock });
const ledger = new Ledger({
  database, clock: systemClock, log: silentLogger, home, strict: false, audit: { record: async () => {} }, names: namesOf(organisationId, projectId),
  operator: () => organisationId, logLevel: 'silent',
});
await ledger.start();
process.once('SIGTERM', () => void ledger.stop().then(() => process.exit(0)));
writeSync(1, 'ready\n');

let left = Number(limit);
await Promise.all(Array.from({ length: Number(atOnce) }, async (_, lane) => {
  while (left > 0) {
    left -= 1;
    const hold = await ledger.admit(admissionOf({ organisationId, projectId }, 100n, 50n)).catch(() => null);
    if (hold === null) {
      await systemClock.sleep(5);
      continue;
    }
    if (lane === 0) hold.progress({ input: 100n, output: 10n });
    const { charge } = await hold.settle(endOf(100n, BigInt(1 + (left % 50))));
    writeSync(1, `+${hold.id} ${charge}\n`);
    if (left % 20 === 0) await systemClock.sleep(1);
  }
}));
writeSync(1, 'done\n');
