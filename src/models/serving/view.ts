import type { EngineFigures } from './engines/engine.ts';
import { coldStartMs, figuresOf, leaseOf, settingsOf, usualColdStartMs, type ReplicaRow, type ServingRow, type ServingTerms } from './rows.ts';

/** What the tokens of a serving cost and brought, over a time. Amounts are picodollars as text. */
export interface ServingMoney {
  readonly currency: string;
  readonly from: string;
  readonly tokens: string;
  /** Of minutes in which tokens were made, and of those in which none was. */
  readonly busyCost: string;
  readonly idleCost: string;
  readonly busyMinutes: number;
  readonly idleMinutes: number;
  /** What callers paid for the tokens. */
  readonly charged: string;
  /** For a million tokens; null: there were none. */
  readonly perMillion: { readonly charged: string; readonly occupancy: string; readonly busy: string } | null;
}

export interface ReplicaView {
  readonly id: string;
  readonly number: number;
  readonly state: ReplicaRow['observed'];
  readonly wanted: ReplicaRow['wanted'];
  readonly reason: string | null;
  readonly leaseId: string | null;
  readonly nodeId: string | null;
  readonly figures: EngineFigures | null;
  readonly askedAt: string;
  readonly leasedAt: string | null;
  readonly readyAt: string | null;
  readonly endedAt: string | null;
  /** Milliseconds from being asked for until it had its lease, and from there until the model answered. */
  readonly coldStart: { readonly leaseMs: number; readonly loadMs: number; readonly totalMs: number } | null;
}

export interface ServingView extends ServingTerms {
  readonly id: string;
  readonly projectId: string;
  readonly askedBy: string;
  readonly state: 'serving' | 'starting' | 'asleep' | 'stopping' | 'stopped';
  readonly reason: string | null;
  readonly wantedReplicas: number;
  readonly readyReplicas: number;
  readonly running: number;
  readonly waiting: number;
  /** The middle one of the latest starts. */
  readonly coldStartMs: number | null;
  readonly createdAt: string;
  readonly stoppedAt: string | null;
  readonly money: ServingMoney;
}

export function replicaView(row: ReplicaRow): ReplicaView {
  const total = coldStartMs(row);
  return {
    id: row.id, number: row.number, state: row.observed, wanted: row.wanted, reason: row.reason, leaseId: row.lease_id, nodeId: row.node_id, figures: figuresOf(row),
    askedAt: row.asked_at.toISOString(), leasedAt: iso(row.leased_at), readyAt: iso(row.ready_at), endedAt: iso(row.ended_at),
    coldStart: total === null || row.leased_at === null ? null : { leaseMs: row.leased_at.getTime() - row.asked_at.getTime(), loadMs: row.ready_at!.getTime() - row.leased_at.getTime(), totalMs: total },
  };
}

/** @param replicas those that live, and the latest that have ended. */
export function servingView(row: ServingRow, replicas: readonly ReplicaRow[], money: ServingMoney): ServingView {
  const ready = replicas.filter(({ observed }) => observed === 'ready');
  const sum = (name: 'running' | 'waiting') => replicas.reduce((all, one) => all + (one.observed === 'ready' || one.observed === 'draining' ? (figuresOf(one)?.[name] ?? 0) : 0), 0);
  return {
    id: row.id, name: row.name, projectId: row.project_id, model: row.model, engine: row.engine, ...settingsOf(row), lease: leaseOf(row), min: row.min_replicas, max: row.max_replicas, idleMinutes: row.idle_minutes, cold: row.cold, atMost: row.at_most,
    contextTokens: row.context_tokens, maxOutputTokens: row.max_output_tokens, askedBy: row.asked_by, state: stateOf(row, ready.length), reason: row.reason, wantedReplicas: row.replicas, readyReplicas: ready.length, running: sum('running'), waiting: sum('waiting'),
    coldStartMs: usualColdStartMs(replicas), createdAt: row.created_at.toISOString(), stoppedAt: iso(row.stopped_at), money,
  };
}

function stateOf(row: ServingRow, ready: number): ServingView['state'] {
  if (row.stopped_at !== null) return 'stopped';
  if (row.wanted === 'stop') return 'stopping';
  if (ready > 0) return 'serving';
  return row.replicas > 0 ? 'starting' : 'asleep';
}

function iso(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}
