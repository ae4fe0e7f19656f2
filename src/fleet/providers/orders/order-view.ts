import type { Selectable } from 'kysely';
import type { OrderStepRow, ProviderOrderRow } from '../../../db/index.ts';
import { ARRIVAL_STEPS, type ArrivalStep } from '../arrival/steps.ts';
import { ADVICE, FAULT_KINDS } from '../fault.ts';
import { factsOf } from './order-reconciler.ts';
import { chargedBy } from './release-time.ts';

export interface ArrivalView {
  readonly pool: string;
  readonly state: 'waits' | 'working' | 'person' | 'done';
  /** Null: it is none yet. */
  readonly nodeId: string | null;
  readonly hostKey: string | null;
  readonly hostKeyFrom: 'provider' | 'first-use' | null;
  /** A reinstalled machine is to be a node again by then. */
  readonly by: string | null;
  /** Of the last delivery, in their order; those to come are not there. */
  readonly steps: { readonly step: ArrivalStep; readonly state: OrderStepRow['state']; readonly attempts: number; readonly reason: string | null; readonly next: string | null; readonly startedAt: string; readonly endedAt: string | null }[];
}

export interface OrderView {
  readonly id: string;
  readonly provider: string;
  readonly offer: string;
  readonly wanted: 'have' | 'released';
  readonly state: Selectable<ProviderOrderRow>['observed'];
  /** In the provider's words or ours, why it is in that state. */
  readonly reason: string | null;
  /** What to do about the last fault; null: there is none. */
  readonly next: string | null;
  readonly estimateAt: string | null;
  readonly machineId: string | null;
  readonly reinstalls: number;
  readonly orderedBy: string;
  readonly createdAt: string;
  readonly deliveredAt: string | null;
  readonly billedSince: string | null;
  readonly paidUntil: string | null;
  readonly deletableAt: string | null;
  readonly neededUntil: string | null;
  readonly releaseAt: string | null;
  readonly goneAt: string | null;
  /** How its machine becomes a node by itself; null: a person enters it. */
  readonly arrival: ArrivalView | null;
  readonly cost: { readonly currency: string; readonly perHour: string; readonly ceiling: string; /** Charged by the provider so far, by its terms. */ readonly soFar: string };
}

/** @param steps of this order; those of earlier deliveries are left out here. */
export function orderView(row: Selectable<ProviderOrderRow>, nowMs: number, steps: readonly Selectable<OrderStepRow>[] = []): OrderView {
  const kind = FAULT_KINDS.find((one) => one === row.fault);
  const endMs = (row.left_at ?? row.gone_at)?.getTime() ?? nowMs;
  return {
    id: row.id, provider: row.provider, offer: row.offer, wanted: row.wanted, state: row.observed, reason: row.reason, next: kind === undefined ? null : ADVICE[kind].next, estimateAt: iso(row.estimate_at),
    machineId: row.machine_id, reinstalls: row.turn, orderedBy: row.ordered_by, createdAt: row.created_at.toISOString(), deliveredAt: iso(row.delivered_at), billedSince: iso(row.billed_since), paidUntil: iso(row.paid_until),
    deletableAt: iso(row.deletable_at), neededUntil: iso(row.needed_until), releaseAt: iso(row.release_at), goneAt: iso(row.gone_at),
    arrival: row.pool === null ? null : arrivalView(row, row.pool, steps.filter(({ turn }) => turn === row.turn)),
    cost: { currency: row.currency, perHour: row.per_hour, ceiling: row.ceiling, soFar: row.billed_since === null ? '0' : String(chargedBy(factsOf(row).terms, endMs)) },
  };
}

function arrivalView(row: Selectable<ProviderOrderRow>, pool: string, steps: readonly Selectable<OrderStepRow>[]): ArrivalView {
  const state = row.arrived_turn === row.turn ? 'done' : steps.some((one) => one.state === 'person') ? 'person' : steps.length === 0 ? 'waits' : 'working';
  return {
    pool, state, nodeId: row.node_id, hostKey: row.host_key, hostKeyFrom: row.host_key_from, by: iso(row.arrive_by),
    steps: steps.toSorted((a, b) => ARRIVAL_STEPS.indexOf(a.step) - ARRIVAL_STEPS.indexOf(b.step))
      .map((one) => ({ step: one.step, state: one.state, attempts: one.attempts, reason: one.reason, next: one.next, startedAt: one.started_at.toISOString(), endedAt: iso(one.ended_at) })),
  };
}

function iso(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}
