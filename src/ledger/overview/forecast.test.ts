import fc from 'fast-check';
import { expect, test } from 'vitest';
import { monthEndMs, monthStartMs } from '../bill/months.ts';
import { forecast } from './forecast.ts';

test('nothing is said on the first day, then the pace goes on to the month\'s end', () => {
  expect(forecast(100n, '2026-06', Date.UTC(2026, 5, 1, 23, 59))).toBeNull();
  expect(forecast(100n, '2026-06', Date.UTC(2026, 5, 2))).toBe(3_000n);
  expect(forecast(100n, '2026-06', Date.UTC(2026, 5, 16))).toBe(200n);
  expect(forecast(100n, '2026-06', Date.UTC(2026, 8, 1))).toBe(100n);
});

test('a forecast is never below what is spent', () => {
  fc.assert(fc.property(fc.bigInt(0n, 10n ** 20n), fc.integer({ min: 1, max: 12 }), fc.double({ min: 0, max: 1, noNaN: true }), (spend, number, part) => {
    const month = `2026-${String(number).padStart(2, '0')}`;
    const said = forecast(spend, month, Math.round(monthStartMs(month) + part * (monthEndMs(month) - monthStartMs(month))));
    expect(said === null || said >= spend).toBe(true);
  }));
});
