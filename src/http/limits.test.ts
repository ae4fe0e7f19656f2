import { afterEach, beforeEach, expect, test } from 'vitest';
import { openWholeHouse, type WholeHouse } from './testing/whole-house.ts';

/**
 * What users of other gateways complain about limits and budgets, from the field notes: each is a test over the API, with
 * real rooms and a real Postgres behind it. The model is a stand-in.
 */
let house: WholeHouse;
let ask: ReturnType<WholeHouse['as']>;
beforeEach(async () => {
  house = await openWholeHouse();
  ask = house.as(house.operator.adminKey);
});
afterEach(() => house[Symbol.asyncDispose]());

type Reply = Awaited<ReturnType<typeof ask>>;
const call = (key: string, more: Record<string, unknown> = {}) =>
  house.as(key)('POST', '/v1/chat/completions', { model: 'tandem/local', messages: [{ role: 'user', content: 'hi' }], max_tokens: 5, ...more });
const project = () => ({ kind: 'project', id: house.operator.projectId });
const counts = (replies: readonly Reply[]) => {
  const by: Record<string, number> = {};
  for (const { status } of replies) by[status] = (by[status] ?? 0) + 1;
  return by;
};
const codeOf = ({ body }: Reply) => (body as { error?: { code?: string } }).error?.code;

async function keyWith(budget: string | null, name = 'app'): Promise<{ id: string; secret: string }> {
  const { body } = await ask('POST', '/api/keys', { name, budget: budget === null ? null : { amount: budget, period: 'total' } });
  const { key, secret } = body as { key: { id: string }; secret: string };
  return { id: key.id, secret };
}

async function limit(body: Record<string, unknown>): Promise<string> {
  const reply = await ask('POST', '/api/limits', body);
  expect(reply.status, JSON.stringify(reply.body)).toBe(201);
  return (reply.body as { id: string }).id;
}

/** Runs `test` within one minute of the clock: one that was cut in two by its turn is made again with another user. */
async function inOneMinute<T>(run: (user: string) => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    const before = Math.floor(Date.now() / 60_000);
    const result = await run(`u-${tries}`);
    if (Math.floor(Date.now() / 60_000) === before) return result;
  }
}

/** What one call of `call` holds, learnt from a refusal. */
async function holdOf(): Promise<bigint> {
  const { secret } = await keyWith('1', 'probe');
  const { body } = await call(secret);
  return BigInt((body as { error: { facts: { needed: string } } }).error.facts.needed);
}

test('C1: calls at once do not pass the budget check before their spend lands', async () => {
  const { secret } = await keyWith(String(await holdOf()));
  const replies = await Promise.all(Array.from({ length: 40 }, () => call(secret)));
  // One fits; what it did not use lets no second one in at its full hold.
  expect(counts(replies)).toEqual({ 200: 1, 402: 39 });
}, 60_000);

test('C2: the first calls at once of a user whom nobody has seen are held to the limit of each user', async () => {
  await limit({ scope: project(), subject: { kind: 'user', name: null }, metric: 'requests', amount: 4 });
  const { secret } = await keyWith(null);
  const replies = await inOneMinute((user) => Promise.all(Array.from({ length: 24 }, () => call(secret, { user }))));
  expect(counts(replies)).toEqual({ 200: 4, 429: 20 });
}, 60_000);

test('C3: neither a rotated key, nor a key made by it, nor another model gets around a key\'s budget and limit', async () => {
  const { id, secret } = await keyWith('1');
  await limit({ scope: { kind: 'key', id }, metric: 'requests', amount: 1_000 });
  expect((await call(secret)).status).toBe(402);
  const rotated = (await ask('POST', `/api/keys/${id}/rotate`, {})).body as { secret: string };
  expect((await call(rotated.secret)).status).toBe(402);
  const admin = (await ask('POST', '/api/keys', { name: 'boss', role: 'admin' })).body as { key: { id: string }; secret: string };
  expect((await house.as(admin.secret)('POST', '/api/keys', { name: 'child' })).status).toBe(201);
  await limit({ scope: { kind: 'key', id: admin.key.id }, metric: 'requests', amount: 1 });
  const child = await house.as(admin.secret)('POST', '/api/keys', { name: 'grandchild' });
  expect([child.status, codeOf(child)]).toEqual([403, 'budgeted_key']);
}, 60_000);

test('the first calls at once of a user whom nobody has seen are held to the money that each user has, in every dialect', async () => {
  const each = await ask('POST', '/api/budgets', { scope: project(), subject: { kind: 'user', name: null }, amount: String((await holdOf()) * 2n), period: 'month' });
  expect(each.body).toMatchObject({ holder: 'each user of project default', each: { names: 0, most: [] } });
  const { secret } = await keyWith(null);
  const replies = await Promise.all(Array.from({ length: 24 }, () => call(secret, { user: 'u-1' })));
  const served = counts(replies)[200] ?? 0;
  expect(served).toBeGreaterThanOrEqual(2);
  expect(counts(replies)[402]).toBe(24 - served);
  for (;;) if ((await call(secret, { user: 'u-1' })).status !== 200) break;
  expect((await call(secret, { user: 'u-2' })).status).toBe(200);
  const refused = await call(secret, { user: 'u-1' });
  expect(refused.body).toMatchObject({ error: { code: 'budget_exceeded', message: expect.stringContaining('monthly budget of user u-1 of project default') as string, facts: { subject: 'user', holder: 'user u-1 of project default' } } });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  const messages = await house.as(secret)('POST', '/v1/messages', { model: 'tandem/local', max_tokens: 5, messages: [{ role: 'user', content: 'hi' }], metadata: { user_id: 'u-1' } });
  expect(messages).toMatchObject({ status: 402, body: { error: { type: 'billing_error', message: expect.stringContaining('user u-1 of project default') as string } } });
  expect((await ask('GET', '/api/budgets')).body).toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ subject: { kind: 'user', name: null } })]) as unknown });
}, 60_000);

test('C5: no route under /v1 that makes a model work goes around a key\'s budget', async () => {
  const { secret } = await keyWith('1');
  const bodies: Record<string, unknown> = {
    '/v1/chat/completions': { messages: [{ role: 'user', content: 'hi' }] }, '/v1/responses': { input: 'hi' }, '/v1/messages': { max_tokens: 5, messages: [{ role: 'user', content: 'hi' }] },
    '/v1/completions': { prompt: 'hi' }, '/v1/embeddings': { input: 'hi' },
  };
  for (const [path, body] of Object.entries(bodies)) {
    const reply = await house.as(secret)('POST', path, { model: 'tandem/local', ...(body as object) });
    // Refused for want of money, or not there at all: never served.
    expect([path, [402, 501, 404, 400].includes(reply.status)], JSON.stringify(reply.body)).toEqual([path, true]);
  }
}, 60_000);

test('C15: a limit of tokens lets as many through as it says, not a third fewer', async () => {
  const { secret } = await keyWith(null);
  const first = await call(secret);
  const { usage } = first.body as { usage: { total_tokens: number } };
  const amount = usage.total_tokens * 12 + 400;
  await limit({ scope: project(), subject: { kind: 'user', name: null }, metric: 'tokens', amount });
  const { used, needed } = await inOneMinute(async (user) => {
    let tokens = 0;
    for (;;) {
      const reply = await call(secret, { user });
      if (reply.status !== 200) return { used: tokens, needed: (reply.body as { error: { facts: { needed: number } } }).error.facts.needed };
      tokens += (reply.body as typeof first.body & { usage: { total_tokens: number } }).usage.total_tokens;
    }
  });
  expect(used).toBeLessThanOrEqual(amount);
  // Refused only when the most that one more call could use no longer fitted.
  expect(used).toBeGreaterThan(amount - needed);
  expect(needed).toBeLessThan(400);
}, 60_000);

test('C16: calls that are refused for being too many at once do not use up the requests of the minute', async () => {
  const atOnce = await limit({ scope: project(), subject: { kind: 'user', name: null }, metric: 'parallel', amount: 1 });
  await limit({ scope: project(), subject: { kind: 'user', name: null }, metric: 'requests', amount: 8 });
  const { secret } = await keyWith(null);
  const served = await inOneMinute(async (user) => {
    const burst = await Promise.all(Array.from({ length: 30 }, () => call(secret, { user })));
    let left = counts(burst)[200] ?? 0;
    for (;;) {
      const reply = await call(secret, { user });
      if (reply.status !== 200) {
        expect(reply.body).toMatchObject({ error: { code: 'limit_reached', facts: { metric: 'requests' } } });
        return left;
      }
      left += 1;
    }
  });
  expect(served).toBe(8);
  expect((await ask('DELETE', `/api/limits/${atOnce}`)).status).toBe(204);
}, 60_000);

test('a refusal says whose limit, how much and when to come back, in body and headers; a reply says what is left', async () => {
  const id = await limit({ scope: project(), subject: { kind: 'user', name: null }, metric: 'requests', amount: 2 });
  await limit({ scope: project(), metric: 'tokens', amount: 100_000 });
  const { secret } = await keyWith(null);
  const [one, , refused] = await inOneMinute(async (user) => [await call(secret, { user }), await call(secret, { user }), await call(secret, { user })] as const);
  expect(one.status).toBe(200);
  expect(Object.fromEntries([...one.headers].filter(([name]) => name.startsWith('x-ratelimit-')))).toMatchObject({
    'x-ratelimit-limit-requests': '2', 'x-ratelimit-remaining-requests': '1', 'x-ratelimit-reset-requests': expect.stringMatching(/^\d+(?:ms|s)$|^1m0s$/), 'x-ratelimit-limit-tokens': '100000',
  });
  expect([refused.status, codeOf(refused)]).toEqual([429, 'limit_reached']);
  expect(refused.body).toMatchObject({ error: { type: 'rate_limit_error', message: expect.stringMatching(/^The limit of 2 requests a minute of user u-\d of project default is reached\. Try again in \d+ s/), facts: { limitId: id, scope: 'project', subject: 'user' } } });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(refused.headers.get('x-ratelimit-remaining-requests')).toBe('0');
}, 60_000);

test('in every dialect a refusal says when to come back, in the header and in the headers that the dialect has for it', async () => {
  const requests = await limit({ scope: project(), metric: 'requests', amount: 1 });
  const { secret } = await keyWith(null);
  const bodies: Record<string, object> = {
    '/v1/chat/completions': { messages: [{ role: 'user', content: 'hi' }] }, '/v1/responses': { input: 'hi' }, '/v1/responses/compact': { input: 'hi' },
    '/v1/messages': { max_tokens: 5, messages: [{ role: 'user', content: 'hi' }] }, '/v1/messages/count_tokens': { messages: [{ role: 'user', content: 'hi' }] },
  };
  const refusals = () => inOneMinute(async () => {
    while ((await call(secret)).status === 200);
    const seen: Record<string, unknown> = {};
    for (const [path, body] of Object.entries(bodies)) {
      const { status, headers } = await house.as(secret)('POST', path, { model: 'tandem/local', ...body });
      const left = headers.get(path.startsWith('/v1/messages') ? 'anthropic-ratelimit-requests-remaining' : 'x-ratelimit-remaining-requests');
      seen[path] = [status, Number(headers.get('retry-after')) > 0, left];
    }
    return seen;
  });
  const everywhere = (...seen: unknown[]) => Object.fromEntries(Object.keys(bodies).map((path) => [path, seen]));
  expect(await refusals()).toEqual(everywhere(429, true, '0'));
  expect((await ask('DELETE', `/api/limits/${requests}`)).status).toBe(204);
  const budget = await ask('POST', '/api/budgets', { scope: project(), amount: '1', period: 'day' });
  expect(budget.status).toBe(201);
  // Counting is free of charge.
  delete bodies['/v1/messages/count_tokens'];
  expect(await refusals()).toEqual(everywhere(402, true, null));
}, 60_000);

test('without a limit no header speaks of one', async () => {
  const { secret } = await keyWith(null);
  const reply = await call(secret);
  expect([...reply.headers.keys()].filter((name) => name.includes('ratelimit'))).toEqual([]);
}, 60_000);
