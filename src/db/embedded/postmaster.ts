import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../base/index.ts';
import { commandLine, isAlive } from './process-table.ts';
import { PORT, marker } from './settings.ts';

/** What Postgres writes into `postmaster.pid`, as far as we need it. */
export interface PostmasterFile {
  readonly pid: number;
  /** "starting", "ready", "stopping" or "standby"; empty while the file is being written. */
  readonly status: string;
}

/** The two files by which Postgres keeps a second server away: from the data, and from the socket. */
export const LOCK_FILES = ['postmaster.pid', `.s.PGSQL.${PORT}.lock`] as const;

export function readPostmasterFile(dataDirectory: string, name: (typeof LOCK_FILES)[number] = 'postmaster.pid'): PostmasterFile | undefined {
  let text: string;
  try {
    text = readFileSync(join(dataDirectory, name), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 1) return { pid: 0, status: '' };
  return { pid, status: (lines[7] ?? '').trim() };
}

/** A data directory's device and inode: stays the same when a folder above it is renamed. */
export function identityOf(dataDirectory: string): string {
  const found = statSync(dataDirectory, { bigint: true });
  return `${found.dev}:${found.ino}`;
}

/** True when this process is the server of that data directory. */
export function isServerOf(pid: number, dataDirectory: string): boolean {
  return lookAt(pid, dataDirectory) === 'server';
}

/**
 * What a process is to that data directory. The number alone proves nothing: after a crash it may
 * belong to anyone, so we look at what the process is, and at whose it is. A process in its last
 * moments has no command line any more, but is not gone yet: that is `ending`.
 */
function lookAt(pid: number, dataDirectory: string): 'server' | 'other' | 'ending' | 'gone' {
  if (pid <= 1 || !isAlive(pid)) return 'gone';
  // Read once: between two looks it may end.
  const words = commandLine(pid);
  if (words === '') return 'ending';
  if (!words.includes('/postgres -D ') || !existsSync(dataDirectory)) return 'other';
  if (!words.includes(` ${marker(identityOf(dataDirectory))} `)) return 'other';
  if (process.platform !== 'linux') return 'server';
  // A user who may write the file must not make root signal a process of someone else.
  const owner = lstatSync(`/proc/${pid}`, { throwIfNoEntry: false });
  if (owner === undefined) return 'gone';
  return owner.uid === lstatSync(dataDirectory).uid ? 'server' : 'other';
}

/** Waits until the condition holds. False when `timeoutMs` passed first. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  { clock, timeoutMs, signal, everyMs = 10 }: { clock: Clock; timeoutMs: number; signal?: AbortSignal | undefined; everyMs?: number },
): Promise<boolean> {
  const end = clock.monotonicMs() + timeoutMs;
  for (;;) {
    if (await condition()) return true;
    if (clock.monotonicMs() >= end) return false;
    await clock.sleep(everyMs, signal);
  }
}

/** How long each way of stopping may take before the next, harder one. */
export interface StopTimes {
  readonly fastMs: number;
  readonly immediateMs: number;
}

const STOP_TIMES: StopTimes = { fastMs: 30_000, immediateMs: 5_000 };

/**
 * Stops the server of that data directory: fast (open transactions roll back, all is written),
 * then immediate (the next start recovers from the log), then by force. Returns once it is gone.
 */
export async function stopServer(pid: number, dataDirectory: string, clock: Clock, times: StopTimes = STOP_TIMES): Promise<'fast' | 'immediate' | 'killed'> {
  const gone = (): boolean => ['gone', 'other'].includes(lookAt(pid, dataDirectory));
  const steps = [
    { signal: 'SIGINT', how: 'fast', timeoutMs: times.fastMs },
    { signal: 'SIGQUIT', how: 'immediate', timeoutMs: times.immediateMs },
    { signal: 'SIGKILL', how: 'killed', timeoutMs: 5_000 },
  ] as const;
  for (const { signal, how, timeoutMs } of steps) {
    if (gone()) return how;
    if (lookAt(pid, dataDirectory) === 'server') sendSignal(pid, signal);
    if (await waitUntil(gone, { clock, timeoutMs })) return how;
  }
  return 'killed';
}

export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended between the look and the signal.
  }
}
