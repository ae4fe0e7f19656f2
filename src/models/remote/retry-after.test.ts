import { expect, test } from 'vitest';
import { retryAfterIn } from './retry-after.ts';

const NOW = Date.parse('2026-11-25T12:00:00.500Z');

test.each<[Record<string, string | string[]>, number | undefined]>([
  [{}, undefined], [{ 'retry-after': '7' }, 7], [{ 'retry-after': '0' }, 0], [{ 'retry-after': ['3', '9'] }, 3], [{ 'retry-after': '999999' }, 86_400], [{ 'retry-after': '-1' }, undefined], [{ 'retry-after': 'soon' }, undefined], [{ 'retry-after': '2027' }, 2_027],
  [{ 'retry-after': 'Wed, 25 Nov 2026 12:00:10 GMT' }, 10], [{ 'retry-after': 'Wed, 25 Nov 2026 11:00:00 GMT' }, 0], [{ 'retry-after': '2026-11-25T12:00:10Z' }, undefined],
  [{ 'retry-after-ms': '1200', 'retry-after': '9' }, 2], [{ 'retry-after-ms': 'x', 'retry-after': '9' }, 9],
])('%j says %s', (headers, seconds) => {
  expect(retryAfterIn(headers, NOW)).toBe(seconds);
});
