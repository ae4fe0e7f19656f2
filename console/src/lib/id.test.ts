import { expect, it } from 'vitest';
import { newId } from './id.ts';

it('makes ids that carry their time and order by it', () => {
  expect(newId(0x0123456789ab, (bytes) => bytes.fill(0xff))).toBe('01234567-89ab-7fff-bfff-ffffffffffff');
  expect(newId(1) < newId(2)).toBe(true);
});
