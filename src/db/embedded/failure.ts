import { TandemError, isTandemError, type ErrorCode } from '../../base/index.ts';
import type { Layout } from './layout.ts';

/** What Postgres prints when something outside it is wrong, and the error that says so. First match wins. */
const CAUSES: readonly { readonly pattern: RegExp; readonly code: ErrorCode }[] = [
  // Shared memory comes before the disk: its message may end with the same "No space left on device".
  { pattern: /could not (?:create|map|resize|open|write to) (?:anonymous |POSIX )?shared memory|shmget|could not create semaphores|Cannot allocate memory|out of memory/i, code: 'database_memory' },
  { pattern: /No space left on device|Disk quota exceeded|Check free disk space/i, code: 'disk_full' },
  { pattern: /Read-only file system/i, code: 'home_read_only' },
  { pattern: /database files are incompatible with server/i, code: 'database_corrupt' },
  {
    pattern: /could not locate (?:a valid|required) checkpoint record|invalid checkpoint record|invalid (?:primary |secondary )?checkpoint|incorrect checksum in control file|invalid data in file|could not open (?:control )?file "[^"]*(?:pg_control|pg_wal|global\/|PG_VERSION)|could not find the database system|is not a database cluster directory|is missing or erroneous|could not read file "[^"]*(?:pg_control|global\/|pg_filenode)|contains invalid data|could not access the server configuration file|could not open (?:configuration file|directory)|could not access status of transaction|could not load \S*pg_hba/i,
    code: 'database_corrupt',
  },
];

const NO_SUCH_USER = /could not look up effective user ID (\d+)/;

/** True when the server refused to start because another one holds, or just held, this data directory. */
export function saysInUse(output: string): boolean {
  return /lock file "[^"]*" already exists|pre-existing shared memory block/i.test(output);
}

/** The error for a database program that failed, recognised by what it printed. */
export function explainOutput(output: string, layout: Layout): TandemError {
  const line = tellingLine(output);
  const nameless = NO_SUCH_USER.exec(output)?.[1];
  if (nameless !== undefined) return new TandemError('database_user', { params: { user: `user ${nameless}`, reason: 'this system has no name for it' } });
  for (const { pattern, code } of CAUSES) {
    if (!pattern.test(output)) continue;
    return new TandemError(code, {
      params: { path: layout.data, home: layout.home, reason: line, log: layout.log },
      detail: lastLines(output, 20),
    });
  }
  return new TandemError('database_start_failed', { params: { reason: line, log: layout.log }, detail: lastLines(output, 20) });
}

/** A file error of ours in the home, as the user should read it; anything unknown comes back as it is. */
export function explainFileError(error: unknown, layout: Layout): unknown {
  if (isTandemError(error)) return error;
  const { code, path } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new TandemError('disk_full', { params: { path: path ?? layout.home }, cause: error });
    case 'EROFS':
      return new TandemError('home_read_only', { params: { home: layout.home, reason: 'its file system is read-only' }, cause: error });
    case 'EACCES':
    case 'EPERM':
      return new TandemError('home_read_only', { params: { home: layout.home, reason: `this user may not use ${path ?? layout.root}` }, cause: error });
    case 'ENOTDIR':
    case 'EEXIST':
      return new TandemError('home_read_only', { params: { home: layout.home, reason: `${path ?? layout.root} is not a folder` }, cause: error });
    default:
      return error;
  }
}

/** The one line that says most: the last FATAL, PANIC or error line, without Postgres's time stamp. */
export function tellingLine(output: string): string {
  const lines = output.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  const telling = lines.findLast((line) => /\b(?:FATAL|PANIC|ERROR)\b|error:/.test(line)) ?? lines.at(-1) ?? 'it printed nothing';
  return telling.replace(/^.*?\b(?:FATAL|PANIC|ERROR|error):\s*/, '');
}

export function lastLines(output: string, count: number): string {
  return output.trimEnd().split('\n').slice(-count).join('\n');
}
