import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openWholeHouse, type WholeHouse } from '../testing/whole-house.ts';
import type { Asked } from '../testing/asking.ts';

let house: WholeHouse;
let ask: (method: string, path: string, body?: unknown) => Promise<Asked>;
let one: { id: string; keyId: string; secret: string };
let other: { id: string; keyId: string; secret: string };

beforeAll(async () => {
  house = await openWholeHouse({ file: { egress: { allow: ['127.0.0.0/8'] } } });
  ask = house.as(house.operator.adminKey);
  const per = '1000000';
  const price = await ask('POST', '/api/prices', { resource: 'tandem/local', source: 'a test', buckets: { input: { price: '20000000000', per }, cache_read: { price: '2000000000', per }, output: { price: '80000000000', per }, cached_reply: { price: '7', per: '1' } } });
  // A price begins when every process knows it.
  const { effectiveFrom } = price.body as { effectiveFrom: string };
  await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(Date.parse(effectiveFrom)), { timeout: 10_000, interval: 50 });
  [one, other] = await Promise.all(['one', 'other'].map(async (name) => {
    const project = (await ask('POST', '/api/projects', { name })).body as { id: string };
    const { key, secret } = (await ask('POST', '/api/keys', { name, projectId: project.id })).body as { key: { id: string }; secret: string };
    expect((await ask('PATCH', `/api/keys/${key.id}`, { cacheSeconds: 600 })).body).toMatchObject({ cacheSeconds: 600 });
    return { id: project.id, keyId: key.id, secret };
  })) as [typeof one, typeof other];
});
afterAll(() => house[Symbol.asyncDispose]());

const call = (secret: string, more: object = {}) => house.as(secret)('POST', '/v1/chat/completions', { model: 'tandem/local', messages: [{ role: 'user', content: 'hello' }], temperature: 0, ...more });
const cacheOf = async (asked: Promise<Asked>) => (await asked).headers.get('x-tandem-cache');

describe('the response cache', () => {
  it('answers the same request of the same project by the same reply, under its own id, at its own price', async () => {
    const first = await call(one.secret);
    const second = await call(one.secret);
    expect([first.headers.get('x-tandem-cache'), second.headers.get('x-tandem-cache')]).toEqual(['miss', 'hit']);
    const [a, b] = [first.body, second.body] as { id: string }[];
    expect({ ...b, id: '' }).toEqual({ ...a, id: '' });
    expect(b!.id).not.toBe(a!.id);
    expect(b!.id).toContain(second.headers.get('x-request-id'));
    await vi.waitFor(async () => {
      const event = (await ask('GET', `/api/usage/${second.headers.get('x-request-id')}`)).body;
      expect(event).toMatchObject({ charge: '7', cost: '0', quantities: { cached_reply: '1' }, outcome: 'completed' });
    }, { timeout: 10_000, interval: 100 });
    expect(await house.ledger.bill.verify(house.access.directory.verify(house.operator.adminKey))).toMatchObject({ ok: true });
  });

  it('repeats a stream whole', async () => {
    const first = await call(one.secret, { stream: true });
    const second = await call(one.secret, { stream: true });
    expect([first.headers.get('x-tandem-cache'), second.headers.get('x-tandem-cache')]).toEqual(['miss', 'hit']);
    const without = (reply: Asked) => String(reply.body).replaceAll(reply.headers.get('x-request-id')!, '');
    expect(without(second)).toBe(without(first));
    expect(without(second)).toMatch(/data: \[DONE\]\n\n$/);
  });

  it('counts a repeated reply for the user and tags that its request names', async () => {
    const asking = { user: 'ada', metadata: { tags: 'nightly, draft' } };
    const replies = [await call(one.secret, asking), await call(one.secret, asking)];
    expect(replies.map(({ headers }) => headers.get('x-tandem-cache'))).toEqual(['miss', 'hit']);
    for (const { headers } of replies) {
      await vi.waitFor(async () => expect((await ask('GET', `/api/usage/${headers.get('x-request-id')}`)).body).toMatchObject({ attributes: { user: 'ada', tags: ['nightly', 'draft'] } }), { timeout: 10_000, interval: 100 });
    }
    await ask('POST', '/api/budgets', { scope: { kind: 'project', id: one.id }, subject: { kind: 'user', name: 'ada' }, amount: '1' });
    expect((await call(one.secret, asking)).status).toBe(402);
    expect((await call(one.secret)).status).toBe(200);
  });

  it('is a project\'s own', async () => {
    expect(await cacheOf(call(other.secret))).toBe('miss');
    expect(await cacheOf(call(other.secret))).toBe('hit');
  });

  it('leaves alone what is not meant to be the same, and keys that did not ask', async () => {
    for (const more of [{ temperature: 0.7 }, { temperature: undefined }, { service_tier: 'priority' }]) {
      expect(await cacheOf(call(one.secret, more))).toBeNull();
    }
    expect(await cacheOf(house.as(one.secret)('POST', '/v1/chat/completions', { model: 'tandem/local', messages: [{ role: 'user', content: 'hello' }], temperature: 0 }, { authorization: `Bearer ${one.secret}`, 'x-tandem-receipt': '1' }))).toBeNull();
    await ask('PATCH', `/api/keys/${other.keyId}`, { cacheSeconds: null });
    expect(await cacheOf(call(other.secret))).toBeNull();
  });

  it('keeps no error', async () => {
    for (const _ of [1, 2]) expect((await call(one.secret, { max_tokens: 0 })).status).toBe(400);
  });

  it('repeats no reply to those whose replies a hook is asked about since', async () => {
    const asking = { user: 'hooked' };
    expect([await cacheOf(call(one.secret, asking)), await cacheOf(call(one.secret, asking))]).toEqual(['miss', 'hit']);
    // Nobody listens there: the hook fails, and lets nothing pass.
    const hook = await ask('POST', '/api/hooks', { name: 'strict', url: 'http://127.0.0.1:9/', stage: 'reply', onFailure: 'closed', deadlineMs: 1_000, projectId: null, enabled: true });
    const { hook: { id } } = hook.body as { hook: { id: string } };
    expect(await call(one.secret, asking)).toMatchObject({ status: 503, body: { error: { code: 'hook_failed' } } });
    expect((await ask('DELETE', `/api/hooks/${id}`)).status).toBeLessThan(300);
    expect(await cacheOf(call(one.secret, asking))).toBe('hit');
  });

  it('says what is left of the limits beside a repeated reply too, and repeats none where nothing may be kept', async () => {
    const asking = { user: 'limited' };
    const { id } = (await ask('POST', '/api/limits', { scope: { kind: 'project', id: one.id }, metric: 'requests', amount: 1_000 })).body as { id: string };
    const [first, second] = [await call(one.secret, asking), await call(one.secret, asking)];
    expect([first, second].map(({ headers }) => [headers.get('x-tandem-cache'), headers.get('x-ratelimit-limit-requests')])).toEqual([['miss', '1000'], ['hit', '1000']]);
    await ask('DELETE', `/api/limits/${id}`);
    await ask('PATCH', `/api/projects/${one.id}`, { store: false });
    expect(await cacheOf(call(one.secret, asking))).toBeNull();
    const keyed = await house.as(one.secret)('POST', '/v1/chat/completions', { model: 'tandem/local', messages: [] }, { authorization: `Bearer ${one.secret}`, 'idempotency-key': 'once' });
    expect(keyed).toMatchObject({ status: 403, body: { error: { code: 'store_off', message: expect.stringContaining('An Idempotency-Key') as string } } });
    await ask('PATCH', `/api/projects/${one.id}`, { store: true });
    expect(await cacheOf(call(one.secret, asking))).toBe('hit');
  });

  it('forgets a project that is purged', async () => {
    expect(await cacheOf(call(one.secret))).toBe('hit');
    await ask('POST', `/api/projects/${one.id}/purge`, { name: 'one' });
    await vi.waitFor(async () => expect(await cacheOf(call(one.secret))).toBe('miss'), { timeout: 5_000 });
  });
});
