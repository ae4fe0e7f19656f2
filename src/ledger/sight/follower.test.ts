import { afterEach, beforeEach, expect, test } from 'vitest';
import fc from 'fast-check';
import { sql } from 'kysely';
import { openTestBooks, type TestBooks } from '../testing/books.ts';
import type { TestUsage } from '../testing/usage.ts';
import { SightFollower } from './follower.ts';

let house: TestBooks;
beforeEach(async () => void (house = await openTestBooks()));
afterEach(() => house.close());

const TABLES = ['spend_days', 'spend_weeks', 'spend_week_marks', 'spend_keys', 'spend_words', 'spend_labels', 'spend_hours', 'latency_rollups'] as const;

async function sums(): Promise<Record<string, unknown[]>> {
  const executor = house.database.unscoped('a test looks at everything');
  return Object.fromEntries(await Promise.all(TABLES.map(async (table) => {
    const { rows } = await sql<{ row: string }>`select to_jsonb(t)::text as row from ${sql.table(table)} t order by 1`.execute(executor);
    return [table, rows.map(({ row }) => row)] as const;
  })));
}

/** Rows of the sums for fewer names or by week that are not the sums of `spend_days`, or of which it has more. */
async function astray(): Promise<number> {
  const figures = ['requests', 'failed', 'charge', 'charge_known', 'cost', 'cost_unknown', 'input', 'cache_read', 'cache_write', 'output', 'reasoning', 'audio', 'image', 'machine'];
  const [names, added] = [sql.raw(figures.join(', ')), sql.raw(figures.map((one) => `sum(${one})`).join(', '))];
  const keys = sql`organisation_id, day, project_id, key_id, resource, backend, tier`;
  const words = sql`organisation_id, day, project_id, resource, backend, tier, scenario, tags`;
  const weeks = sql`project_id, key_id, resource, backend, tier, user_name, scenario, tags`;
  const labels = sql`organisation_id, kind, day, project_id, name`;
  const { rows: [row] } = await sql<{ astray: number }>`
    with keys as (select ${keys}, ${added} from spend_days group by 1, 2, 3, 4, 5, 6, 7), have_keys as (select ${keys}, ${names} from spend_keys),
      words as (select ${words}, ${added} from spend_days group by 1, 2, 3, 4, 5, 6, 7, 8), have_words as (select ${words}, ${names} from spend_words),
      weeks as (select organisation_id, date_trunc('week', day)::date as week, ${weeks}, ${added} from spend_days join spend_week_marks using (organisation_id) where day <= through group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10), have_weeks as (select organisation_id, week, ${weeks}, ${names} from spend_weeks),
      labels as (select ${labels}, labels.tags, ${added} from spend_days
        cross join lateral (values ('user', user_name, '{}'::text[]), ('scenario', scenario, '{}'), ('tags', '', spend_days.tags)) as labels (kind, name, tags) group by 1, 2, 3, 4, 5, 6),
      have_labels as (select ${labels}, tags, ${names} from spend_labels)
    select (select count(*) from ((table keys except table have_keys) union all (table have_keys except table keys)) as a)::int
      + (select count(*) from ((table words except table have_words) union all (table have_words except table words)) as w)::int
      + (select count(*) from ((table weeks except table have_weeks) union all (table have_weeks except table weeks)) as k)::int
      + (select count(*) from ((table labels except table have_labels) union all (table have_labels except table labels)) as b)::int as astray`.execute(house.database.unscoped('a test looks at everything'));
  return row!.astray;
}

const DAY_MS = 86_400_000;

const usage = (startMs: number): fc.Arbitrary<TestUsage> => fc.record({
  quantities: fc.record({ input: fc.bigInt(0n, 10n ** 9n), output: fc.bigInt(0n, 10n ** 9n) }), outcome: fc.constantFrom('completed', 'failed', 'client_left'),
  cost: fc.option(fc.bigInt(0n, 10n ** 12n), { nil: null }),
  attributes: fc.record({
    timings: fc.record({ firstTokenMs: fc.double({ min: 0, max: 1e5, noNaN: true }), totalMs: fc.double({ min: 0, max: 1e6, noNaN: true }) }),
    user: fc.constantFrom('', 'u-1', 'u-2'), tags: fc.subarray(['a', 'b', 'c']), scenario: fc.constantFrom('', 'refund'),
  }, { requiredKeys: ['timings'] }), serviceTier: fc.constantFrom('default', 'flex'), atMs: fc.nat(12).map((day) => startMs + day * DAY_MS),
});

test('whatever the size of its steps and the order of posting, the sums are the same, and made anew they are too', async () => {
  // Calls of days that are over come, too, when their days are in the sums by week.
  const startMs = house.clock.nowMs();
  house.clock.advance(13 * DAY_MS);
  await fc.assert(fc.asyncProperty(fc.array(usage(startMs), { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 5 }), async (all, page) => {
    await house.poster.use(...all);
    house.clock.advance(7_200_000);
    const small = new SightFollower(house.database, BigInt(page));
    // Two at once, as two processes would.
    await Promise.all([small.catchUp(), small.catchUp()]);
    const followed = await sums();
    expect(await astray()).toBe(0);
    await house.books.sight.rebuild();
    expect(await sums()).toEqual(followed);
  }), { numRuns: 12 });
});

test('a call counts with the backend that served it; a try elsewhere adds its cost alone', async () => {
  await house.poster.use({
    quantities: { input: 10n, output: 5n }, cost: 70n,
    attributes: { attempts: [{ backendId: 'one', outcome: 'failed', cost: '20' }, { backendId: 'two', outcome: 'completed', cost: '50' }], timings: { firstTokenMs: 100, totalMs: 500 } },
  });
  await house.books.sight.catchUp();
  const view = await house.books.sight.spend(house.principal(), { metric: 'cost', group: 'backend', top: 10 });
  expect(view.groups.map(({ key, value, requests, margin }) => ({ key, value, requests, margin }))).toEqual([
    { key: 'two', value: '50', requests: '1', margin: '24950' }, { key: 'one', value: '20', requests: '0', margin: '-20' },
  ]);
  expect(view.total).toMatchObject({ cost: '70', charge: '25000', margin: '24930', requests: '1', costUnknown: '0' });
});

test('of two tries side by side the one that says so served', async () => {
  await house.poster.use({ quantities: { input: 1n }, cost: 7n, attributes: { attempts: [{ backendId: 'quick', cost: '3', delivered: true }, { backendId: 'slow', cost: '4' }], timings: { totalMs: 10 } } });
  await house.books.sight.catchUp();
  const view = await house.books.sight.spend(house.principal(), { metric: 'cost', group: 'backend', top: 10 });
  expect(view.groups.map(({ key, value, requests }) => [key, value, requests])).toEqual([['slow', '4', '0'], ['quick', '3', '1']]);
  expect((await house.books.sight.latency(house.principal(), { by: 'backend', top: 5, to: new Date(house.clock.nowMs() + 60_000).toISOString() })).series.map(({ backendId }) => backendId)).toEqual(['quick']);
});

test('a user past the bound is counted with the others, in the same way when the sums are made anew', async () => {
  const people = Array.from({ length: 2_003 }, (_, at) => `user-${String(at).padStart(4, '0')}`);
  await house.poster.use(...people.map((user) => ({ quantities: { input: 1n }, attributes: { user } })));
  await house.books.sight.catchUp();
  const view = await house.books.sight.spend(house.principal(), { metric: 'requests', group: 'user', top: 2_100 });
  expect(view.groupsInAll).toBe(2_001);
  expect(view.groups[0]).toMatchObject({ key: '(other)', name: 'past the bound', value: '3' });
  expect(view.total.requests).toBe('2003');
  const before = await sums();
  await house.books.sight.rebuild();
  expect(await sums()).toEqual(before);
});

test('what an event from outside says in its attributes stops nothing', async () => {
  await house.poster.use({ quantities: { input: 1n }, attributes: { attempts: 'x', timings: 'y', tags: 'z', user: 7 } }, { quantities: { input: 2n }, attributes: { timings: { firstTokenMs: null } } });
  await house.books.sight.catchUp();
  expect((await house.books.sight.spend(house.principal(), { metric: 'requests', group: 'user', top: 5 })).groups.map(({ key, value }) => [key, value])).toEqual([['', '1'], ['7', '1']]);
});
