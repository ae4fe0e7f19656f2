import { expect, test } from 'vitest';
import { TandemError } from '../../base/index.ts';
import { explainFileError, explainOutput, lastLines, saysInUse, tellingLine } from './failure.ts';
import { layoutOf } from './layout.ts';

const layout = layoutOf('/srv/tandem');

// Lines as Postgres 18 prints them.
test.each([
  ['database_memory', 'FATAL:  could not map anonymous shared memory: Cannot allocate memory\nHINT:  This error usually means that PostgreSQL\'s request for a shared memory segment exceeded available memory'],
  ['database_memory', 'FATAL:  could not create shared memory segment: No space left on device\nDETAIL:  Failed system call was shmget(key=1, size=56, 03600).'],
  ['database_memory', 'FATAL:  could not resize shared memory segment "/PostgreSQL.1" to 1048576 bytes: No space left on device'],
  ['disk_full', 'FATAL:  could not write lock file "postmaster.pid": No space left on device'],
  ['disk_full', 'initdb: error: could not write to file "base/1": Disk quota exceeded'],
  ['home_read_only', 'FATAL:  could not create file "postmaster.pid": Read-only file system'],
  ['database_corrupt', 'LOG:  invalid checkpoint record\nPANIC:  could not locate a valid checkpoint record at 0/14EA7F8'],
  ['database_corrupt', 'FATAL:  incorrect checksum in control file'],
  ['database_corrupt', 'FATAL:  database files are incompatible with server'],
  ['database_start_failed', 'FATAL:  something that no one has seen before'],
  ['database_start_failed', ''],
])('%s: %s', (code, output) => {
  const error = explainOutput(output, layout);
  expect(error.code).toBe(code);
  expect(`${error.message} ${error.next}`).not.toMatch(/\{\w+\}/);
});

test('the telling line is the last fatal one, without its time stamp', () => {
  expect(tellingLine('2026-11-23 07:00:00.000 UTC [1] LOG:  starting\n2026-11-23 07:00:00.001 UTC [1] FATAL:  no\n2026-11-23 07:00:00.002 UTC [1] LOG:  database system is shut down')).toBe('no');
  expect(tellingLine('initdb: error: could not do it')).toBe('could not do it');
  expect(tellingLine('just this\n')).toBe('just this');
  expect(tellingLine('')).toBe('it printed nothing');
  expect(lastLines('a\nb\nc\n', 2)).toBe('b\nc');
});

test('a held data directory is told from everything else', () => {
  expect(saysInUse('FATAL:  lock file "postmaster.pid" already exists')).toBe(true);
  expect(saysInUse('FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use')).toBe(true);
  expect(saysInUse('FATAL:  could not create lock file "postmaster.pid": No space left on device')).toBe(false);
});

test('file errors in the home become errors with a next step, others stay what they are', () => {
  const withCode = (code: string): Error => Object.assign(new Error(code), { code, path: '/srv/tandem/postgres' });
  expect(explainFileError(withCode('ENOSPC'), layout)).toMatchObject({ code: 'disk_full' });
  expect(explainFileError(withCode('EROFS'), layout)).toMatchObject({ code: 'home_read_only' });
  expect(explainFileError(withCode('EACCES'), layout)).toMatchObject({ code: 'home_read_only' });
  const other = new TypeError('a mistake of ours');
  expect(explainFileError(other, layout)).toBe(other);
  const known = new TandemError('database_memory', { params: { reason: 'x' } });
  expect(explainFileError(known, layout)).toBe(known);
});
