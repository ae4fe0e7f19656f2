import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestBooks, type TestBooks } from '../testing/books.ts';
import { rate, rateUp } from '../rating/rate.ts';
import { verifyScope } from '../verify/verify.ts';
import { ratedOn } from './service-tier.ts';
import { BUCKETS, type Bucket, type PriceBuckets, type PriceTier, type PriceVersion, type Quantities } from './types.ts';

const unit = fc.record({ price: fc.bigInt(0n, 10n ** 16n), per: fc.bigInt(1n, 10n ** 7n) });
const buckets = fc.record(Object.fromEntries(BUCKETS.map((bucket) => [bucket, unit])) as Record<Bucket, typeof unit>) as fc.Arbitrary<PriceBuckets>;
const quantities = fc.dictionary(fc.constantFrom(...BUCKETS), fc.bigInt(0n, 10n ** 12n)) as fc.Arbitrary<Quantities>;
const versionOf = (prices: PriceBuckets, tier: PriceTier = 'standard') => ({ resource: 'm', tier, buckets: prices }) as PriceVersion;

test('each line on flex is half of the exact price, rounded once', () => {
  fc.assert(fc.property(quantities, buckets, (used, prices) => {
    const half = ratedOn(versionOf(prices), 'flex');
    for (const { quantity, bucket, amount } of rate(used, half).lines) {
      const { price, per } = prices[bucket]!;
      const distance = 2n * amount * per - quantity * price;
      expect((distance < 0n ? -distance : distance) <= per).toBe(true);
    }
    expect(rateUp(used, half)).toBeGreaterThanOrEqual(rate(used, half).charge);
  }));
});

test('a version is halved once: not on other tiers, and not where it was stated for flex', () => {
  const version = versionOf({ input: { price: 3n, per: 1n } });
  expect(ratedOn(version, 'flex')).toBe(ratedOn(version, 'flex'));
  expect(ratedOn(version, 'flex').buckets).toEqual({ input: { price: 3n, per: 2n } });
  for (const tier of ['default', 'priority']) expect(ratedOn(version, tier)).toBe(version);
  const stated = versionOf({ input: { price: 3n, per: 1n } }, 'flex');
  expect(ratedOn(stated, 'flex')).toBe(stated);
});

describe('price lists', () => {
  let house: TestBooks;
  beforeAll(async () => {
    house = await openTestBooks(Date.UTC(2026, 4, 10));
  });
  afterAll(() => house.close());

  const set = (resource: string, tier: PriceTier, input: string) => house.books.prices.create(house.principal(), { resource, tier, side: 'sell', source: 'test', buckets: { input: { price: input, per: '1' }, output: { price: '100', per: '1' } } });
  const inputOn = (resource: string, tier: 'standard' | 'contributor', serviceTier: 'default' | 'priority' | 'flex') => {
    const { price, per } = house.book.priceOn(house.organisationId, resource, tier, serviceTier, house.clock.nowMs())!.buckets.input!;
    return Number(price) / Number(per);
  };

  test('flex and priority have prices of their own, or go by the caller\'s: flex at half, contributors always at half of theirs', async () => {
    await set('a/one', 'standard', '10');
    await set('a/one', 'contributor', '4');
    expect((['default', 'priority', 'flex'] as const).map((tier) => [inputOn('a/one', 'standard', tier), inputOn('a/one', 'contributor', tier)])).toEqual([[10, 4], [10, 4], [5, 2]]);
    const { items } = house.books.prices.list(house.principal(), { history: false, resource: 'a/one' });
    expect(items.map(({ tier, flexBuckets }) => [tier, flexBuckets?.['input']])).toEqual([['contributor', { price: '4', per: '2' }], ['standard', { price: '10', per: '2' }]]);
    await set('a/one', 'flex', '3');
    await set('a/one', 'priority', '20');
    house.clock.advance(10_000);
    expect((['default', 'priority', 'flex'] as const).map((tier) => [inputOn('a/one', 'standard', tier), inputOn('a/one', 'contributor', tier)])).toEqual([[10, 4], [20, 20], [3, 2]]);
  });

  test('gateway, poster and the rating in SQL agree on every service tier, and a changed tier is named', async () => {
    await set('b/odd', 'standard', '7');
    await house.poster.use(...(['default', 'priority', 'flex'] as const).map((serviceTier) => ({ resource: 'b/odd', serviceTier, quantities: { input: 3n, output: 1n } })));
    await house.poster.use({ resource: 'a/one', serviceTier: 'flex', quantities: { input: 5n } });
    const events = await house.database.unscoped('test').selectFrom('usage_events').select(['service_tier', 'charge']).orderBy('sequence').execute();
    // Half of 3 × 7 is 10.5, to the even 10; half of 100 is 50. The flex list's own 3 is not halved.
    expect(events.map((event) => [event.service_tier, event.charge])).toEqual([['default', '121'], ['priority', '121'], ['flex', '60'], ['flex', '15']]);
    expect(await verifyScope(house.database, { organisationId: null })).toMatchObject({ ok: true, difference: '0', firstFault: null });

    await house.database.pool.query(`alter table usage_events disable trigger user`);
    await house.database.pool.query(`update usage_events set service_tier = 'default' where sequence = 3`);
    const seen = await verifyScope(house.database, { organisationId: null });
    expect(seen.ok).toBe(false);
    expect(seen.firstFault).toContain('the field service_tier was changed');
  });
});
