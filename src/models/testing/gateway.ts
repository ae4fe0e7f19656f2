// A process that runs the rooms up to `models` over a database that is there, to be killed by tests. One argument:
// GatewayOptions as JSON. It works on batches until it is killed, or its input ends. Prints `ready`; then each line of its
// input, `{"id", "body"}`, is one chat call by the key of the options, and what became of it is a line of its output.
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isTandemError, silentLogger, systemClock } from '../../base/index.ts';
import { createAccess } from '../../access/index.ts';
import { openDatabase } from '../../db/index.ts';
import { createLedger } from '../../ledger/index.ts';
import { createModels } from '../index.ts';
import type { CallResult, GatewayOptions } from './gateway-process.ts';
import { MemorySink } from './memory-sink.ts';

const { connection, home, organisationId, file, key } = JSON.parse(process.argv[2] ?? '') as GatewayOptions;
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
process.stdout.write('ready\n');
// Its end is asked for, or whoever started it is gone: nothing of it stays behind.
for await (const line of createInterface({ input: process.stdin })) void call(JSON.parse(line) as { id: string; body: unknown });
await models.stop();
await ledger.stop();
process.exit(0);

async function call({ id, body }: { id: string; body: unknown }): Promise<void> {
  const sink = new MemorySink();
  let result: CallResult;
  try {
    await models.call('chat', { principal: access.directory.verify(key ?? ''), body, idempotencyKey: null, receipt: true, signal: new AbortController().signal, requestId: id }, sink);
    result = { charge: (sink.json['tandem'] as { charge: string }).charge };
  } catch (error) {
    result = isTandemError(error) ? { refused: error.code, facts: error.facts ?? {} } : { refused: (error as Error).message, facts: {} };
  }
  process.stdout.write(`${JSON.stringify({ id, result })}\n`);
}
