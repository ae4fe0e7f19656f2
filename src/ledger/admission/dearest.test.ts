import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTandemError } from '../../base/index.ts';
import type { PriceBuckets } from '../prices/types.ts';
import { rate } from '../rating/rate.ts';
import { capWithin, dearest, largestFitting } from './dearest.ts';

const unit = fc.record({ price: fc.bigInt({ min: 0n, max: 10n ** 13n }), per: fc.constantFrom(1n, 7n, 3_600n, 1_000_000n) });
const buckets = fc.record({ input: unit, output: unit, cache_read: fc.option(unit, { nil: undefined }), cache_write: fc.option(unit, { nil: undefined }), reasoning: fc.option(unit, { nil: undefined }) })
  .map((all) => Object.fromEntries(Object.entries(all).filter(([, one]) => one !== undefined)) as PriceBuckets);
const tokens = fc.bigInt({ min: 0n, max: 5_000_000n });

test('no split of the counted tokens into cached, written, plain and reasoning ones costs more than the hold', () => {
  fc.assert(fc.property(buckets, tokens, tokens, fc.array(fc.nat({ max: 100 }), { minLength: 3, maxLength: 3 }), (prices, input, output, [a, b, c]) => {
    const version = { resource: 'm', buckets: prices };
    const part = (whole: bigint, percent: number, priced: boolean) => (priced ? (whole * BigInt(percent)) / 100n : 0n);
    const cacheRead = part(input, a!, prices.cache_read !== undefined);
    const cacheWrite = part(input - cacheRead, b!, prices.cache_write !== undefined);
    const reasoning = part(output, c!, prices.reasoning !== undefined);
    const used = { input: input - cacheRead - cacheWrite, cache_read: cacheRead, cache_write: cacheWrite, output: output - reasoning, reasoning };
    expect(rate(used, version).charge).toBeLessThanOrEqual(dearest({ input, output }, version));
  }), { numRuns: 500 });
});

test('a hold covers tokens that turn out to be of a dearer kind: an hour in the cache, audio, images', () => {
  const per = 1n;
  const version = { resource: 'm', buckets: { input: { price: 2n, per }, cache_write_1h: { price: 4n, per }, image_input: { price: 3n, per }, output: { price: 5n, per }, audio_output: { price: 9n, per } } };
  const held = dearest({ input: 10n, output: 10n }, version);
  expect(rate({ cache_write_1h: 10n, audio_output: 10n }, version).charge).toBeLessThanOrEqual(held);
  expect(held).toBe(40n + 2n + 90n + 1n);
});

test('the largest cap fits, and one more does not', () => {
  fc.assert(fc.property(buckets, tokens, fc.bigInt({ min: 1n, max: 100_000n }), fc.bigInt({ min: 0n, max: 10n ** 16n }), (prices, input, output, left) => {
    const version = { resource: 'm', buckets: prices };
    const cap = largestFitting({ input, output }, 'output', left, version);
    if (cap === null) {
      expect(dearest({ input, output: 1n }, version)).toBeGreaterThan(left);
      return;
    }
    expect(dearest({ input, output: cap }, version)).toBeLessThanOrEqual(left);
    if (cap < output) expect(dearest({ input, output: cap + 1n }, version)).toBeGreaterThan(left);
  }));
});

test('a bucket without a price is an error, never zero', () => {
  expect(() => dearest({ input: 1n, output: 1n }, { resource: 'm', buckets: { input: { price: 1n, per: 1n } } })).toThrow(expect.toSatisfy((error) => isTandemError(error, 'price_unknown')));
});

test('the cap that is named is the largest whose answers, over all attempts and choices, stay within the output', () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 20_000n }), fc.integer({ min: 1, max: 8 }), fc.array(fc.bigInt({ min: 1n, max: 5_000n }), { minLength: 1, maxLength: 4 }), (output, choices, bounds) => {
    const comesTo = (cap: bigint) => bounds.reduce((sum, bound) => sum + (cap * BigInt(choices) < bound ? cap * BigInt(choices) : bound), 0n);
    const cap = capWithin(output, { choices, bounds });
    expect(comesTo(cap)).toBeLessThanOrEqual(output);
    if (comesTo(cap + 1n) <= output) expect(comesTo(cap + 1n)).toBe(comesTo(cap));
  }));
});
