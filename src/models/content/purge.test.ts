import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createIdSource } from '../../base/index.ts';
import type { Models } from '../models.ts';
import type { Principal } from '../ports.ts';
import { openDatabaseHouse, type DatabaseHouse } from '../testing/database-house.ts';
import { FakeBackend } from '../testing/fake-backend.ts';
import { MemorySink } from '../testing/memory-sink.ts';
import { COMPLETION as PUBLISHED, STREAM } from '../testing/openai-fixtures.ts';
import { ResponseSession } from '../responses/session.ts';

/** Purges between two processes' rooms over one real database, while calls are answered by a FAKE backend on a real socket. */
const backend = new FakeBackend();
const newId = createIdSource(Date.now);
const COMPLETION = { ...PUBLISHED, usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } };
/** Answers that are held back until the test lets them go. */
let held: (() => void)[] = [];
let house: DatabaseHouse;
let elsewhere: Models;
let serial = 0;

beforeAll(async () => {
  house = await openDatabaseHouse({ file: { backends: [{ name: 'gpu', url: await backend.start(), models: [{ alias: 'm', model: 'x', maxOutputTokens: 100 }] }] } });
  elsewhere = await house.second();
});
afterAll(async () => {
  await house.close();
  await backend.stop();
});
beforeEach(() => {
  held = [];
});

interface Owner {
  readonly id: string;
  readonly name: string;
  readonly key: Principal;
}

async function owner({ consents = false, caches = false } = {}): Promise<Owner> {
  serial += 1;
  const name = `purged-${serial}`;
  const { id } = await house.access.projects.create(house.admin, { name });
  const { key, secret } = await house.access.keys.create(house.admin, { name, projectId: id, role: 'developer', models: null, expiresAt: null });
  if (caches) await house.access.keys.update(house.admin, key.id, { cacheSeconds: 600 });
  if (consents) await house.access.consents.give(house.admin, id, (await house.access.consents.show(house.admin, id)).current.version);
  return { id, name, key: house.access.directory.verify(secret) };
}

/** Begins to answer, and ends when it is let go. */
function hold(stream: boolean): void {
  backend.answer = async (response) => {
    response.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' });
    if (stream) response.write(STREAM.slice(0, -2).join(''));
    await new Promise<void>((resolve) => { held.push(resolve); });
    response.end(stream ? STREAM.slice(-2).join('') : JSON.stringify(COMPLETION));
  };
}

function call(dialect: 'responses' | 'chat', { key }: Owner, body: object, { by = house.models, idempotencyKey = null as string | null } = {}): { sink: MemorySink; ended: Promise<void>; id: string } {
  const sink = new MemorySink();
  const id = newId();
  const input = dialect === 'chat' ? { messages: [{ role: 'user', content: 'hello' }] } : { input: 'hello' };
  const ended = by.call(dialect, { principal: key, body: { model: 'm', ...input, ...body }, idempotencyKey, receipt: false, signal: new AbortController().signal, requestId: id }, sink);
  return { sink, ended, id };
}

const asked = (number: number) => vi.waitFor(() => expect(held).toHaveLength(number), { timeout: 10_000, interval: 10 });
const kept = async ({ id }: Owner) => (await house.database.unscoped('a test').selectFrom('contents').select(['id', 'purpose']).where('project_id', '=', id).execute()).map((row) => row.id);
const settled = (id: string) => vi.waitFor(() => expect(house.ledger.entries.find((entry) => entry.admission.id === id)?.settled).toBeDefined(), { timeout: 10_000, interval: 10 });

test('a stream that another process purges under is answered whole and charged, and nothing of it is kept', async () => {
  const project = await owner({ consents: true });
  hold(true);
  const running = call('responses', project, { stream: true });
  await asked(1);
  await elsewhere.purge(house.admin, project.id, project.name);
  held[0]!();
  await running.ended;
  await house.models.contributions.settled();
  expect(running.sink.text).toContain('event: response.completed');
  await settled(running.id);
  expect(await kept(project)).toEqual([]);
  for (const models of [house.models, elsewhere]) await expect(models.responses.retrieve(project.key, `resp_${running.id}`, [])).rejects.toMatchObject({ code: 'content_not_found', status: 404 });

  // What begins after it is kept as ever.
  backend.json(200, COMPLETION);
  const next = call('responses', project, {}, { by: elsewhere });
  await next.ended;
  await elsewhere.contributions.settled();
  expect((await kept(project)).sort()).toEqual([`contribution_${next.id}`, `resp_${next.id}`]);
});

test('a response in the background, plain or streamed, leaves nothing when it ends after the purge', async () => {
  const project = await owner();
  hold(false);
  const plain = call('responses', project, { background: true });
  await asked(1);
  hold(true);
  const streamed = call('responses', project, { background: true, stream: true }, { by: elsewhere });
  await asked(2);
  await vi.waitFor(async () => expect((await kept(project)).length).toBeGreaterThan(2), { timeout: 10_000, interval: 20 });
  await elsewhere.purge(house.admin, project.id, project.name);
  expect(await kept(project)).toEqual([]);
  for (const go of held) go();
  await Promise.all([plain.ended, streamed.ended]);
  await Promise.all([settled(plain.id), settled(streamed.id)]);
  for (const { id } of [plain, streamed]) await expect(house.models.responses.retrieve(project.key, `resp_${id}`, [])).rejects.toMatchObject({ code: 'content_not_found' });
  // Both rooms have written down what they would write by then.
  await Promise.all([house.models, elsewhere].map((models) => models.contributions.settled()));
  expect(await kept(project)).toEqual([]);
});

test('of a batch whose lines keep responses neither the lines nor the responses are left', async () => {
  const project = await owner();
  hold(false);
  const upload = await house.models.files.begin(project.key);
  await upload.write(Buffer.from(Array.from({ length: 12 }, (_, at) => JSON.stringify({ custom_id: `line-${at}`, method: 'POST', url: '/v1/responses', body: { model: 'm', input: 'hello', store: true } })).join('\n')));
  const { id: input } = await upload.finish('in.jsonl', new Map([['purpose', 'batch']]));
  const { id } = await house.models.batches.create(project.key, { input_file_id: input, endpoint: '/v1/responses', completion_window: '24h' });
  await asked(8);
  await elsewhere.purge(house.admin, project.id, project.name);
  const before = house.ledger.entries.filter((entry) => entry.settled).length;
  for (const go of held) go();
  await vi.waitFor(() => expect(house.ledger.entries.filter((entry) => entry.settled)).toHaveLength(before + 8), { timeout: 10_000, interval: 10 });
  await vi.waitFor(async () => expect(await house.models.batches.show(project.key, id)).toMatchObject({ status: 'cancelled', output_file_id: null, error_file_id: null }), { timeout: 10_000, interval: 20 });
  expect(await kept(project)).toEqual([]);
  expect(held).toHaveLength(8);
});

test('a reply for an Idempotency-Key or for the cache that ends after the purge is not kept, and the call is not made twice', async () => {
  const project = await owner({ caches: true });
  hold(false);
  const once = call('chat', project, {}, { idempotencyKey: 'once' });
  const cached = call('chat', project, { temperature: 0 });
  await asked(2);
  await elsewhere.purge(house.admin, project.id, project.name);
  for (const go of held) go();
  await Promise.all([once.ended, cached.ended]);
  expect([once.sink.status, cached.sink.headers['x-tandem-cache']]).toEqual([200, 'miss']);
  expect(await house.database.unscoped('a test').selectFrom('idempotent_calls').select('sealed_reply').where('event_id', '=', once.id).execute()).toEqual([{ sealed_reply: null }]);
  await expect(call('chat', project, {}, { idempotencyKey: 'once', by: elsewhere }).ended).rejects.toMatchObject({ code: 'idempotency_conflict', message: expect.stringContaining('purged') });
  backend.json(200, COMPLETION);
  const again = call('chat', project, { temperature: 0 });
  await again.ended;
  expect(again.sink.headers['x-tandem-cache']).toBe('miss');
});

test('a connection does not go on from what it remembers of before', async () => {
  const project = await owner();
  const session = new ResponseSession();
  backend.stream(STREAM);
  const turn = async (body: object) => {
    const sink = new MemorySink();
    const requestId = newId();
    await house.models.responses.turn({ principal: project.key, body: { model: 'm', input: 'hello', store: false, ...body }, idempotencyKey: null, receipt: false, signal: new AbortController().signal, requestId }, sink, session);
    return requestId;
  };
  const first = await turn({});
  const second = await turn({ previous_response_id: `resp_${first}` });
  await house.models.purge(house.admin, project.id, project.name);
  await expect(turn({ previous_response_id: `resp_${second}` })).rejects.toMatchObject({ code: 'previous_response_not_found' });
});

test('an upload that is cut by the purge says that the file is gone', async () => {
  const project = await owner();
  const upload = await house.models.files.begin(project.key);
  await upload.write(Buffer.alloc(300_000, 'x'));
  await elsewhere.purge(house.admin, project.id, project.name);
  await expect(upload.write(Buffer.alloc(300_000, 'x'))).rejects.toMatchObject({ code: 'content_not_found' });
  await expect(upload.finish('late.txt', new Map([['purpose', 'user_data']]))).rejects.toMatchObject({ code: 'content_not_found' });
  expect(await kept(project)).toEqual([]);
});

test('however ends of calls and a purge fall between each other, what is left began after the purge', async () => {
  const project = await owner();
  hold(false);
  for (let round = 0; round < 8; round += 1) {
    const calls = Array.from({ length: 10 }, (_, at) => call('responses', project, {}, { by: at % 2 === 0 ? house.models : elsewhere }));
    await asked(calls.length * (round + 1));
    const mine = held.slice(-calls.length);
    for (const go of mine.slice(0, round)) go();
    const purging = (round % 2 === 0 ? elsewhere : house.models).purge(house.admin, project.id, project.name);
    for (const go of mine.slice(round)) go();
    await Promise.all([purging, ...calls.map(({ ended }) => ended)]);
    expect(await kept(project)).toEqual([]);
  }
});
