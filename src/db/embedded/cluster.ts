import { closeSync, existsSync, openSync } from 'node:fs';
import { appendFile, mkdir, rename, rm } from 'node:fs/promises';
import { TandemError } from '../../base/index.ts';
import { runCommand } from './command.ts';
import { SUPERUSER } from './connection.ts';
import { giveTo, type DatabaseUser } from './database-user.ts';
import { explainOutput } from './failure.ts';
import { syncFolder, writeDurably, type Layout } from './layout.ts';
import type { Runtime } from './runtime.ts';

export interface ClusterOptions {
  readonly layout: Layout;
  readonly runtime: Runtime;
  readonly user: DatabaseUser | undefined;
  readonly password: string;
  /** False leaves the files to the system's own writing: for tests. */
  readonly sync: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
}

/**
 * How the database programs name the data directory. On Linux they are started inside it and call
 * it by a link of /proc: `spawn` enters the folder before it gives up root, so it works below
 * folders that the database's user may not enter.
 */
export function directoryName(dataDirectory: string): string {
  return existsSync('/proc/self/cwd') ? '/proc/self/cwd' : dataDirectory;
}

/**
 * Makes the data directory with initdb beside its place, then puts it there with one rename: an
 * interrupted first start leaves nothing half made. Text sorts by code point (the builtin
 * C.UTF-8), the same on every system and after every upgrade of its C library.
 */
export async function createCluster(options: ClusterOptions): Promise<void> {
  const { layout, user } = options;
  const fresh = `${layout.data}.new-${process.pid}`;
  const passwordFile = `${layout.password}.new-${process.pid}`;
  await rm(fresh, { recursive: true, force: true });
  try {
    await mkdir(fresh, { mode: 0o700 });
    giveTo(user, fresh);
    // The password goes in as an open file: never on a command line, and through no folder.
    await writeDurably(passwordFile, `${options.password}\n`);
    giveTo(user, passwordFile);
    await runInitdb(options, fresh, passwordFile);
    // An empty folder may stand in the place (a mount's leftover); rename takes that one over.
    await rename(fresh, layout.data).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      // Another start was quicker: use its data directory.
      await rm(fresh, { recursive: true, force: true });
    });
    if (options.sync) await syncFolder(layout.root);
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(passwordFile, { force: true });
  }
}

async function runInitdb({ layout, runtime, user, sync, signal, timeoutMs }: ClusterOptions, fresh: string, passwordFile: string): Promise<void> {
  const stdin = openSync(passwordFile, 'r');
  try {
    const words = [
      '-D', directoryName(fresh), '--username', SUPERUSER, '--pwfile', '/dev/stdin', '--auth', 'scram-sha-256',
      '--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8',
      '--no-instructions', ...(sync ? [] : ['--no-sync']),
    ];
    const made = await runCommand(runtime.initdb, words, { user, cwd: fresh, stdin, signal, timeoutMs });
    if (made.timedOut) throw new TandemError('database_timeout', { params: { step: 'create its files', seconds: timeoutMs / 1000, log: layout.log }, detail: made.output });
    if (made.code !== 0) {
      await appendFile(layout.log, made.output, { mode: 0o600 }).catch(() => {});
      throw explainOutput(made.output, layout);
    }
  } finally {
    closeSync(stdin);
  }
}

/**
 * Gives the database role the password of our file, with the server stopped: for a home whose
 * password file was lost or came from elsewhere. Needs no password, only the files.
 */
export async function resetPassword(options: ClusterOptions): Promise<void> {
  const { layout, user } = options;
  const script = `${layout.password}.new-${process.pid}`;
  await writeDurably(script, `alter role ${SUPERUSER} password '${options.password}'\n`);
  try {
    giveTo(user, script);
    const stdin = openSync(script, 'r');
    try {
      const words = ['--single', '-D', directoryName(layout.data), '-c', 'exit_on_error=true', '-c', 'log_min_messages=fatal', '-c', 'log_min_error_statement=panic', 'template1'];
      const done = await runCommand(options.runtime.postgres, words, { user, cwd: layout.data, stdin, signal: options.signal, timeoutMs: options.timeoutMs });
      if (done.code !== 0) throw explainOutput(done.output, layout);
    } finally {
      closeSync(stdin);
    }
  } finally {
    await rm(script, { force: true });
  }
}
