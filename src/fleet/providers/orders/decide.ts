import type { ChargeTerms } from './release-time.ts';
import { affordableUntilMs, releaseAtMs } from './release-time.ts';

/** After an order whose answer was lost, the provider's list may show the machine only after a while. */
export const SETTLE_MS = 2 * 60_000;

/** What is known of an order, for deciding what to do. */
export interface OrderFacts {
  readonly wanted: 'have' | 'released';
  readonly observed: 'asked' | 'delivering' | 'ready' | 'reinstalling' | 'failed' | 'leaving' | 'gone';
  readonly machineId: string | null;
  readonly sentAtMs: number | null;
  readonly unclear: boolean;
  readonly reinstall: boolean;
  readonly neededUntilMs: number | null;
  readonly ceiling: bigint;
  readonly terms: ChargeTerms;
  /** Its machine is a node that leases may be on. */
  readonly node: boolean;
}

/** Who is on a machine that goes has this long to leave, and its wipe the last ten minutes of it. */
export const EMPTY_MS = 30 * 60_000;
export const WIPE_MS = 10 * 60_000;

export type OrderAction = 'nothing' | 'empty' | 'close' | 'find' | 'order' | 'look' | 'reinstall' | 'release';

/** When the machine is to go; Infinity: not yet known. */
export function goesAtMs({ neededUntilMs, ceiling, terms }: Pick<OrderFacts, 'neededUntilMs' | 'ceiling' | 'terms'>): number {
  const untilMs = Math.min(neededUntilMs ?? Infinity, affordableUntilMs(terms, ceiling));
  return untilMs === Infinity ? Infinity : releaseAtMs(terms, untilMs);
}

/** From when its node takes nothing new: when nobody needs it any more, at the latest some time before it goes. */
export function emptiesAtMs(order: Pick<OrderFacts, 'neededUntilMs' | 'ceiling' | 'terms'>): number {
  return Math.min(goesAtMs(order) - EMPTY_MS, order.neededUntilMs ?? Infinity);
}

/** The one next step of an order whose turn it is. */
export function decideOrder(order: OrderFacts, nowMs: number): OrderAction {
  const { wanted, observed, machineId, sentAtMs, unclear, reinstall } = order;
  if (observed === 'gone') return 'nothing';
  if (observed === 'leaving') return 'release';
  if (machineId === null) {
    if (wanted === 'have') return 'order';
    // Nobody wants it any more; but a machine may have come of it that would be billed for ever.
    return sentAtMs !== null && unclear ? 'find' : 'close';
  }
  // A machine with somebody on it is not taken away under them; but the ceiling holds.
  if (order.node && nowMs >= emptiesAtMs(order) && nowMs < affordableUntilMs(order.terms, order.ceiling)) return 'empty';
  if (nowMs >= goesAtMs(order)) return 'release';
  if (!reinstall || observed !== 'ready') return 'look';
  return order.node ? 'empty' : 'reinstall';
}
