import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

test.each([
  ['crate', 'create'], ['craete', 'create'], ['creates', 'create'], ['lst', 'list'], ['rotat', 'rotate'],
])('%s may be %s', (typed, meant) => {
  expect(nearest(typed, ['create', 'list', 'rotate', 'revoke'])).toBe(meant);
});

test.each(['', 'x', 'delete', 'train-small'])('%j is near to nothing', (typed) => {
  expect(nearest(typed, ['create', 'list', 'rotate', 'revoke'])).toBeUndefined();
});
