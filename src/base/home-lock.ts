import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemClock, type Clock } from './clock.ts';
import { TandemError } from './errors.ts';

/** Who holds a home. */
export interface HomeHolder {
  /** Process number; 0 when the holder has not written it yet or the file was lost. */
  readonly pid: number;
  /** ISO 8601, UTC. */
  readonly since: string;
  /** The start of its command line. */
  readonly command: string;
}

export interface HomeLock {
  readonly home: string;
  /** Gives the home free. May be called twice. */
  release(): void;
}
