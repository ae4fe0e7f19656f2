import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTandemError } from '../../base/index.ts';
import { BUCKETS, type Bucket, type PriceBuckets, type Quantities } from '../prices/types.ts';
import { rate, rateUp } from './rate.ts';

const unit = fc.record({ price: fc.bigInt(0n, 10n ** 16n), per: fc.bigInt(1n, 10n ** 7n) });
const everyBucket: fc.Arbitrary<PriceBuckets> = fc.record(Object.fromEntries(BUCKETS.map((bucket) => [bucket, unit])) as Record<Bucket, typeof unit>);
const someQuantities: fc.Arbitrary<Quantities> = fc.dictionary(fc.constantFrom(...BUCKETS), fc.bigInt(0n, 10n ** 12n)) as fc.Arbitrary<Quantities>;
const version = (buckets: PriceBuckets) => ({ resource: 'acme/one', buckets });

describe('rate', () => {
  test('a charge is the sum of its lines, and every quantity above zero has one line', () => {
    fc.assert(fc.property(someQuantities, everyBucket, (quantities, buckets) => {
      const { lines, charge } = rate(quantities, version(buckets));
      expect(lines.reduce((sum, line) => sum + line.amount, 0n)).toBe(charge);
      const used = BUCKETS.filter((bucket) => (quantities[bucket] ?? 0n) > 0n);
      expect(lines.map((line) => line.bucket)).toEqual(used);
    }));
  });

  test('each line is the nearest whole picodollar to the exact rational, and the even one in a tie', () => {
    fc.assert(fc.property(fc.bigInt(1n, 10n ** 12n), unit, (quantity, price) => {
      const amount = rate({ input: quantity }, version({ input: price })).charge;
      // The oracle works on rationals: |amount - quantity·price/per| in units of 1/per.
      const distance = amount * price.per - quantity * price.price;
      const twice = 2n * (distance < 0n ? -distance : distance);
      expect(twice <= price.per).toBe(true);
      if (twice === price.per) expect(amount % 2n).toBe(0n);
    }), { numRuns: 500 });
  });

  test('ties: 0.5 → 0, 1.5 → 2, 2.5 → 2', () => {
    const half = version({ second: { price: 1n, per: 2n } });
    expect([1n, 3n, 5n].map((second) => rate({ second }, half).charge)).toEqual([0n, 2n, 2n]);
  });

  test('using more never costs less', () => {
    fc.assert(fc.property(someQuantities, everyBucket, fc.constantFrom(...BUCKETS), fc.bigInt(0n, 10n ** 9n), (quantities, buckets, bucket, more) => {
      const grown = { ...quantities, [bucket]: (quantities[bucket] ?? 0n) + more };
      expect(rate(grown, version(buckets)).charge >= rate(quantities, version(buckets)).charge).toBe(true);
    }));
  });

  test('a hold for the worst case covers every smaller use', () => {
    fc.assert(fc.property(someQuantities, everyBucket, fc.integer({ min: 0, max: 100 }), (quantities, buckets, percent) => {
      const used = Object.fromEntries(Object.entries(quantities).map(([bucket, quantity]) => [bucket, (quantity * BigInt(percent)) / 100n])) as Quantities;
      expect(rateUp(quantities, version(buckets)) >= rate(used, version(buckets)).charge).toBe(true);
    }));
  });

  test('what has no price is refused, never free; an explicit zero is a line of zero', () => {
    expect(() => rate({ reasoning: 1n }, version({ output: { price: 1n, per: 1n } }))).toThrow(expect.objectContaining({ code: 'price_unknown', facts: { resource: 'acme/one', bucket: 'reasoning' } }));
    expect(rate({ reasoning: 0n }, version({})).lines).toEqual([]);
    expect(rate({ output: 7n }, version({ output: { price: 0n, per: 1n } })).lines).toEqual([{ bucket: 'output', quantity: 7n, price: 0n, per: 1n, amount: 0n }]);
  });

  test('a negative quantity is refused before anything is priced', () => {
    expect(() => rate({ input: -1n }, version({ input: { price: 1n, per: 1n } }))).toThrow(RangeError);
    try { rateUp({ input: -1n }, version({})); expect.unreachable(); } catch (error) { expect(isTandemError(error)).toBe(false); }
  });

  test('Meta\'s published price: 1,000,000 in, 200,000 cached, 50,000 out of muse-spark', () => {
    const perMillion = (price: bigint) => ({ price, per: 1_000_000n });
    const standard = version({ input: perMillion(1_250_000_000_000n), cache_read: perMillion(150_000_000_000n), output: perMillion(4_250_000_000_000n) });
    expect(rate({ input: 1_000_000n, cache_read: 200_000n, output: 50_000n }, standard).charge).toBe(1_250_000_000_000n + 30_000_000_000n + 212_500_000_000n);
  });
});
