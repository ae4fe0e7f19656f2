import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { sql } from 'kysely';
import { newId } from '../../base/index.ts';
import type { CallInput } from '../run/call.ts';
import type { Models } from '../models.ts';
import type { ReplySink } from '../reply-sink.ts';
import { openDatabaseHouse, type DatabaseHouse } from '../testing/database-house.ts';
import { FakeBackend } from '../testing/fake-backend.ts';
import { ask } from '../testing/house.ts';
import { MemorySink } from '../testing/memory-sink.ts';
import { COMPLETION, STREAM } from '../testing/openai-fixtures.ts';

let house: DatabaseHouse;
let backend: FakeBackend;
let sink: MemorySink;

beforeAll(async () => {
  backend = new FakeBackend();
  const url = await backend.start();
  house = await openDatabaseHouse({ file: { backends: [{ name: 'gpu', url, models: [{ alias: 'team/big', model: 'big' }] }] } });
});
afterAll(async () => {
  await house.close();
  await backend.stop();
});
beforeEach(() => {
  sink = new MemorySink();
  backend.requests.length = 0;
  house.ledger.entries.length = 0;
});
afterEach(() => { house.ledger.onSettle = () => {}; });

function chat(key: string, options: Partial<CallInput> & { sink?: ReplySink; models?: Models } = {}): Promise<void> {
  const { sink: to = sink, models = house.models, ...input } = options;
  return models.call('chat', { principal: house.admin, body: ask(), idempotencyKey: key, receipt: false, signal: new AbortController().signal, requestId: newId(), ...input }, to);
}
const rows = async () => (await house.database.pool.query<{ state: string; sealed_reply: Buffer | null }>('select state, sealed_reply from idempotent_calls order by created_at')).rows;

test.each([false, true])('a repeated call (streamed: %s) gets the same reply, from any process, and is charged once', async (stream) => {
  if (stream) backend.stream(STREAM);
  else backend.json(200, COMPLETION);
  const body = ask({ stream });
  await chat(`repeat-${stream}`, { body });
  const again = new MemorySink();
  await chat(`repeat-${stream}`, { body, sink: again });
  expect(again.text).toBe(sink.text);
  expect([again.status, again.headers['content-type'], again.headers['idempotent-replayed']]).toEqual([200, sink.headers['content-type'], 'true']);
  const elsewhere = new MemorySink();
  await chat(`repeat-${stream}`, { body, sink: elsewhere, models: await house.second() });
  expect(elsewhere.text).toBe(sink.text);
  expect([backend.requests.length, house.ledger.entries.length]).toEqual([1, 1]);
});

test('calls at the same time join the one that runs, and each gets the whole reply', async () => {
  backend.stream(STREAM);
  const body = ask({ stream: true });
  const others = Array.from({ length: 20 }, () => new MemorySink());
  await Promise.all([chat('join', { body }), ...others.map((other) => chat('join', { body, sink: other }))]);
  expect(others.every((other) => other.text === sink.text && other.ended)).toBe(true);
  expect(sink.frames.at(-1)).toBe('[DONE]');
  expect([backend.requests.length, house.ledger.entries.length]).toEqual([1, 1]);
});

test('a call in another process is waited for', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => { release = resolve; });
  const asked = new Promise<void>((resolve) => {
    backend.answer = async (response) => {
      resolve();
      await held;
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(COMPLETION));
    };
  });
  const first = chat('elsewhere');
  await asked;
  const other = new MemorySink();
  const second = chat('elsewhere', { sink: other, models: await house.second() });
  release();
  await Promise.all([first, second]);
  expect(other.text).toBe(sink.text);
  expect(backend.requests).toHaveLength(1);
});

test('the reply is kept, sealed, before its end is sent', async () => {
  backend.json(200, COMPLETION);
  let keptBefore: Promise<unknown> | undefined;
  sink.onWrite = () => { keptBefore = rows(); };
  await chat('kept');
  const kept = (await keptBefore) as Awaited<ReturnType<typeof rows>>;
  expect(kept.at(-1)!.state).toBe('done');
  expect(kept.at(-1)!.sealed_reply!.includes('boardwalk')).toBe(false);
});

test('another request under the same key is refused, and each caller has keys of its own', async () => {
  backend.json(200, COMPLETION);
  await chat('mine');
  await expect(chat('mine', { body: ask({ temperature: 0.5 }), sink: new MemorySink() })).rejects.toMatchObject({ code: 'idempotency_mismatch', status: 422 });
  await chat('mine', { principal: { ...house.admin, keyId: newId() }, body: ask({ temperature: 0.5 }), sink: new MemorySink() });
  expect(backend.requests).toHaveLength(2);
});

test.each(['', 'with space', 'ümlaut', 'x'.repeat(256), 'line\r\nbreak'])('the key %j is refused', async (key) => {
  await expect(chat(key)).rejects.toMatchObject({ code: 'invalid_header', status: 400 });
});

test('a call that failed and cost nothing leaves the key free', async () => {
  backend.json(500, {});
  await expect(chat('retry')).rejects.toMatchObject({ code: 'backend_failed' });
  backend.json(200, COMPLETION);
  await chat('retry');
  expect(sink.status).toBe(200);
});

test('a stream that was cut was charged: its key tells so instead of answering anew', async () => {
  backend.stream(STREAM.slice(0, 3), { cut: true });
  const body = ask({ stream: true });
  await chat('cut', { body });
  expect(sink.frames.at(-1)).toContain('backend_failed');
  await expect(chat('cut', { body, sink: new MemorySink() })).rejects.toMatchObject({ code: 'idempotency_conflict', status: 409, message: expect.stringContaining('was cut') as string });
  expect(house.ledger.entries).toHaveLength(1);
});

test('a call goes on while one reader is left, and stops when all have gone', async () => {
  const [one, two] = [new AbortController(), new AbortController()];
  backend.stream(STREAM.slice(0, 2), { open: true });
  const body = ask({ stream: true });
  const other = new MemorySink();
  const said = Promise.all([sink, other].map((each) => new Promise<void>((resolve) => { each.onWrite = (text) => { if (text.includes('Hello')) resolve(); }; })));
  const first = chat('leave', { body, signal: one.signal });
  const second = chat('leave', { body, signal: two.signal, sink: other });
  await said;
  one.abort();
  await first;
  expect(house.ledger.only().settled).toBeUndefined();
  two.abort();
  await second;
  await backend.requests[0]!.cut;
  await expect(chat('leave', { body, sink: new MemorySink() })).rejects.toMatchObject({ code: 'idempotency_conflict' });
  expect(house.ledger.only().settled?.outcome).toBe('client_left');
});

test('a call whose process died is told as cut, and its key is free when it expires', async () => {
  backend.json(200, COMPLETION);
  await chat('dead');
  await house.database.pool.query(`update idempotent_calls set state = 'running', sealed_reply = null, alive_at = now() - interval '1 minute' where idempotency_key = 'dead'`);
  await expect(chat('dead', { sink: new MemorySink() })).rejects.toMatchObject({ code: 'idempotency_conflict', message: expect.stringContaining('when the server stopped') as string });
  await house.database.pool.query(`update idempotent_calls set expires_at = now() - interval '1 minute' where idempotency_key = 'dead'`);
  const again = new MemorySink();
  await chat('dead', { sink: again });
  expect(again.status).toBe(200);
});

test('without the database a call with a key is refused, and one without is answered', async () => {
  backend.json(200, COMPLETION);
  const { connect } = house.database.pool;
  house.database.pool.connect = (() => Promise.reject(new Error('connection refused'))) as typeof connect;
  await expect(chat('down')).rejects.toMatchObject({ code: 'database_stale', status: 503 });
  await house.models.call('chat', { principal: house.admin, body: ask(), idempotencyKey: null, receipt: false, signal: new AbortController().signal, requestId: newId() }, sink);
  house.database.pool.connect = connect;
  expect([sink.status, backend.requests.length]).toEqual([200, 1]);
  await chat('down', { sink: new MemorySink() });
  expect(backend.requests).toHaveLength(2);
});

test('calls without the header touch no database', async () => {
  backend.json(200, COMPLETION);
  const before = await sql<{ n: string }>`select count(*) as n from idempotent_calls`.execute(house.database.unscoped('a test'));
  let statements = 0;
  const { query } = house.database.pool;
  house.database.pool.query = ((...args: Parameters<typeof query>) => { statements += 1; return query.apply(house.database.pool, args); }) as typeof query;
  const { connect } = house.database.pool;
  house.database.pool.connect = ((...args: Parameters<typeof connect>) => { statements += 1; return connect.apply(house.database.pool, args); }) as typeof connect;
  for (let index = 0; index < 50; index += 1) await house.models.call('chat', { principal: house.admin, body: ask(), idempotencyKey: null, receipt: false, signal: new AbortController().signal, requestId: newId() }, new MemorySink());
  house.database.pool.query = query;
  house.database.pool.connect = connect;
  expect(statements).toBe(0);
  expect(await rows()).toHaveLength(Number(before.rows[0]!.n));
});

test('a project that is purged loses the replies that were kept for its callers', async () => {
  const { id, name } = (await house.access.projects.list(house.admin)).items[0]!;
  const { secret } = await house.access.keys.create(house.admin, { name: 'purged', projectId: id, role: 'developer', models: null, expiresAt: null });
  const principal = house.access.directory.verify(secret);
  backend.json(200, COMPLETION);
  await chat('purged', { principal });
  expect((await rows()).some(({ sealed_reply: reply }) => reply !== null)).toBe(true);
  await house.models.purge(house.admin, id, name);
  expect((await rows()).filter(({ sealed_reply: reply }) => reply !== null)).toEqual([]);
  await chat('purged', { principal, sink: new MemorySink() });
  expect(backend.requests).toHaveLength(2);
});
