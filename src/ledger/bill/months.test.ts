import fc from 'fast-check';
import { expect, test } from 'vitest';
import { monthDays, monthEndMs, monthOf, monthStartMs } from './months.ts';

test('a month holds exactly the times from its start to before its end', () => {
  fc.assert(fc.property(fc.date({ min: new Date('2000-01-01T00:00:00Z'), max: new Date('2099-12-31T00:00:00Z'), noInvalidDate: true }), (date) => {
    const at = date.getTime();
    const month = monthOf(at);
    expect(monthStartMs(month) <= at && at < monthEndMs(month)).toBe(true);
    expect(monthOf(monthEndMs(month) - 1)).toBe(month);
    expect(monthOf(monthEndMs(month))).not.toBe(month);
  }));
});

test('years turn over, and February ends when it does', () => {
  expect(monthDays('2026-12')).toEqual({ from: '2026-12-01', to: '2027-01-01' });
  expect(new Date(monthEndMs('2028-02')).toISOString()).toBe('2028-03-01T00:00:00.000Z');
});
