import { expect, it } from 'vitest';
import { nextPath } from './next-path.ts';

it('goes back to a page of the console', () => {
  expect(nextPath('/money/bill?month=2026-10')).toBe('/money/bill?month=2026-10');
});

it.each([undefined, '', 'https://elsewhere.example', '//elsewhere.example', '/\\elsewhere.example', 'javascript:alert(1)', '/login?next=/login'])('goes to the overview for %s', (next) => {
  expect(nextPath(next)).toBe('/');
});
