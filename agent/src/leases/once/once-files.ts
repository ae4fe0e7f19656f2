import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../../state/home.ts';
import { WireError, type Message } from '../../wire/index.ts';
import type { JobOrder } from '../job.ts';
import { readOrder } from '../job-files.ts';
import type { LeasePaths } from '../record.ts';

/**
 * How far a lease's job is. It stands on disk before the job begins, so that nothing that comes after begins it a second time. `cut`: the lease
 * ended before it did. `lost`: what held it is gone, and nobody knows how far it came.
 */
export interface OnceState {
  readonly state: 'running' | 'ended' | 'cut' | 'lost';
  /** As a shell says it: 128 and the signal's number where a signal ended it. Null: it has not ended by itself. */
  readonly exitCode: number | null;
  /** By the clock since this boot. */
  readonly sinceBootMs: number;
  /** How long it ran; null: it runs still, or nobody knows. */
  readonly ranMs: number | null;
}

/** Writes down what is to run. @throws WireError bad_job, job_runs when another one was asked for before. */
export function prepareOnce(params: Message, paths: LeasePaths): void {
  const text = `${JSON.stringify(readOrder(params))}\n`;
  const place = orderOf(paths);
  if (!existsSync(place)) return writeWhole(place, text);
  if (readFileSync(place, 'utf8') !== text) throw new WireError('job_runs', 'another job was begun in this lease');
}

/** Undefined: nothing was asked for. */
export function readOnce(paths: LeasePaths): JobOrder | undefined {
  return readJson(orderOf(paths)) as JobOrder | undefined;
}

/** Undefined: nothing has begun. */
export function readOnceState(paths: LeasePaths): OnceState | undefined {
  return readJson(stateOf(paths)) as OnceState | undefined;
}

export function writeOnceState(paths: LeasePaths, state: OnceState): void {
  writeWhole(stateOf(paths), `${JSON.stringify(state)}\n`);
}

/** Where what it prints is kept. */
export function logOf({ folder }: LeasePaths): string {
  return join(folder, 'once-log');
}

function orderOf({ folder }: LeasePaths): string {
  return join(folder, 'once.json');
}

function stateOf({ folder }: LeasePaths): string {
  return join(folder, 'once-state.json');
}

function readJson(path: string): unknown {
  // One that is there and cannot be read is an error: a job whose state is not known must not begin again.
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}
