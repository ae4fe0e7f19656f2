import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wholeWeeks } from './weeks.ts';

const DAY_MS = 86_400_000;
const day = (text: string) => Date.parse(`${text}T00:00:00.000Z`);

test.each([
  ['2026-11-02', '2026-11-30', true, true, '2026-12-01', ['2026-11-02', '2026-11-30', '2026-11-30']],
  ['2026-10-28', '2026-11-27', true, true, '2026-12-01', ['2026-11-02', '2026-11-23', '2026-11-23']],
  ['2026-10-28', '2026-11-27', true, false, '2026-11-26', ['2026-11-02', '2026-11-30', '2026-11-26']],
  ['2026-10-28', '2026-11-27', false, false, '2026-11-03', ['2026-10-26', '2026-11-30', '2026-11-03']],
])('of days from %s up to %s (something before: %s, after: %s; %s is not in its week): the weeks from, up to, and the days from %j', (from, to, before, after, next, [first, end, daysFrom]) => {
  expect(wholeWeeks({ fromMs: day(from), toMs: day(to) }, { before, after, next })).toEqual({ from: first, to: end, daysFrom });
});

test('a range within a week has none, and neither has one of days that are not in their weeks', () => {
  expect(wholeWeeks({ fromMs: day('2026-11-03'), toMs: day('2026-11-08') }, { before: true, after: true, next: '2027-01-01' })).toBeNull();
  expect(wholeWeeks({ fromMs: day('2026-11-02'), toMs: day('2026-11-30') }, { before: true, after: true, next: '2026-11-02' })).toBeNull();
});

test('weeks begin on Mondays, leave less than a week at either end, and go past the range only where nothing is', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 40_000 }), fc.integer({ min: 1, max: 400 }), fc.boolean(), fc.boolean(), (first, days, before, after) => {
    const range = { fromMs: first * DAY_MS, toMs: (first + days) * DAY_MS };
    const weeks = wholeWeeks(range, { before, after, next: '2900-01-01' });
    if (weeks === null) {
      expect(days).toBeLessThan(13);
      return;
    }
    expect([new Date(weeks.from).getUTCDay(), new Date(weeks.to).getUTCDay()]).toEqual([1, 1]);
    const [atStart, atEnd] = [(day(weeks.from) - range.fromMs) / DAY_MS, (range.toMs - day(weeks.to)) / DAY_MS];
    expect([Math.abs(atStart) < 7, Math.abs(atEnd) < 7, !before || atStart >= 0, !after || atEnd >= 0]).toEqual([true, true, true, true]);
  }));
});
