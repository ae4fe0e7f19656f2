import type { Selectable } from 'kysely';
import type { Schema } from '../../db/index.ts';
import type { NewLease } from '../../fleet/index.ts';
import type { EngineFigures } from './engines/engine.ts';

export type ServingRow = Selectable<Schema['servings']>;
export type ReplicaRow = Selectable<Schema['serving_replicas']>;

/** What is said to an engine, and how quick it is to be. */
export interface ServingSettings {
  /** Answers at a time; null: the engine's own. */
  readonly parallel: number | null;
  readonly args: readonly string[];
  readonly targetFirstTokenMs: number | null;
}

/** What each replica leases. */
export type ReplicaLease = Pick<NewLease, 'kind' | 'gpus' | 'gpu' | 'memoryGb' | 'slice' | 'pool' | 'labels'>;

/** A model to be served, as it is asked for and as it is shown. */
export interface ServingTerms extends ServingSettings {
  readonly name: string;
  readonly model: string;
  readonly engine: ServingRow['engine'];
  readonly lease: ReplicaLease;
  /** Replicas at least and at most. */
  readonly min: number;
  readonly max: number;
  /** Without a call, after which it has none; null: never. */
  readonly idleMinutes: number | null;
  readonly cold: ServingRow['cold'];
  /** Picodollars an hour for each replica, at most; null: no bound. */
  readonly atMost: string | null;
  readonly contextTokens: number | null;
  readonly maxOutputTokens: number;
}

export function settingsOf({ settings }: Pick<ServingRow, 'settings'>): ServingSettings {
  return settings as unknown as ServingSettings;
}

export function leaseOf({ lease }: Pick<ServingRow, 'lease'>): ReplicaLease {
  return lease as unknown as ReplicaLease;
}

export function figuresOf({ figures }: Pick<ReplicaRow, 'figures'>): EngineFigures | null {
  return figures as EngineFigures | null;
}

/** What a replica's whole lease is: nobody asks for it by hand, and it has no end of its own. */
export function leaseWish(serving: Pick<ServingRow, 'name' | 'project_id' | 'at_most' | 'lease'>, key: string): NewLease {
  return {
    ...leaseOf(serving), key, name: `serves ${serving.name}`.slice(0, 100), projectId: serving.project_id, atMost: serving.at_most, access: 'job', minutes: null, startsAtMs: null, record: false,
    machines: 1, macClass: null, xcode: null, apart: null, fit: 'pack',
  };
}

/** GPUs of one replica; 0: it has none. */
export function gpusOf({ kind, gpus }: ReplicaLease): number {
  return kind === 'gpu' ? (gpus ?? 1) : 0;
}

/** Milliseconds that a replica took from being asked for to its first readiness; null: it was never ready. */
export function coldStartMs({ asked_at, ready_at }: Pick<ReplicaRow, 'asked_at' | 'ready_at'>): number | null {
  return ready_at === null ? null : ready_at.getTime() - asked_at.getTime();
}

/** The middle one of the latest; null: none is known. */
export function usualColdStartMs(replicas: readonly Pick<ReplicaRow, 'asked_at' | 'ready_at'>[]): number | null {
  const known = replicas.flatMap((one) => coldStartMs(one) ?? []).toSorted((a, b) => a - b);
  return known.length === 0 ? null : known[Math.floor(known.length / 2)]!;
}
