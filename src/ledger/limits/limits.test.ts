import { afterEach, beforeEach, expect, test } from 'vitest';
import { isTandemError, newId, type TandemError } from '../../base/index.ts';
import type { Admission } from '../events/call.ts';
import type { Ledger } from '../ledger.ts';
import { admissionOf, booksOf, endOf, openPathHouse, ownerOf, type PathHouse } from '../testing/path.ts';
import { MINUTE_MS } from './limit.ts';
import type { NewLimit } from './limits.ts';

let house: PathHouse;
beforeEach(async () => {
  house = await openPathHouse();
});
afterEach(() => house.close());

/** A minute that no test outlives: calls say themselves when they were admitted. */
const minuteMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
const call = (more: Partial<Admission> = {}): Admission => ({ ...admissionOf(house, 1n, 2n), admittedAtMs: minuteMs + 1_000, ...more });
const project = (): NewLimit['scope'] => ({ kind: 'project', id: house.projectId });
const organisation = (): NewLimit['scope'] => ({ kind: 'organisation', id: house.organisationId });
const set = (ledger: Ledger, limit: Omit<NewLimit, 'subject'> & Partial<NewLimit>) => ledger.limits.create(ownerOf(house), { subject: null, ...limit });

async function refusalOf(ledger: Ledger, admission: Admission): Promise<TandemError> {
  const error: unknown = await ledger.admit(admission).then(() => 'served', (refusal: unknown) => refusal);
  if (!isTandemError(error)) throw new Error(`not refused: ${String(error)}`);
  return error;
}

/** How many of so many at once are served; those end. */
async function served(ledger: Ledger, admissions: readonly Admission[]): Promise<number> {
  const results = await Promise.all(admissions.map((admission) => ledger.admit(admission).then((hold) => hold, (error: unknown) => {
    if (!isTandemError(error, 'limit_reached')) throw error;
    return null;
  })));
  for (const hold of results) await hold?.settle(endOf(1n, 1n));
  return results.filter((hold) => hold !== null).length;
}

test('exactly so many requests are served in a minute, and as many in the next', async () => {
  const ledger = await house.ledger();
  await set(ledger, { scope: project(), metric: 'requests', amount: 20 });
  expect(await served(ledger, Array.from({ length: 100 }, () => call()))).toBe(20);
  expect(await served(ledger, [call()])).toBe(0);
  expect(await served(ledger, Array.from({ length: 100 }, () => call({ admittedAtMs: minuteMs + MINUTE_MS })))).toBe(20);
});

test('a refusal names the limit, its holder and when to come back', async () => {
  const ledger = await house.ledger();
  const { id } = await set(ledger, { scope: project(), subject: { kind: 'user', name: null }, metric: 'requests', amount: 0 });
  const refusal = await refusalOf(ledger, call({ user: 'u-17', admittedAtMs: Date.now() }));
  expect(refusal.code).toBe('call_over_limit');
  await ledger.limits.update(ownerOf(house), id, { amount: 1 });
  await (await ledger.admit(call({ user: 'u-17', admittedAtMs: Date.now() }))).settle(endOf(1n, 1n));
  const later = await refusalOf(ledger, call({ user: 'u-17', admittedAtMs: Date.now() })).catch(() => undefined);
  // The minute of the clock may turn between two calls; then the second is the first of its minute.
  if (later === undefined) return;
  expect(later).toMatchObject({ code: 'limit_reached', status: 429, message: 'The limit of 1 requests a minute of user u-17 of project default is reached.' });
  expect(later.retryAfterSeconds).toBeGreaterThanOrEqual(1);
  expect(later.retryAfterSeconds).toBeLessThanOrEqual(60);
  expect(later.facts).toMatchObject({ limitId: id, metric: 'requests', limit: 1, scope: 'project', scopeId: house.projectId, subject: 'user', limits: { requests: { limit: 1, remaining: 0 } } });
});

test('parallel calls are counted while they run, and a refused one leaves requests, tokens and money as they were', async () => {
  const ledger = await house.ledger();
  await house.addBudget(10n ** 9n);
  await set(ledger, { scope: project(), metric: 'parallel', amount: 2 });
  await set(ledger, { scope: project(), metric: 'requests', amount: 4 });
  await set(ledger, { scope: project(), metric: 'tokens', amount: 12 });
  const first = await ledger.admit(call());
  const second = await ledger.admit(call());
  for (let tries = 0; tries < 20; tries += 1) expect(await refusalOf(ledger, call())).toMatchObject({ code: 'limit_reached', retryAfterSeconds: 1, facts: { metric: 'parallel' } });
  await first.settle(endOf(1n, 1n));
  await second.release(endOf(0n, 0n, 'failed'));
  const third = await ledger.admit(call());
  await third.settle(endOf(1n, 2n));
  await (await ledger.admit(call())).settle(endOf(1n, 2n));
  // Four requests were served and not one of the twenty refusals counted: the fifth is over.
  expect(await refusalOf(ledger, call())).toMatchObject({ facts: { metric: 'requests' } });
});

test('tokens are held at the most and counted as they were used', async () => {
  const ledger = await house.ledger();
  await set(ledger, { scope: project(), metric: 'tokens', amount: 100 });
  const big = (output: bigint) => call({ worst: { input: 10n, output } });
  const hold = await ledger.admit(big(80n));
  expect(await refusalOf(ledger, big(1n))).toMatchObject({ code: 'limit_reached', facts: { metric: 'tokens', needed: 11 } });
  await hold.settle(endOf(10n, 20n));
  const again = await ledger.admit(big(60n));
  await again.settle(endOf(10n, 60n));
  expect(again.limits).toMatchObject({ tokens: { limit: 100, remaining: 0 } });
  expect(await refusalOf(ledger, big(0n))).toMatchObject({ code: 'limit_reached' });
  // Larger than a whole minute: waiting would not help, so it is not told to wait.
  const never = await refusalOf(ledger, big(91n));
  expect(never).toMatchObject({ code: 'call_over_limit', status: 429, param: 'max_tokens', message: 'This call counts for 101 at most, more than the 100 tokens a minute of project default.' });
  expect(never.retryAfterSeconds).toBeUndefined();
});

test('each user has a count of its own, one by name another limit, and leaving the name out is no way around', async () => {
  const ledger = await house.ledger();
  await set(ledger, { scope: project(), subject: { kind: 'user', name: null }, metric: 'requests', amount: 3 });
  await set(ledger, { scope: project(), subject: { kind: 'user', name: 'batch' }, metric: 'requests', amount: 7 });
  const many = (user: string | null) => Array.from({ length: 10 }, () => call({ user }));
  expect(await Promise.all([served(ledger, many('ada')), served(ledger, many('bob')), served(ledger, many('batch')), served(ledger, many(null))])).toEqual([3, 3, 7, 3]);
});

test('a limit holds each of a call\'s tags', async () => {
  const ledger = await house.ledger();
  await set(ledger, { scope: organisation(), subject: { kind: 'tag', name: null }, metric: 'requests', amount: 2 });
  expect(await served(ledger, [call({ tags: ['a', 'b', 'a'] }), call({ tags: ['a'] })])).toBe(2);
  expect(await refusalOf(ledger, call({ tags: ['b', 'a'] }))).toMatchObject({ message: 'The limit of 2 requests a minute of tag a of organisation Acme is reached.' });
  expect(await served(ledger, [call({ tags: ['b'] }), call()])).toBe(2);
});

test('a model, each key and the organisation hold the same call, all or nothing', async () => {
  const ledger = await house.ledger();
  const [one, other] = [newId(), newId()];
  await set(ledger, { scope: organisation(), metric: 'requests', amount: 6 });
  await set(ledger, { scope: project(), subject: { kind: 'key', name: null }, metric: 'requests', amount: 4 });
  await set(ledger, { scope: { kind: 'key', id: other }, metric: 'requests', amount: 5 });
  await set(ledger, { scope: organisation(), subject: { kind: 'model', name: 'test/model' }, metric: 'tokens', amount: 1_000 });
  expect(await served(ledger, Array.from({ length: 20 }, () => call({ keyId: one })))).toBe(4);
  expect(await served(ledger, Array.from({ length: 20 }, () => call({ keyId: other })))).toBe(2);
  expect(await refusalOf(ledger, call({ keyId: other }))).toMatchObject({ message: 'The limit of 6 requests a minute of organisation Acme is reached.' });
});

test('lowered, raised and removed it binds at once, and one limit is set once', async () => {
  const ledger = await house.ledger();
  const { id } = await set(ledger, { scope: project(), metric: 'requests', amount: 2 });
  await expect(set(ledger, { scope: project(), metric: 'requests', amount: 9 })).rejects.toSatisfy((error) => isTandemError(error, 'limit_taken') && error.next.includes(id));
  expect(await served(ledger, [call(), call(), call()])).toBe(2);
  await ledger.limits.update(ownerOf(house), id, { amount: 5 });
  expect(await served(ledger, Array.from({ length: 9 }, () => call()))).toBe(3);
  await ledger.limits.update(ownerOf(house), id, { amount: 1 });
  expect(await served(ledger, [call()])).toBe(0);
  await ledger.limits.remove(ownerOf(house), id);
  expect(await served(ledger, Array.from({ length: 9 }, () => call()))).toBe(9);
  expect((await ledger.limits.list(ownerOf(house))).items).toEqual([]);
});

test('who goes on calling in a minute that is spent is refused from memory', async () => {
  const database = await house.openDatabase();
  let statements = 0;
  database.pool.on('connect', (client) => {
    const query = client.query.bind(client);
    client.query = ((...given: Parameters<typeof query>) => {
      if (/limit_/.test(JSON.stringify(given[0]))) statements += 1;
      return query(...given);
    }) as typeof client.query;
  });
  const ledger = await house.ledger({ database });
  const { id } = await set(ledger, { scope: project(), subject: { kind: 'user', name: null }, metric: 'requests', amount: 3 });
  expect(await served(ledger, Array.from({ length: 5 }, () => call({ user: 'ada' })))).toBe(3);
  const before = statements;
  for (let tries = 0; tries < 500; tries += 1) expect(await served(ledger, [call({ user: 'ada' })])).toBe(0);
  expect(statements - before).toBeLessThan(5);
  // Raised, it is asked for again.
  await ledger.limits.update(ownerOf(house), id, { amount: 4 });
  expect(await served(ledger, [call({ user: 'ada' }), call({ user: 'ada' })])).toBe(1);
});

test('a rotated key and its successor share one count', async () => {
  const ledger = await house.ledger();
  const [keyId, successor] = [newId(), newId()];
  await set(ledger, { scope: { kind: 'key', id: keyId }, metric: 'requests', amount: 3 });
  await house.database.transaction((tx) => ledger.budgets.carryOver(tx, house.organisationId, keyId, successor));
  await ledger.budgets.inForce();
  expect(await ledger.budgets.limited(house.database.unscoped('test'), ownerOf(house), successor)).toBe(true);
  expect(await served(ledger, [call({ keyId }), call({ keyId: successor }), call({ keyId }), call({ keyId: successor }), call({ keyId })])).toBe(3);
});

test('minutes that are over are forgotten, and places of whom nobody calls; what is in use stays', async () => {
  const ledger = await house.ledger();
  await set(ledger, { scope: project(), subject: { kind: 'user', name: null }, metric: 'requests', amount: 50 });
  await set(ledger, { scope: project(), metric: 'parallel', amount: 5 });
  const running = await ledger.admit(call({ user: 'now' }));
  expect(await served(ledger, Array.from({ length: 8 }, (_, index) => call({ user: `u-${index}`, admittedAtMs: minuteMs - 20 * MINUTE_MS })))).toBeGreaterThan(0);
  const executor = house.database.unscoped('test');
  const windows = async () => (await executor.selectFrom('limit_windows').select('window_start').execute()).map((row) => row.window_start.getTime());
  expect((await windows()).filter((startMs) => startMs === minuteMs - 20 * MINUTE_MS).length).toBeGreaterThan(0);
  await ledger.limits.tidy();
  expect(new Set(await windows())).toEqual(new Set([minuteMs, 0]));
  await running.settle(endOf(1n, 1n));
  await ledger.stop();
  const after = await house.ledger();
  await after.limits.tidy();
  expect(await windows()).not.toContain(0);
  expect(await executor.selectFrom('limit_slices').select('amount').where('window_start', '=', new Date(0)).execute()).toEqual([]);
});

test('a limit of one key or project has it as its scope, and what is not the caller\'s is not there', async () => {
  const ledger = await house.ledger();
  const refusedAs = (code: 'invalid_request' | 'resource_not_found') => (error: unknown) => isTandemError(error, code);
  await expect(set(ledger, { scope: organisation(), subject: { kind: 'key', name: 'ci' }, metric: 'requests', amount: 1 })).rejects.toSatisfy(refusedAs('invalid_request'));
  await expect(set(ledger, { scope: { kind: 'key', id: newId() }, subject: { kind: 'project', name: null }, metric: 'requests', amount: 1 })).rejects.toSatisfy(refusedAs('invalid_request'));
  await expect(set(ledger, { scope: { kind: 'project', id: newId() }, metric: 'requests', amount: 1 })).rejects.toSatisfy(refusedAs('resource_not_found'));
  await expect(ledger.limits.update(ownerOf(house), newId(), { amount: 1 })).rejects.toSatisfy(refusedAs('resource_not_found'));
  await expect(ledger.limits.remove(ownerOf(house), newId())).rejects.toSatisfy(refusedAs('resource_not_found'));
});

test('a call without a limit says so, and nothing of limits is left when a ledger has stopped', async () => {
  const ledger = await house.ledger();
  const free = await ledger.admit(call());
  expect(free.limits).toBeNull();
  await free.settle(endOf(1n, 1n));
  await set(ledger, { scope: project(), metric: 'parallel', amount: 5 });
  const held = await ledger.admit(call());
  expect(held.limits).toEqual({});
  await held.settle(endOf(1n, 1n));
  await ledger.stop();
  const rows = await house.database.unscoped('test').selectFrom('limit_windows').select('leased').execute();
  expect(rows).toEqual([{ leased: '0' }]);
  expect(await booksOf(house.database)).toMatchObject({ holds: 0, slices: 0n });
});

test('what is free of charge counts as a request and as nothing else', async () => {
  const ledger = await house.ledger();
  await set(ledger, { scope: project(), metric: 'requests', amount: 3 });
  await set(ledger, { scope: project(), metric: 'parallel', amount: 1 });
  await set(ledger, { scope: project(), metric: 'tokens', amount: 3 });
  const { worst: _, ...free } = call();
  expect(await ledger.countRequest(free)).toMatchObject({ requests: { limit: 3, remaining: 2 } });
  expect(await ledger.countRequest(free)).toMatchObject({ requests: { remaining: 1 } });
  await (await ledger.admit(call())).settle(endOf(1n, 1n));
  await expect(ledger.countRequest(free)).rejects.toMatchObject({ code: 'limit_reached', facts: { metric: 'requests' } });
  expect(await ledger.countRequest({ ...free, admittedAtMs: minuteMs + MINUTE_MS + 1 })).toMatchObject({ requests: { remaining: 2 } });
  expect(ledger.status().calls).toMatchObject({ admitted: 1, ended: 1 });
});
