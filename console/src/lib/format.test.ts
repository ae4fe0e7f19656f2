import { describe, expect, it } from 'vitest';
import { bucketText, count, duration, elapsed, exactTime, monthText, plural, recentMonths, relativeTime, shortTime } from './format.ts';

const now = Date.parse('2026-11-23T07:14:00Z');

describe('numbers and times in words', () => {
  it('groups digits of any length', () => {
    expect(count('123456789012345678901')).toBe('123,456,789,012,345,678,901');
    expect(count(-1234)).toBe('−1,234');
    expect(plural('1', 'request')).toBe('1 request');
    expect(plural(0, 'entry', 'entries')).toBe('0 entries');
  });

  it('says durations at the size that a person reads', () => {
    expect([0.2, 84.4, 1240, 12_345, 125_000].map(duration)).toEqual(['< 1 ms', '84 ms', '1.24 s', '12.3 s', '2 min 5 s']);
  });

  it('says for how long', () => {
    expect([elapsed('2026-11-23T07:13:50Z', now), elapsed('2026-11-23T04:00:00Z', now), elapsed('2026-11-23T07:20:00Z', now)]).toEqual(['under a minute', '3 hours', 'under a minute']);
  });

  it('says how long ago and until', () => {
    expect(relativeTime('2026-11-23T07:13:30Z', now)).toBe('just now');
    expect(relativeTime('2026-11-23T07:14:20Z', now)).toBe('just now');
    expect(relativeTime('2026-11-23T07:14:50Z', now)).toBe('in under a minute');
    expect(relativeTime('2026-11-23T07:10:00Z', now)).toBe('4 min ago');
    expect(relativeTime('2026-11-22T07:10:00Z', now)).toBe('1 day ago');
    expect(relativeTime('2026-11-23T10:14:00Z', now)).toBe('in 3 hours');
    expect(relativeTime('2026-01-23T10:14:00Z', now)).toBe('10 months ago');
  });

  it('writes times in UTC', () => {
    expect(exactTime('2026-11-23T07:14:05.120Z')).toBe('2026-11-23 07:14:05 UTC');
    expect(shortTime('2026-11-23T07:14:05Z')).toBe('23 Nov 2026, 07:14');
    expect(monthText('2026-02')).toBe('February 2026');
    expect(recentMonths(Date.parse('2026-01-31T23:00:00Z'), 3)).toEqual(['2026-01', '2025-12', '2025-11']);
  });

  it('names buckets and shows unknown ones as they are', () => {
    expect(bucketText('cache_read')).toBe('Cached input tokens');
    expect(bucketText('gpu')).toBe('gpu');
  });
});
