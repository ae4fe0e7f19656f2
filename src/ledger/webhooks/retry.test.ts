import fc from 'fast-check';
import { expect, test } from 'vitest';
import { retryAtMs } from './retry.ts';

test('waits grow from seconds to four hours, and a message is given up after three days', () => {
  const waits: number[] = [];
  let nowMs = 0;
  for (let attempts = 1; ; attempts += 1) {
    const againMs = retryAtMs(attempts, 0, nowMs, 0.5);
    if (againMs === null) break;
    waits.push(againMs - nowMs);
    nowMs = againMs;
  }
  expect(waits.slice(0, 8)).toEqual([5_000, 15_000, 45_000, 135_000, 405_000, 1_215_000, 3_645_000, 10_935_000]);
  expect(Math.max(...waits)).toBe(4 * 3_600_000);
  expect(nowMs).toBeGreaterThanOrEqual(3 * 86_400_000);
  expect(waits.length).toBeLessThan(40);
});

test('no wait is shorter than four fifths or longer than six fifths of its length', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 1_000 }), fc.nat({ max: 10 ** 8 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempts, nowMs, spread) => {
    const plain = retryAtMs(attempts, nowMs, nowMs, 0.5)! - nowMs;
    const spreadOut = retryAtMs(attempts, nowMs, nowMs, spread)! - nowMs;
    expect(spreadOut).toBeGreaterThanOrEqual(Math.floor(plain * 0.8));
    expect(spreadOut).toBeLessThanOrEqual(Math.ceil(plain * 1.2));
  }));
});
