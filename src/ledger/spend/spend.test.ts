import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestBooks, type TestBooks } from '../testing/books.ts';
import { METRICS } from './dimensions.ts';
import type { SpendQuery } from './spend.ts';

let house: TestBooks;
beforeEach(async () => void (house = await openTestBooks()));
afterEach(() => house.close());

const ask = (query: Partial<SpendQuery>) => house.books.sight.spend(house.principal(), { metric: 'charge', group: 'model', top: 10, ...query });
const shown = (view: Awaited<ReturnType<typeof ask>>) => view.groups.map(({ key, value }) => [key, value]);

test('the top ones by name and the others together; the total is of everything', async () => {
  await house.poster.use(...Array.from({ length: 7 }, (_, at) => ({ quantities: { input: BigInt(at + 1) }, attributes: { user: `user-${at}` } })));
  await house.books.sight.catchUp();
  const view = await ask({ group: 'user', top: 2 });
  expect(shown(view)).toEqual([['user-6', '7000'], ['user-5', '6000'], [null, '15000']]);
  expect(view.groups[2]).toMatchObject({ name: '5 others', requests: '5' });
  expect(view.total).toMatchObject({ value: '28000', charge: '28000', requests: '7', tokens: '28' });
  expect(view.groupsInAll).toBe(7);
});

test('by day and model: the largest models by name in every day, days in their order', async () => {
  const day = 86_400_000;
  const at = house.clock.nowMs();
  await house.poster.use({ quantities: { input: 5n }, atMs: at, attributes: { scenario: 'refund' } }, { quantities: { input: 2n }, atMs: at, attributes: { scenario: 'greeting' } });
  house.clock.advance(2 * day);
  await house.poster.use({ quantities: { input: 1n }, attributes: { scenario: 'refund' } }, { quantities: { input: 1n }, attributes: { scenario: 'rare' } });
  await house.books.sight.catchUp();
  const view = await ask({ group: 'day', subgroup: 'scenario', top: 2 });
  expect(view.groups.map(({ key, parts }) => [key, parts.map((part) => [part.key, part.value])])).toEqual([
    ['2026-05-10', [['refund', '5000'], ['greeting', '2000']]], ['2026-05-12', [['refund', '1000'], [null, '1000']]],
  ]);
  const before = await ask({ group: 'day', from: '2026-05-11T00:00:00.000Z', to: '2026-05-13T00:00:00.000Z' });
  expect([before.total.value, before.before]).toEqual(['2000', '7000']);
});

test('a call with two tags is in both groups and once in the total', async () => {
  await house.poster.use({ quantities: { input: 3n }, attributes: { tags: ['b', 'a'] } }, { quantities: { input: 1n }, attributes: { tags: ['a'] } }, { quantities: { input: 1n } });
  await house.books.sight.catchUp();
  const view = await ask({ group: 'tag' });
  expect(shown(view)).toEqual([['a', '4000'], ['b', '3000'], ['', '1000']]);
  expect(view).toMatchObject({ overlapping: true, total: { value: '5000' } });
  expect(view.groups[2]!.name).toBe('(no tag)');
  expect((await ask({ group: 'model', tag: 'b' })).total.value).toBe('3000');
});

test('an unknown cost is not zero: what is known is summed up, and how many are not is said', async () => {
  await house.poster.use({ quantities: { input: 1n }, cost: 400n, attributes: { scenario: 'a' } }, { quantities: { input: 9n }, attributes: { scenario: 'a' } }, { quantities: { input: 9n }, attributes: { scenario: 'b' } }, { quantities: { input: 1n }, cost: 0n, attributes: { scenario: 'c' } });
  await house.books.sight.catchUp();
  const view = await ask({ metric: 'margin', group: 'scenario' });
  expect(view.groups.map(({ key, value, cost, costUnknown }) => [key, value, cost, costUnknown])).toEqual([['c', '1000', '0', '0'], ['a', '600', '400', '1'], ['b', null, null, '1']]);
  expect(view.total).toMatchObject({ margin: '1600', cost: '400', costUnknown: '2', charge: '20000' });
});

test('minutes of machines cost, and are no calls', async () => {
  await house.poster.use({ quantities: { input: 3n } }, { quantities: { input: 5n }, kind: 'lease' });
  await house.books.sight.catchUp();
  const view = await ask({});
  expect(view.total).toMatchObject({ charge: '8000', requests: '1' });
});

test('every metric is told by group and part, and the parts come to the group', async () => {
  await house.poster.use({ quantities: { input: 3n, output: 2n }, cost: 100n, attributes: { user: 'u', scenario: 'a' } }, { quantities: { input: 1n }, cost: 7n, attributes: { user: 'v', scenario: 'a' } });
  await house.books.sight.catchUp();
  for (const metric of METRICS) {
    for (const [group, subgroup] of [['scenario', 'user'], ['user', 'model'], ['model', 'day'], ['day', 'key']] as const) {
      const { groups, total } = await ask({ metric, group, subgroup });
      const sum = (values: readonly { readonly value: string | null }[]) => String(values.reduce((all, { value }) => all + BigInt(value!), 0n));
      for (const one of groups) expect([metric, group, sum(one.parts)]).toEqual([metric, group, one.value]);
      expect([metric, group, sum(groups)]).toEqual([metric, group, total.value]);
    }
  }
});

test('by the hour, from sums that know fewer dimensions, which is said', async () => {
  const at = house.clock.nowMs();
  await house.poster.use({ quantities: { input: 1n } }, { quantities: { input: 2n }, atMs: at + 3_600_000 });
  await house.books.sight.catchUp();
  const to = new Date(at + 7_200_000).toISOString();
  expect(shown(await ask({ group: 'hour', subgroup: 'model', from: new Date(at).toISOString(), to }))).toEqual([['2026-05-10T12:00:00.000Z', '1000'], ['2026-05-10T13:00:00.000Z', '2000']]);
  await expect(ask({ group: 'hour', subgroup: 'user', from: new Date(at).toISOString(), to })).rejects.toMatchObject({ code: 'invalid_request', message: expect.stringContaining('by the day') as string });
  await expect(ask({ group: 'hour', keyId: house.newId(), from: new Date(at).toISOString(), to })).rejects.toMatchObject({ code: 'invalid_request' });
  await expect(ask({ group: 'hour' })).rejects.toMatchObject({ code: 'invalid_request', message: expect.stringContaining('14 days') as string });
});

test('filters narrow, and a caller bound to a project sees that project alone', async () => {
  const projectId = house.newId();
  await house.poster.use({ quantities: { input: 1n }, projectId }, { quantities: { input: 5n } });
  await house.books.sight.catchUp();
  expect((await ask({ projectId })).total.value).toBe('1000');
  expect((await ask({ model: 'nothing' })).total).toMatchObject({ value: '0', requests: '0', cost: '0' });
  const bound = await house.books.sight.spend({ ...house.principal(), projectId }, { metric: 'charge', group: 'project', top: 10 });
  expect(shown(bound)).toEqual([[projectId, '1000']]);
  expect((await house.books.sight.spend(house.principal(await house.addOrganisation()), { metric: 'charge', group: 'project', top: 10 })).total.value).toBe('0');
});

test('every sum is made out of daily and hourly ones, never by reading calls: what it costs does not grow with them (C13)', async () => {
  await house.poster.use({ quantities: { input: 1n } });
  await house.books.sight.catchUp();
  const atMs = house.clock.nowMs();
  const executor = house.database.unscoped('a test makes reading calls an error');
  await sql`alter table usage_events rename to usage_events_away`.execute(executor);
  for (const group of ['model', 'project', 'key', 'day', 'hour', 'user', 'tag', 'scenario'] as const) expect([group, (await ask({ group, from: new Date(atMs - 3_600_000).toISOString(), to: new Date(atMs + 3_600_000).toISOString() })).total.requests]).toEqual([group, '1']);
  await sql`alter table usage_events_away rename to usage_events`.execute(executor);
});
