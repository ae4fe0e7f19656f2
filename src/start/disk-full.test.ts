import { expect, it } from 'vitest';
import { TandemError } from '../base/index.ts';
import { tellDiskFull } from './disk-full.ts';

it.each(['ENOSPC', 'EDQUOT', '53100'])('finds %s below what was thrown', (code) => {
  const deepest = Object.assign(new Error('could not extend file'), { code });
  const thrown = new TandemError('migration_failed', { params: { name: '0002', reason: 'x' }, cause: deepest });
  expect(tellDiskFull(thrown, '/home')).toMatchObject({ code: 'disk_full', message: expect.stringContaining('/home') });
});

it('leaves other errors as they are', () => {
  const other = new TandemError('migration_failed', { params: { name: '0002', reason: 'x' }, cause: new Error('syntax') });
  expect(tellDiskFull(other, '/home')).toBe(other);
});
