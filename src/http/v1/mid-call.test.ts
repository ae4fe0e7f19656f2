import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FakeBackend } from '../../models/testing/fake-backend.ts';
import { STREAM } from '../../models/testing/openai-fixtures.ts';
import { openWholeHouse, type WholeHouse } from '../testing/whole-house.ts';
import type { Asked } from '../testing/asking.ts';

/** What changes while a call runs, over every room and a real Postgres. The backend is a FAKE that answers when the test says so. */
const backend = new FakeBackend();
/** Another one, which a hedged name goes on to. */
const other = new FakeBackend();
let house: WholeHouse;
let ask: (method: string, path: string, body?: unknown) => Promise<Asked>;

const PER = '1000000';
beforeAll(async () => {
  const models = [
    { name: 'team/big', targets: [{ backend: 'gpu', model: 'big', maxOutputTokens: 100 }] },
    { name: 'team/hedged', goal: 'order', limits: { hedge: { afterMs: 1, share: 0.5 } }, targets: [{ backend: 'gpu', model: 'big', maxOutputTokens: 100 }, { backend: 'other', model: 'big', maxOutputTokens: 100 }] },
  ];
  house = await openWholeHouse({ file: { egress: { allow: ['127.0.0.0/8'] }, backends: [{ name: 'gpu', url: await backend.start() }, { name: 'other', url: await other.start() }], models } });
  ask = house.as(house.operator.adminKey);
  for (const [resource, tier, price] of [['team/big', 'standard', '2000000'], ['team/hedged', 'standard', '2000000'], ['team/big', 'contributor', '1000000']]) {
    const made = await ask('POST', '/api/prices', { resource, tier, source: 'a test', buckets: { input: { price, per: PER }, cache_read: { price, per: PER }, output: { price, per: PER } } });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    const { effectiveFrom } = made.body as { effectiveFrom: string };
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(Date.parse(effectiveFrom)), { timeout: 10_000, interval: 50 });
  }
});
afterAll(async () => {
  await house[Symbol.asyncDispose]();
  await backend.stop();
  await other.stop();
});

interface Caller {
  readonly projectId: string;
  readonly keyId: string;
  readonly key: string;
}

async function callerOf(name: string): Promise<Caller> {
  const project = (await ask('POST', '/api/projects', { name })).body as { id: string };
  const { key, secret } = (await ask('POST', '/api/keys', { name, projectId: project.id })).body as { key: { id: string }; secret: string };
  return { projectId: project.id, keyId: key.id, key: secret };
}

const call = (key: string, more: object = {}) => house.as(key)('POST', '/v1/chat/completions', { model: 'team/big', messages: [{ role: 'user', content: 'hi' }], max_tokens: 10, ...more });

/** A stream that stands in its middle until `goOn`. */
function standing(): { readonly begun: Promise<void>; goOn(): void } {
  let goOn!: () => void;
  let begun!: () => void;
  const waiting = new Promise<void>((resolve) => { goOn = resolve; });
  const started = new Promise<void>((resolve) => { begun = resolve; });
  backend.answer = async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const chunk of STREAM.slice(0, 3)) response.write(chunk);
    begun();
    await waiting;
    response.end(STREAM.slice(3).join(''));
  };
  return { begun: started, goOn };
}
const event = (id: string) => vi.waitFor(async () => {
  const reply = await ask('GET', `/api/usage/${id}`);
  expect(reply.status).toBe(200);
  return reply.body as { outcome: string; charge: string };
}, { timeout: 10_000, interval: 50 });
const idOf = ({ headers }: Asked) => headers.get('x-request-id')!;

describe('in the middle of a stream', () => {
  it('a key that is revoked or rotated lets it end, and is billed for it; the next call is refused', async () => {
    for (const how of ['revoke', 'rotate']) {
      const { key, keyId } = await callerOf(how);
      const stream = standing();
      const running = call(key, { stream: true });
      await stream.begun;
      const changed = how === 'revoke' ? await ask('DELETE', `/api/keys/${keyId}`) : await ask('POST', `/api/keys/${keyId}/rotate`, { overlapSeconds: 0 });
      expect([how, changed.status]).toEqual([how, how === 'revoke' ? 200 : 201]);
      expect([how, (await call(key)).status]).toEqual([how, 401]);
      stream.goOn();
      const reply = await running;
      expect(String(reply.body)).toMatch(/data: \[DONE\]\n\n$/);
      expect(await event(idOf(reply))).toMatchObject({ outcome: 'completed', charge: '42' });
    }
  });

  it('consent that is withdrawn leaves nothing of it here; its price is that of its beginning, and the next call\'s the standard one', async () => {
    const { key, projectId } = await callerOf('consenting');
    const { body } = await ask('GET', `/api/projects/${projectId}/consent`);
    const consent = { textVersion: (body as { current: { version: string } }).current.version };
    expect((await ask('POST', `/api/projects/${projectId}/consent`, consent)).status).toBe(200);
    for (const again of [false, true]) {
      const stream = standing();
      const running = call(key, { stream: true });
      await stream.begun;
      expect((await ask('DELETE', `/api/projects/${projectId}/consent`)).status).toBe(200);
      // What is agreed to anew is about what comes then.
      if (again) expect((await ask('POST', `/api/projects/${projectId}/consent`, consent)).status).toBe(200);
      stream.goOn();
      expect(await event(idOf(await running))).toMatchObject({ charge: '21' });
      await house.models.contributions.settled();
      expect(((await ask('GET', '/api/content')).body as { items: { projectId: string }[] }).items.filter((one) => one.projectId === projectId)).toEqual([]);
      if (again) continue;
      backend.stream(STREAM);
      expect(await event(idOf(await call(key, { stream: true })))).toMatchObject({ charge: '42' });
      expect((await ask('POST', `/api/projects/${projectId}/consent`, consent)).status).toBe(200);
    }
  });
});

describe('a budget that is changed under load', () => {
  it('holds at once at its new amount, whether lower or higher, to the last cent', async () => {
    const { key, projectId } = await callerOf('changing');
    const made = await ask('POST', '/api/budgets', { scope: { kind: 'project', id: projectId }, amount: '1', period: 'total' });
    const { id } = made.body as { id: string };
    const { error: { facts: { needed } } } = (await call(key, { stream: true })).body as { error: { facts: { needed: string } } };
    const hold = Number(needed);
    const budgets = async () => (await ask('GET', '/api/budgets')).body as { items: { id: string; spent: string }[] };
    const set = async (amount: number) => expect((await ask('PATCH', `/api/budgets/${id}`, { amount: String(amount) })).status).toBe(200);
    const load = async (calls: number) => (await Promise.all(Array.from({ length: calls }, () => call(key, { stream: true })))).filter(({ status }) => status === 200).length;
    backend.stream(STREAM);
    await set(hold * 1_000);
    const running = load(30);
    // Less than the running calls may hold: those end, and what begins is held by what it is now.
    const [early] = await Promise.all([running, set(hold + 420)]);
    const late = await load(40);
    const before = (early + late) * 42;
    expect(late * 42).toBeLessThanOrEqual(Math.max(0, hold + 420 - early * 42));
    await set(before + hold + 420);
    let more = await load(40);
    // One at a time, since what a call did not use covers the next one: all but what one more could use is spent.
    while ((await call(key, { stream: true })).status === 200) more += 1;
    expect(more).toBe(11);
    await vi.waitFor(async () => expect((await budgets()).items.find((one) => one.id === id)?.spent).toBe(String(before + more * 42)), { timeout: 10_000, interval: 100 });
  }, 30_000);
});

const WHOLE = { id: 'c', object: 'chat.completion', created: 1, model: 'x', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } };

describe('a second attempt beside a slow one', () => {
  it('is held once and charged once, in calls and in the lines of a batch, and its loser is the operator\'s', async () => {
    const { key, projectId } = await callerOf('hedged');
    const { id } = (await ask('POST', '/api/budgets', { scope: { kind: 'project', id: projectId }, amount: '100000', period: 'total' })).body as { id: string };
    const hedged = (content = 'hi') => house.as(key)('POST', '/v1/chat/completions', { model: 'team/hedged', messages: [{ role: 'user', content }], max_tokens: 10 });
    // A share of what was spent may be lost, so something is spent first.
    backend.json(200, { ...WHOLE, usage: { prompt_tokens: 5_000, completion_tokens: 2, total_tokens: 5_002 } });
    expect((await hedged('long '.repeat(5_000))).status).toBe(200);
    other.json(200, WHOLE);
    // From here on the first backend answers nobody who does not leave it.
    backend.answer = () => {};
    const slow = await hedged();
    expect([slow.status, slow.headers.get('x-tandem-route'), slow.headers.get('x-tandem-attempts')]).toEqual([200, 'other/big; reason=next', '2']);
    await event(idOf(slow));
    const shown = (await ask('GET', `/api/requests/${idOf(slow)}`)).body as { charge: string; attempts: { outcome: string; backend: string; hedged?: boolean }[] };
    expect(shown.charge).toBe('10');
    expect(shown.attempts.map(({ outcome, hedged: beside }) => [outcome, beside ?? false])).toEqual([['cut', false], ['completed', true]]);
    const form = new FormData();
    form.set('purpose', 'batch');
    form.set('file', new Blob([JSON.stringify({ custom_id: 'a', method: 'POST', url: '/v1/chat/completions', body: { model: 'team/hedged', messages: [{ role: 'user', content: 'hi' }], max_tokens: 10 } })]), 'in.jsonl');
    const file = (await (await fetch(`${house.url}/v1/files`, { method: 'POST', headers: { authorization: `Bearer ${key}` }, body: form })).json()) as { id: string };
    const batch = (await house.as(key)('POST', '/v1/batches', { input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' })).body as { id: string };
    await vi.waitFor(async () => expect((await house.as(key)('GET', `/v1/batches/${batch.id}`)).body).toMatchObject({ status: 'completed', request_counts: { completed: 1, failed: 0 } }), { timeout: 15_000, interval: 50 });
    // 10,004 for the first, 10 for the call, 5 for the line. Nothing is held any more.
    await vi.waitFor(async () => {
      const { items } = (await ask('GET', '/api/budgets')).body as { items: { id: string; spent: string }[] };
      expect(items.find((one) => one.id === id)).toMatchObject({ spent: '10019' });
    }, { timeout: 10_000, interval: 100 });
  }, 30_000);
});

describe('the tier flex', () => {
  it('has no more calls in flight on a backend than are spare, however many come at once', async () => {
    const { key } = await callerOf('flex');
    const open: (() => void)[] = [];
    let begun = 0;
    let most = 0;
    backend.answer = (response) => {
      begun += 1;
      open.push(() => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(WHOLE)));
      most = Math.max(most, open.length);
    };
    const CALLS = 20;
    const calls = Promise.all(Array.from({ length: CALLS }, () => call(key, { service_tier: 'flex' })));
    for (let ended = 0; ended < CALLS; ended += 1) {
      await vi.waitFor(() => expect(begun).toBeGreaterThanOrEqual(Math.min(CALLS, ended + 8)), { timeout: 10_000, interval: 5 });
      open.shift()!();
    }
    expect((await calls).map(({ status }) => status)).toEqual(Array.from({ length: CALLS }, () => 200));
    expect(most).toBe(8);
  }, 30_000);
});
