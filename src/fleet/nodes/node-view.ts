import type { Selectable } from 'kysely';
import type { NodeEventRow, NodeRow } from '../../db/index.ts';
import { changedHardware } from './hardware.ts';
import { isConnected, nodeState, type NodeState } from './node-state.ts';

export interface NodeView {
  readonly id: string;
  readonly name: string;
  readonly pool: string;
  readonly platform: string;
  /** Linux in the place of a Mac: not macOS. */
  readonly standIn: boolean;
  readonly state: NodeState;
  readonly connected: boolean;
  readonly lastSeenAt: string | null;
  readonly health: { readonly state: NodeRow['health']; readonly reasons: string[] };
  /** Null: nobody has looked at what the machine says it is. */
  readonly approved: { readonly by: string; readonly at: string } | null;
  /** What differs from what was approved. */
  readonly changed: string[];
  readonly wanted: { readonly what: NodeRow['wanted']; readonly reason: string | null; readonly by: string | null; readonly at: string | null; readonly deadlineAt: string | null };
  readonly quarantine: { readonly at: string; readonly reason: string } | null;
  /** As the machine itself tells it. */
  readonly inventory: Record<string, unknown>;
  readonly inventoryAt: string | null;
  readonly agentVersion: string | null;
  readonly createdAt: string;
  readonly usableAt: string | null;
}

export interface NodeEventView {
  readonly id: string;
  readonly at: string;
  readonly kind: string;
  readonly detail: string;
}

const iso = (at: Date | null): string | null => at?.toISOString() ?? null;

export function nodeView(row: Selectable<NodeRow>, nowMs: number): NodeView {
  return {
    id: row.id, name: row.name, pool: row.pool, platform: row.platform, standIn: row.stand_in, state: nodeState(row, nowMs), connected: isConnected(row, nowMs), lastSeenAt: iso(row.last_seen_at),
    health: { state: row.health, reasons: row.health_reasons },
    approved: row.approved_at === null ? null : { by: row.approved_by ?? '', at: row.approved_at.toISOString() },
    changed: changedHardware(row.approved_inventory, row.inventory),
    wanted: { what: row.wanted, reason: row.wanted_reason, by: row.wanted_by, at: iso(row.wanted_at), deadlineAt: iso(row.deadline_at) },
    quarantine: row.quarantined_at === null ? null : { at: row.quarantined_at.toISOString(), reason: row.quarantine_reason ?? '' },
    inventory: row.inventory, inventoryAt: iso(row.inventory_at), agentVersion: row.agent_version, createdAt: row.created_at.toISOString(), usableAt: iso(row.usable_at),
  };
}

export function nodeEventView(row: Selectable<NodeEventRow>): NodeEventView {
  return { id: row.id, at: row.at.toISOString(), kind: row.kind, detail: row.detail };
}
