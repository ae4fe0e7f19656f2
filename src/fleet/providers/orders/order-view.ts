import type { Selectable } from 'kysely';
import type { ProviderOrderRow } from '../../../db/index.ts';
import { ADVICE, FAULT_KINDS } from '../fault.ts';
import { factsOf } from './order-reconciler.ts';
import { chargedBy } from './release-time.ts';

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
  readonly cost: { readonly currency: string; readonly perHour: string; readonly ceiling: string; /** Charged by the provider so far, by its terms. */ readonly soFar: string };
}

export function orderView(row: Selectable<ProviderOrderRow>, nowMs: number): OrderView {
  const kind = FAULT_KINDS.find((one) => one === row.fault);
  const endMs = (row.left_at ?? row.gone_at)?.getTime() ?? nowMs;
  return {
    id: row.id, provider: row.provider, offer: row.offer, wanted: row.wanted, state: row.observed, reason: row.reason, next: kind === undefined ? null : ADVICE[kind].next, estimateAt: iso(row.estimate_at),
    machineId: row.machine_id, reinstalls: row.turn, orderedBy: row.ordered_by, createdAt: row.created_at.toISOString(), deliveredAt: iso(row.delivered_at), billedSince: iso(row.billed_since), paidUntil: iso(row.paid_until),
    deletableAt: iso(row.deletable_at), neededUntil: iso(row.needed_until), releaseAt: iso(row.release_at), goneAt: iso(row.gone_at),
    cost: { currency: row.currency, perHour: row.per_hour, ceiling: row.ceiling, soFar: row.billed_since === null ? '0' : String(chargedBy(factsOf(row).terms, endMs)) },
  };
}

function iso(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}
