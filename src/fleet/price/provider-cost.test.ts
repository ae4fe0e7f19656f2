import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { costOfMinutes, type MachineCost } from './provider-cost.ts';

const HOUR = 60;
const h100: MachineCost = { perHour: 24_000_000_000_000n, currency: 'USD', units: 8 };

describe('the provider\'s cost of a lease', () => {
  it('is its share of the machine for its minutes', () => {
    expect(costOfMinutes(new Map([['a', h100]]), [{ machine_id: 'a', unit_ids: ['gpu-0'] }], HOUR, 'USD')).toBe(3_000_000_000_000n);
    expect(costOfMinutes(new Map([['a', h100], ['b', h100]]), ['a', 'b'].map((machine_id) => ({ machine_id, unit_ids: ['1', '2', '3', '4', '5', '6', '7', '8'] })), 30, 'USD')).toBe(24_000_000_000_000n);
  });

  it('is not known where one machine is not rented, or is paid in another currency', () => {
    expect(costOfMinutes(new Map([['a', h100]]), ['a', 'b'].map((machine_id) => ({ machine_id, unit_ids: ['1'] })), HOUR, 'USD')).toBeNull();
    expect(costOfMinutes(new Map([['a', h100]]), [{ machine_id: 'a', unit_ids: ['1'] }], HOUR, 'EUR')).toBeNull();
    expect(costOfMinutes(new Map(), [], HOUR, 'USD')).toBeNull();
  });

  it('of all parts together is within a picodollar a part of the whole', () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n }), fc.integer({ min: 1, max: 16 }), fc.integer({ min: 1, max: 60 }), (perHour, units, minutes) => {
      const costs = new Map([['a', { perHour, currency: 'USD', units }]]);
      const one = costOfMinutes(costs, [{ machine_id: 'a', unit_ids: ['x'] }], minutes, 'USD')!;
      const whole = costOfMinutes(costs, [{ machine_id: 'a', unit_ids: Array.from({ length: units }, String) }], minutes, 'USD')!;
      const gap = one * BigInt(units) - whole;
      expect(gap < 0n ? -gap : gap).toBeLessThanOrEqual(BigInt(units));
    }));
  });
});
