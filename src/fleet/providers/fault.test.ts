import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ADVICE, FAULT_KINDS, ProviderFault, retryAtMs } from './fault.ts';

const nowMs = Date.UTC(2026, 10, 26);

describe('the next try after a fault', () => {
  it('waits longer after each failure, up to a longest wait, and as long as the provider asks', () => {
    fc.assert(fc.property(fc.constantFrom(...FAULT_KINDS), fc.integer({ min: 1, max: 500 }), fc.double({ min: 0, max: 1, noNaN: true }), fc.option(fc.integer({ min: 0, max: 10 ** 9 })), (kind, failures, spread, retryAfterMs) => {
      const wait = retryAtMs({ kind, retryAfterMs, notBeforeMs: null }, failures, nowMs, spread) - nowMs;
      expect(wait).toBeGreaterThan(5_000);
      expect(wait).toBeGreaterThanOrEqual(Math.min(retryAfterMs ?? 0, 3_600_000));
      expect(wait).toBeLessThanOrEqual(Math.max(ADVICE[kind].longestMs * 1.2, 3_600_000));
      if (retryAfterMs === null) expect(retryAtMs({ kind, retryAfterMs, notBeforeMs: null }, failures + 1, nowMs, spread) - nowMs).toBeGreaterThanOrEqual(wait);
    }));
  });

  it('is when the provider takes the machine back, where it says so', () => {
    expect(retryAtMs({ kind: 'not_before', retryAfterMs: null, notBeforeMs: nowMs + 7_200_000 }, 3, nowMs, 0.5)).toBe(nowMs + 7_200_000);
    expect(retryAtMs({ kind: 'not_before', retryAfterMs: null, notBeforeMs: nowMs - 1 }, 3, nowMs, 0.5)).toBe(nowMs + 1_000);
  });

  it('keeps control characters out of its message', () => {
    expect(new ProviderFault('refused', 'a\u001b[2Jb\u202e').message).toBe('a [2Jb ');
  });
});
