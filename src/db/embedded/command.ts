import { spawn, type StdioOptions } from 'node:child_process';
import { spawnIdentity, type DatabaseUser } from './database-user.ts';

export interface CommandOptions {
  readonly user: DatabaseUser | undefined;
  readonly cwd?: string;
  readonly stdin?: number | 'ignore';
  readonly signal?: AbortSignal | undefined;
  /** After this the whole process group is killed and `timedOut` is true. */
  readonly timeoutMs: number;
}

export interface CommandResult {
  readonly code: number | null;
  readonly output: string;
  readonly timedOut: boolean;
}

/** The environment of every database program: nothing of ours but the path. */
export function databaseEnvironment(): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}

/**
 * Runs a program as the database's user, in a process group of its own, and gives what it printed
 * (the last 64 KB). Rejects when it cannot be started, or with the signal's reason once the group
 * has been killed.
 */
export function runCommand(program: string, words: readonly string[], options: CommandOptions): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    options.signal?.throwIfAborted();
    const stdio: StdioOptions = [options.stdin ?? 'ignore', 'pipe', 'pipe'];
    const child = spawn(program, [...words], {
      ...spawnIdentity(options.user),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: databaseEnvironment(),
      detached: true,
      stdio,
    });
    let output = '';
    let timedOut = false;
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-65_536);
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    const killGroup = (): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    };
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup();
    }, options.timeoutMs);
    options.signal?.addEventListener('abort', killGroup, { once: true });
    const settled = (): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', killGroup);
    };
    child.once('error', (error) => {
      settled();
      reject(error);
    });
    child.once('close', (code) => {
      settled();
      if (options.signal?.aborted) reject(options.signal.reason);
      else resolve({ code, output, timedOut });
    });
  });
}
