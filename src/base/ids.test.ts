import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createIdSource, isUuid, uuidTimeMs } from './ids.ts';

const zeros = (bytes: Uint8Array) => bytes.fill(0);

test('an id carries its time and is a UUIDv7', () => {
  const id = createIdSource(() => 1_789_000_000_123, zeros)();
  expect(isUuid(id)).toBe(true);
  expect(uuidTimeMs(id)).toBe(1_789_000_000_123);
  expect(id[14]).toBe('7');
});

test('ids of one source are ordered and unlike, also when the clock stands still or goes back', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 2, maxLength: 200 }), (steps) => {
    let now = 1_789_000_000_000;
    const next = createIdSource(() => now, zeros);
    const ids = steps.map((step) => {
      now += step;
      return next();
    });
    expect(ids).toEqual([...new Set(ids)].sort());
  }));
});

test('more than 4,096 ids in one millisecond stay ordered', () => {
  const next = createIdSource(() => 1_789_000_000_000, zeros);
  const ids = Array.from({ length: 10_000 }, next);
  expect(ids).toEqual([...new Set(ids)].sort());
});
