import { TandemError, type Clock, type Logger, type RandomBytes } from '../base/index.ts';
import type { Database } from '../db/index.ts';
import type { Audit } from './audit.ts';
import type { Directory } from './directory.ts';

/** What the parts of this room share. */
export interface AccessContext {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: RandomBytes;
  readonly newId: () => string;
  readonly directory: Directory;
  readonly audit: Audit;
}

/** The reply form of a list. */
export interface List<T> {
  readonly items: T[];
  readonly nextCursor: string | null;
}

/** The same answer for what does not exist and for what belongs to another organisation. */
export function notFound(kind: string, id: string, verb: string): TandemError {
  return new TandemError('resource_not_found', { params: { kind, id, verb } });
}

/** The fields that differ, as the audit trail tells them. */
export function changeOf<T extends Readonly<Record<string, unknown>>>(before: T, after: T): Record<string, { from: unknown; to: unknown }> {
  return Object.fromEntries(Object.keys(after).filter((name) => before[name] !== after[name]).map((name) => [name, { from: before[name], to: after[name] }]));
}

export function nowOf(context: Pick<AccessContext, 'clock'>): Date {
  return new Date(context.clock.nowMs());
}

export function iso(time: Date): string;
export function iso(time: Date | null): string | null;
export function iso(time: Date | null): string | null {
  return time === null ? null : time.toISOString();
}
