import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { getBuiltinModule } from 'node:process';
import type { DatabaseSync } from 'node:sqlite';
import { systemClock, type Clock } from './clock.ts';
import { TandemError } from './errors.ts';
import { makeFolder } from './make-folder.ts';

/** Who holds a home, as that process wrote it down. */
export interface HomeHolder {
  readonly pid: number;
  /** ISO 8601, UTC: when it took the home. */
  readonly since: string;
  /** The program it runs, without its arguments. */
  readonly command: string;
}

export interface HomeLock {
  readonly home: string;
  /** Gives the home free. May be called twice. */
  release(): void;
}

const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_READONLY = 8;
/** How long to wait for someone who only looks (`homeHolder`). */
const BUSY_TIMEOUT_MS = 200;

/** Keeps the handles alive: a collected handle would drop its lock. */
const held = new Set<DatabaseSync>();

/**
 * Takes a home for this process, and makes the folder when there is none. Throws `home_in_use`
 * with the holder's number, `home_read_only` or `disk_full`.
 *
 * The lock is the kernel's (an empty SQLite file, `tandem.lock`, locked exclusively), so it ends
 * with its process however that ends, no process number can be mistaken for it, and two containers
 * that share the folder see each other. `tandem.pid` beside it only says who holds it. Nothing else
 * in the holding process may open `tandem.lock`: closing any handle of a file drops its POSIX locks.
 */
export async function lockHome(home: string, clock: Clock = systemClock): Promise<HomeLock> {
  const folder = resolve(home);
  const database = openLock(folder);
  if (database === undefined) throw await inUse(folder, clock);
  held.add(database);
  const note = join(folder, 'tandem.pid');
  const release = (): void => {
    if (!held.delete(database)) return;
    rmSync(note, { force: true });
    database.close();
  };
  try {
    const holder: HomeHolder = { pid: process.pid, since: new Date(clock.nowMs()).toISOString(), command: process.argv.slice(0, 2).join(' ').slice(0, 300) };
    writeFileSync(`${note}.new`, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
    renameSync(`${note}.new`, note);
  } catch (error) {
    release();
    throw explain(error, folder);
  }
  return { home: folder, release };
}

/** Who holds the home right now; `undefined` when nobody does. Takes nothing. */
export function homeHolder(home: string): HomeHolder | undefined {
  const folder = resolve(home);
  if (!existsSync(join(folder, 'tandem.lock'))) return undefined;
  const database = openLock(folder);
  if (database === undefined) return readNote(folder) ?? { pid: 0, since: '', command: '' };
  database.close();
  return undefined;
}

/** The locked file, or `undefined` when another handle has it. */
function openLock(folder: string): DatabaseSync | undefined {
  let database: DatabaseSync | undefined;
  try {
    makeFolder(folder, 0o700);
    // Loaded here and not above: the CLI imports this room too, and must not pay 10 ms for a lock it never takes.
    database = new (getBuiltinModule('node:sqlite').DatabaseSync)(join(folder, 'tandem.lock'), { timeout: BUSY_TIMEOUT_MS });
    // No journal file: nothing is ever written.
    database.exec('pragma journal_mode = memory; begin exclusive');
    return database;
  } catch (error) {
    database?.close();
    // The low byte is the kind; the rest says more about it.
    if (((error as { errcode?: number }).errcode ?? 0) % 256 === SQLITE_BUSY) return undefined;
    throw explain(error, folder);
  }
}

/** The holder writes its note right after it has the lock: give it a moment. */
async function inUse(folder: string, clock: Clock): Promise<TandemError> {
  let holder = readNote(folder);
  for (let round = 0; round < 25 && (holder === undefined || !isAlive(holder.pid)); round += 1) {
    await clock.sleep(20);
    holder = readNote(folder);
  }
  return new TandemError('home_in_use', {
    params: { home: folder, pid: holder?.pid ?? 'unknown', since: holder?.since ?? 'some time ago' },
    ...(holder === undefined ? {} : { detail: holder.command, facts: { pid: holder.pid, since: holder.since } }),
  });
}

function readNote(folder: string): HomeHolder | undefined {
  try {
    const note: unknown = JSON.parse(readFileSync(join(folder, 'tandem.pid'), 'utf8'));
    if (typeof note !== 'object' || note === null) return undefined;
    const { pid, since, command } = note as Record<string, unknown>;
    if (typeof pid !== 'number' || typeof since !== 'string' || typeof command !== 'string') return undefined;
    return { pid, since, command };
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function explain(error: unknown, folder: string): unknown {
  const { code, errcode, message } = error as { code?: string; errcode?: number; message: string };
  if (code === 'ENOSPC' || code === 'EDQUOT' || errcode === SQLITE_FULL) return new TandemError('disk_full', { params: { path: folder }, cause: error });
  if (code === undefined) return error;
  return new TandemError('home_read_only', { params: { home: folder, reason: reasonOf(code, errcode, message) }, cause: error });
}

function reasonOf(code: string, errcode: number | undefined, message: string): string {
  if (code === 'EROFS') return 'its file system is read-only';
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not write there';
  // SQLite does not tell the two apart.
  if (errcode === SQLITE_CANTOPEN || errcode === SQLITE_READONLY) return 'its file system is read-only, or this user may not write there';
  return code === 'ERR_SQLITE_ERROR' ? message : code;
}
