import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MinuteCount } from './minute-count.ts';

const adds = fc.array(fc.record({ afterMs: fc.oneof(fc.nat(3_000), fc.nat(90_000)), amount: fc.integer({ min: 1, max: 50 }) }), { maxLength: 120 });

test('a minute is never counted for less than it held, and for at most one second more', () => {
  fc.assert(fc.property(adds, fc.nat(1_000_000), (given, startMs) => {
    const count = new MinuteCount();
    let nowMs = startMs;
    const all: { atMs: number; amount: number }[] = [];
    for (const { afterMs, amount } of given) {
      nowMs += afterMs;
      count.add(nowMs, amount);
      all.push({ atMs: nowMs, amount });
      const within = (ms: number) => all.filter(({ atMs }) => atMs > nowMs - ms).reduce((sum, one) => sum + one.amount, 0);
      expect(count.total(nowMs)).toBeGreaterThanOrEqual(within(60_000));
      expect(count.total(nowMs)).toBeLessThanOrEqual(within(62_000));
    }
  }));
});

test('calls that wait until there is room never pass the limit in any minute', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 20 }), fc.array(fc.nat(9_000), { maxLength: 80 }), (limit, gaps) => {
    const count = new MinuteCount();
    let nowMs = 0;
    const made: number[] = [];
    for (const gap of gaps) {
      nowMs = Math.max(nowMs + gap, count.roomAtMs(nowMs + gap, 1, limit)!);
      count.add(nowMs, 1);
      made.push(nowMs);
      expect(made.filter((atMs) => atMs > nowMs - 60_000).length).toBeLessThanOrEqual(limit);
    }
  }));
});

test('there is never room for more than the limit itself', () => {
  expect(new MinuteCount().roomAtMs(0, 11, 10)).toBeNull();
  expect(new MinuteCount().roomAtMs(5, 10, 10)).toBe(5);
});
