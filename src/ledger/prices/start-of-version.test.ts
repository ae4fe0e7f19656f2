import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PRICE_LEAD_MS, startOfVersion } from './start-of-version.ts';
import type { PriceVersion } from './types.ts';

const now = 1_000_000;
const version = (effectiveFromMs: number): PriceVersion => ({ id: 'x', organisationId: 'o', resource: 'r', tier: 'standard', side: 'sell', backendId: null, currency: 'USD', buckets: {}, effectiveFromMs, source: 's' });

test('at once where there was no price, with the lead where there is one, and as asked when that is later', () => {
  expect(startOfVersion(undefined, now, [], undefined)).toBe(now);
  expect(startOfVersion(undefined, now, [version(5)], undefined)).toBe(now + PRICE_LEAD_MS);
  expect(startOfVersion(undefined, now, [], version(5))).toBe(now + PRICE_LEAD_MS);
  expect(startOfVersion(now + 1, now, [version(5)], undefined)).toBe(now + PRICE_LEAD_MS);
  expect(startOfVersion(now + 60_000, now, [version(5)], undefined)).toBe(now + 60_000);
});

test('never in the past, and never with another of its list', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 20_000 })), fc.option(fc.integer({ min: -5_000, max: 20_000 })), (starts, asked) => {
    const list = starts.map((start) => version(now + start));
    const start = () => startOfVersion(asked === null ? undefined : now + asked, now, list, undefined);
    if (asked !== null && asked < 0) {
      expect(start).toThrow(expect.objectContaining({ code: 'price_in_past' }));
      return;
    }
    expect(start()).toBeGreaterThanOrEqual(now);
    expect(list.map((one) => one.effectiveFromMs)).not.toContain(start());
  }));
});
