import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unitPriceOf } from './decimal.ts';

test('a JSON number becomes the price that its author wrote', () => {
  expect(unitPriceOf(1.25e-6)).toEqual({ price: 1_250_000_000_000n, per: 1_000_000n });
  expect(unitPriceOf(2e-9)).toEqual({ price: 2_000_000_000n, per: 1_000_000n });
  expect(unitPriceOf(0.01)).toEqual({ price: 10_000_000_000_000_000n, per: 1_000_000n });
  expect(unitPriceOf(0)).toEqual({ price: 0n, per: 1_000_000n });
  expect(unitPriceOf(3)).toEqual({ price: 3_000_000_000_000_000_000n, per: 1_000_000n });
});

test('a price with many digits is stated for more units, never rounded', () => {
  expect(unitPriceOf(1.6000000000000001e-6)).toEqual({ price: 16_000_000_000_000_001n, per: 10_000_000_000n });
});

test('exact for any number of at most 15 digits: price / per = digits / 10^places', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 999_999_999_999_999 }), fc.integer({ min: 0, max: 20 }), (digits, places) => {
    const unit = unitPriceOf(Number(`${digits}e-${places}`));
    expect(unit).toBeDefined();
    expect(unit!.price * 10n ** BigInt(places)).toBe(BigInt(digits) * unit!.per * 10n ** 12n);
  }), { numRuns: 500 });
});

test('what is not a price is refused', () => {
  for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, 1e-40, 1e30]) expect(unitPriceOf(value)).toBeUndefined();
});
