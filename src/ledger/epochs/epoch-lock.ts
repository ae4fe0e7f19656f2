import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const SQLITE_BUSY = 5;

export interface EpochLock {
  release(): void;
}

/**
 * The kernel's lock on an epoch's log folder, held by the gateway process while it lives: no process number can be
 * mistaken for it, and containers that share the folder see each other. It is an empty SQLite file, locked exclusively.
 * Nothing else in the holding process may open the file.
 * @returns undefined: another process holds it.
 */
export function lockEpoch(folder: string): EpochLock | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(join(folder, 'lock'));
    database.exec('pragma journal_mode = memory; begin exclusive');
  } catch (error) {
    database?.close();
    if (((error as { errcode?: number }).errcode ?? 0) % 256 === SQLITE_BUSY) return undefined;
    throw error;
  }
  const held = database;
  return { release: () => held.close() };
}

/** True while a process writes this log. A folder that is gone has no writer. */
export function isEpochAlive(folder: string): boolean {
  if (!existsSync(join(folder, 'lock'))) return false;
  const lock = lockEpoch(folder);
  if (lock === undefined) return true;
  lock.release();
  return false;
}
