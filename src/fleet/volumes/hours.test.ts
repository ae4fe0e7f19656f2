import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOUR_MS, begunHours, gibOf, hoursDue } from './hours.ts';

const DAY_MS = 86_400_000;
const midnight = Date.UTC(2026, 10, 26);

describe('hours of a volume', () => {
  it('are due when their day is over, and all that have begun at its end', () => {
    const kept = midnight + 22.5 * HOUR_MS;
    expect(hoursDue(kept, 0, midnight + 23.9 * HOUR_MS, false)).toEqual([]);
    expect(hoursDue(kept, 0, midnight + DAY_MS, false)).toEqual([{ from: 0, hours: 2 }]);
    expect(hoursDue(kept, 2, midnight + DAY_MS + 5 * HOUR_MS, false)).toEqual([]);
    expect(hoursDue(kept, 2, midnight + DAY_MS + 5 * HOUR_MS, true)).toEqual([{ from: 2, hours: 5 }]);
    expect(hoursDue(kept, 0, kept, true)).toEqual([]);
    expect(hoursDue(kept, 0, kept + 1, true)).toEqual([{ from: 0, hours: 1 }]);
  });

  it('are each counted once and in their own day, however often and whenever somebody looks', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 3 * DAY_MS }), fc.array(fc.tuple(fc.integer({ min: 0, max: 2 * DAY_MS }), fc.boolean()), { maxLength: 30 }), fc.integer({ min: 0, max: DAY_MS }), (offset, looks, last) => {
      const keptMs = midnight + offset;
      let [atMs, metered] = [keptMs, 0];
      for (const [later, isEnd] of [...looks, [last, true] as const]) {
        atMs += later;
        for (const { from, hours } of hoursDue(keptMs, metered, atMs, isEnd)) {
          expect(from).toBe(metered);
          expect(hours).toBeGreaterThan(0);
          const day = (hour: number) => Math.floor((keptMs + hour * HOUR_MS) / DAY_MS);
          expect(day(from + hours - 1)).toBe(day(from));
          metered += hours;
        }
        expect(metered).toBeLessThanOrEqual(begunHours(keptMs, atMs));
      }
      expect(metered).toBe(begunHours(keptMs, atMs));
    }));
  });
});

it('pays each GiB that is begun, and one at least', () => {
  expect([null, '0', '1', String(2 ** 30), String(2 ** 30 + 1), '3400000000'].map(gibOf)).toEqual([1n, 1n, 1n, 1n, 2n, 4n]);
});
