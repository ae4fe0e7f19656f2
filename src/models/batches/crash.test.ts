import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { silentLogger, systemClock } from '../../base/index.ts';
import type { Principal } from '../../access/index.ts';
import type { Database } from '../../db/index.ts';
import type { Ledger } from '../../ledger/index.ts';
import { createModels, type Models } from '../index.ts';
import { FakeBackend } from '../testing/fake-backend.ts';
import { GatewayProcess } from '../testing/gateway-process.ts';
import { openLedgerHouse, type LedgerHouse } from '../testing/ledger-house.ts';
import { COMPLETION } from '../testing/openai-fixtures.ts';

const LINES = 40;
const KILLS = 4;

let house: LedgerHouse;
let database: Database;
let ledger: Ledger;
let models: Models;
let backend: FakeBackend;
let admin: Principal;
let file: Record<string, unknown>;
let gateway: GatewayProcess | undefined;

beforeAll(async () => {
  house = await openLedgerHouse();
  // This ledger is for prices and the bill. It admits nothing.
  ({ database, ledger, admin } = house);
  const per = '1000000';
  await ledger.prices.create(admin, { resource: 'team/big', tier: 'standard', side: 'sell', source: 'a test', buckets: { input: { price: '1000000000000', per }, cache_read: { price: '100000000000', per }, output: { price: '2000000000000', per } } });
  backend = new FakeBackend();
  file = { egress: { allow: ['127.0.0.1'] }, backends: [{ name: 'gpu', url: await backend.start(), models: [{ alias: 'team/big', model: 'big', maxOutputTokens: 100 }] }] };
  // Never started: it makes files and batches, and works on none.
  models = createModels({
    access: house.access, ledger, database, log: silentLogger, clock: systemClock, engine: null, operator: () => house.organisationId,
    config: { file, configFile: join(house.home, 'config.json'), secretFile: join(house.home, 'killed', 'secret'), localModel: 'off' },
  });
}, 60_000);
afterAll(async () => {
  await gateway?.end();
  await backend.stop();
  await house.close();
});

test('a batch goes on over kill -9, and no line is reported or billed twice', async () => {
  const text = Array.from({ length: LINES }, (_, n) => JSON.stringify({ custom_id: `line-${n}`, method: 'POST', url: '/v1/chat/completions', body: { model: 'team/big', messages: [{ role: 'user', content: `line ${String(n).padStart(2, '0')}` }] } })).join('\n');
  const upload = await models.files.begin(admin);
  await upload.write(Buffer.from(text));
  const input = await upload.finish('in.jsonl', new Map([['purpose', 'batch']]));
  const batch = await models.batches.create(admin, { input_file_id: input.id, endpoint: '/v1/chat/completions', completion_window: '24h' });

  const asked: string[] = [];
  let killAt = 3;
  backend.answer = (response, { body }) => {
    asked.push((body['messages'] as { content: string }[])[0]!.content);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(COMPLETION));
    if (asked.length !== killAt) return;
    // At once, with calls in flight at every stage: asked, answered, in the log, kept.
    setImmediate(() => gateway?.kill());
  };
  for (let round = 0; round <= KILLS; round += 1) {
    killAt = round < KILLS ? asked.length + 3 + round : -1;
    gateway = new GatewayProcess({ connection: house.connection, home: join(house.home, 'killed'), organisationId: admin.organisationId, file });
    if (round < KILLS) await gateway.ended();
  }
  const done = await vi.waitFor(async () => {
    const now = await models.batches.show(admin, batch.id);
    expect(now.status).toBe('completed');
    return now;
  }, { timeout: 60_000, interval: 200 });
  expect(done.request_counts).toEqual({ total: LINES, completed: LINES, failed: 0 });

  const { pieces } = await models.files.open(admin, done.output_file_id!);
  const output = (await Array.fromAsync(pieces)).map(String).join('').trim().split('\n').map((line) => JSON.parse(line) as { custom_id: string });
  expect(output.map(({ custom_id }) => custom_id)).toEqual(Array.from({ length: LINES }, (_, n) => `line-${n}`));

  const lines = await database.scoped(admin.organisationId).selectFrom('batch_lines').selectAll().where('batch_id', '=', batch.id).execute();
  const charged = async () => new Map((await database.scoped(admin.organisationId).selectFrom('usage_events').select(['id', 'charge', 'quantities']).execute()).map((event) => [event.id, event]));
  const events = await vi.waitFor(async () => {
    const now = await charged();
    for (const { call_ids: ids } of lines) expect(ids.some((id) => now.has(id))).toBe(true);
    return now;
  }, { timeout: 20_000, interval: 200 });
  const paid = lines.map(({ call_ids: ids }) => ids.filter((id) => BigInt(events.get(id)?.charge ?? 0) > 0n));
  expect(paid.map((ids) => ids.length)).toEqual(lines.map(() => 1));
  const each = BigInt(events.get(paid[0]![0]!)!.charge);
  expect([...events.values()].reduce((sum, { charge }) => sum + BigInt(charge), 0n)).toBe(each * BigInt(LINES));
  // Each call that reached the backend is an attempt of its line, and some lines have more than one.
  expect(lines.reduce((sum, { attempts }) => sum + attempts, 0)).toBeGreaterThanOrEqual(asked.length);
  expect(asked.length).toBeGreaterThan(LINES);
  expect(lines.filter(({ attempts }) => attempts > 1).length).toBeGreaterThan(0);
  for (const { attempts, call_ids: ids } of lines) expect(ids).toHaveLength(attempts);
  expect(await ledger.bill.verify(admin)).toMatchObject({ ok: true, difference: '0' });
}, 180_000);
