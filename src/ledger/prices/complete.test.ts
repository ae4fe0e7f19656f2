import fc from 'fast-check';
import { expect, test } from 'vitest';
import { completeBuckets, sameBuckets } from './complete.ts';
import { BUCKETS, type PriceBuckets } from './types.ts';

const unit = fc.record({ price: fc.bigInt(0n, 10n ** 9n), per: fc.bigInt(1n, 10n ** 6n) });
const buckets = fc.dictionary(fc.constantFrom(...BUCKETS), unit) as fc.Arbitrary<PriceBuckets>;

test('what is stated stays, what is left out is charged like its parent, and nothing else is made up', () => {
  expect(completeBuckets({ input: { price: 3n, per: 1n }, output: { price: 9n, per: 1n }, cache_read: { price: 1n, per: 1n } })).toEqual({
    input: { price: 3n, per: 1n }, cache_read: { price: 1n, per: 1n }, cache_write: { price: 3n, per: 1n }, output: { price: 9n, per: 1n }, reasoning: { price: 9n, per: 1n },
  });
  expect(completeBuckets({ second: { price: 1n, per: 3_600n } })).toEqual({ second: { price: 1n, per: 3_600n } });
  fc.assert(fc.property(buckets, (given) => {
    expect(completeBuckets(given)).toMatchObject(given);
    expect(completeBuckets(completeBuckets(given))).toEqual(completeBuckets(given));
  }));
});

test('a price is the same when it is stated for another quantity, and another when any bucket differs', () => {
  fc.assert(fc.property(buckets, fc.bigInt(1n, 1_000n), fc.constantFrom(...BUCKETS), (given, times, bucket) => {
    const scaled = Object.fromEntries(Object.entries(given).map(([name, one]) => [name, { price: one.price * times, per: one.per * times }])) as PriceBuckets;
    expect(sameBuckets(given, scaled)).toBe(true);
    const one = given[bucket];
    const changed = { ...given, [bucket]: one === undefined ? { price: 0n, per: 1n } : { price: one.price + 1n, per: one.per } };
    expect(sameBuckets(given, changed)).toBe(false);
  }));
});
