import type { Picodollars } from '../../base/index.ts';
import { priceOf, type Terms } from '../price/best-price.ts';
import { paidMinutes, startedMinutes, type Outage } from '../price/minutes.ts';

/** A minute of a lease, counted from its start, and by how much it raised what the lease costs. Its end is not in it. */
export interface MinuteCost {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly cost: Picodollars;
}

/**
 * What each minute of a lease cost, from `from` minutes after its start on: together they are what it is charged for that time. Minutes out
 * of reach cost nothing.
 * @param stoppedMs null: it goes on, and a minute that is not over is not told. A stopped lease pays its last minute whole.
 */
export function minuteCosts(terms: Terms, startMs: number, outages: readonly Outage[], from: number, nowMs: number, stoppedMs: number | null): MinuteCost[] {
  const until = stoppedMs === null ? Math.floor((nowMs - startMs) / 60_000) : startedMinutes(startMs, stoppedMs);
  let paid = paidMinutes(startMs, outages, 0, Math.min(from, until));
  let before = priceOf(terms, paid);
  const minutes: MinuteCost[] = [];
  for (let minute = from; minute < until; minute += 1) {
    paid += paidMinutes(startMs, outages, minute, minute + 1);
    const after = priceOf(terms, paid);
    minutes.push({ fromMs: startMs + minute * 60_000, untilMs: startMs + (minute + 1) * 60_000, cost: after - before });
    before = after;
  }
  return minutes;
}
