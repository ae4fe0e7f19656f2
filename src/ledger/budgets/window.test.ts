import fc from 'fast-check';
import { expect, test } from 'vitest';
import { windowCounting, windowEnd, windowStart, type Period } from './window.ts';

const at = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2060, 0, 1) });

test('windows follow each other without gap or overlap', () => {
  fc.assert(fc.property(at, fc.constantFrom<Period>('day', 'month'), (atMs, period) => {
    const startMs = windowStart(period, atMs);
    const endMs = windowEnd(period, startMs)!;
    expect(startMs).toBeLessThanOrEqual(atMs);
    expect(atMs).toBeLessThan(endMs);
    expect(windowStart(period, endMs)).toBe(endMs);
    expect(windowStart(period, endMs - 1)).toBe(startMs);
  }));
});

test('a month counts from its start, a total from the making of the budget', () => {
  const madeMs = Date.UTC(2026, 4, 10, 12);
  expect(windowCounting({ period: 'month', firstWindowMs: madeMs }, Date.UTC(2026, 4, 1))).toBe(Date.UTC(2026, 4, 1));
  expect(windowCounting({ period: 'month', firstWindowMs: madeMs }, Date.UTC(2026, 3, 30))).toBeNull();
  expect(windowCounting({ period: 'total', firstWindowMs: madeMs }, madeMs - 1)).toBeNull();
  expect(windowCounting({ period: 'total', firstWindowMs: madeMs }, Date.UTC(2031, 0, 1))).toBe(0);
});
