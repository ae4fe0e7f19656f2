import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../state/home.ts';
import type { Limits, Unbound } from './limits/limits.ts';
import type { LeasePaths } from './record.ts';

/** What really bounds a lease on this machine, as its keeper found it: told to the server, and shown with the lease. */
export interface Bounds {
  /** Null: nothing bounds it. */
  readonly limits: Limits;
  /** `loopback`: it reaches itself and nobody else. */
  readonly network: 'internet' | 'loopback';
  readonly resolvers: readonly string[];
  readonly unbound: readonly Unbound[];
  /** Its keeper can have it reach other machines directly. One of a release before cannot be told to, and outlives that release's agent. */
  readonly direct?: true;
}

export function writeBounds({ folder }: Pick<LeasePaths, 'folder'>, bounds: Bounds): void {
  writeWhole(join(folder, 'bounds.json'), `${JSON.stringify(bounds)}\n`);
}

/** Undefined: its keeper is of a release that did not say. */
export function readBounds({ folder }: Pick<LeasePaths, 'folder'>): Bounds | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'bounds.json'), 'utf8')) as Bounds;
  } catch {
    return undefined;
  }
}
