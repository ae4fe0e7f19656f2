import { expect, test } from 'vitest';
import { ERRORS, TandemError, isTandemError, printable } from './errors.ts';

test('places in message and next step are filled, without control characters', () => {
  const error = new TandemError('home_in_use', { params: { home: '/a\nb', pid: 7, since: 'noon\u202e' } });
  expect(error.message).toBe('The home /a b is in use by process 7, started noon .');
  expect(error.next).toContain('kill 7');
  expect(isTandemError(error, 'home_in_use')).toBe(true);
  expect(isTandemError(error, 'internal')).toBe(false);
});

test('every listed error names a next step and ends its sentences', () => {
  for (const [code, { message, next, status }] of Object.entries(ERRORS)) {
    expect(next.length, code).toBeGreaterThan(10);
    expect(`${message}|${next}`, code).toMatch(/^[^|]+\|.+[.)]$/);
    expect(status, code).toBeGreaterThanOrEqual(400);
  }
});

test('long values are cut', () => {
  expect(printable('x'.repeat(1000))).toHaveLength(300);
});
