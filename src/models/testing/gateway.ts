// A process that runs the rooms up to `models` over a database that is there, to be killed by tests. One argument:
// GatewayOptions as JSON. It works on batches until it is killed, or its input ends.
import { join } from 'node:path';
import { silentLogger, systemClock } from '../../base/index.ts';
import { createAccess } from '../../access/index.ts';
import { openDatabase } from '../../db/index.ts';
import { createLedger } from '../../ledger/index.ts';
import { createModels } from '../index.ts';
import type { GatewayOptions } from './gateway-process.ts';

const { connection, home, organisationId, file } = JSON.parse(process.argv[2] ?? '') as GatewayOptions;
const common = { clock: systemClock, log: silentLogger };
const database = await openDatabase({ connection, ...common });
const access = createAccess({ database, ...common, config: { file: {} } });
await access.start();
const operator = () => organisationId;
const ledger = createLedger({ database, ...common, home, strict: false, audit: access.audit, names: access.directory, operator, logLevel: 'silent' });
await ledger.start();
const models = createModels({
  access, ledger, database, ...common, engine: null, operator,
  config: { file, configFile: join(home, 'config.json'), secretFile: join(home, 'secret'), localModel: 'off' },
});
await models.start();
// Its end is asked for, or whoever started it is gone: nothing of it stays behind.
for await (const chunk of process.stdin) void chunk;
await models.stop();
await ledger.stop();
process.exit(0);
