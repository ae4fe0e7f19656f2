import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { affordableUntilMs, chargedBy, paidUntilMs, releaseAtMs, type ChargeTerms } from './release-time.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const started = Date.UTC(2026, 10, 26);
const terms: fc.Arbitrary<ChargeTerms> = fc.record({
  startedAtMs: fc.constant(started), minimumMs: fc.constantFrom(0, HOUR, DAY, 30 * DAY), periodMs: fc.constantFrom(1_000, 60_000, HOUR, DAY), perHour: fc.bigInt({ min: 1n, max: 10n ** 14n }),
  deletableAtMs: fc.option(fc.integer({ min: 0, max: 2 * DAY }).map((ms) => started + ms)),
}).filter(({ minimumMs, periodMs }) => minimumMs % periodMs === 0);
const needed = fc.integer({ min: -HOUR, max: 60 * DAY }).map((ms) => started + ms);

describe('giving a machine back', () => {
  it('is no sooner than it is needed, paid for at least, and taken', () => {
    fc.assert(fc.property(terms, needed, (of, until) => {
      const at = releaseAtMs(of, until);
      expect(at).toBeGreaterThanOrEqual(until);
      expect(at).toBeGreaterThanOrEqual(of.startedAtMs + of.minimumMs);
      expect(at).toBeGreaterThanOrEqual(of.deletableAtMs ?? 0);
    }));
  });

  it('costs nothing more than the need itself, and leaves no more than a moment of what is paid unused', () => {
    fc.assert(fc.property(terms, needed, (of, until) => {
      const at = releaseAtMs(of, until);
      const least = Math.max(until, of.startedAtMs + of.minimumMs, of.deletableAtMs ?? 0);
      expect(chargedBy(of, at)).toBe(chargedBy(of, least));
      if (at > of.startedAtMs + of.minimumMs && at > (of.deletableAtMs ?? 0)) expect(paidUntilMs(of, at) - at).toBeLessThanOrEqual(2 * 60_000);
    }));
  });

  it('keeps to the ceiling, and one period more would not', () => {
    fc.assert(fc.property(terms, fc.bigInt({ min: 0n, max: 10n ** 17n }), (of, ceiling) => {
      const until = affordableUntilMs(of, ceiling);
      if (until === Infinity) return;
      if (chargedBy(of, of.startedAtMs) <= ceiling) expect(chargedBy(of, until)).toBeLessThanOrEqual(ceiling);
      expect(chargedBy(of, until + of.periodMs + 1)).toBeGreaterThan(ceiling);
    }));
  });

  it('of a day\'s Mac that is needed for 30 hours and a half is just before the 31st ends', () => {
    const mac: ChargeTerms = { startedAtMs: started, minimumMs: DAY, periodMs: HOUR, perHour: 290_000_000_000n, deletableAtMs: started + DAY };
    expect(releaseAtMs(mac, started + HOUR)).toBe(started + DAY);
    expect(releaseAtMs(mac, started + 30.5 * HOUR)).toBe(started + 31 * HOUR - 120_000);
    expect(chargedBy(mac, started + 30.5 * HOUR)).toBe(31n * 290_000_000_000n);
  });
});
