import type { Picodollars } from '../../base/index.ts';
import { cheapestCovering } from './covering.ts';
import { costOfMinutes, UNIT_MINUTES, type Blocks, type RateCard } from './rate-card.ts';

/** Minutes that one usage event carries at most. */
export const EVENT_MINUTES = 60;

/** What a lease is charged by: frozen when it was quoted. */
export interface Terms {
  readonly card: RateCard;
  /** Machines, GPUs or slices. */
  readonly count: number;
  /** The 24-hour rule binds: whatever is used, a day is paid. */
  readonly leastDay: boolean;
}

/** One usage event's share of a lease: what the ledger rates, and by how much less than that it is charged. */
export interface Share {
  readonly quantities: Blocks;
  readonly charge: Picodollars;
  /** The quantities' price less the charge: what the best price takes off. Never negative. */
  readonly excess: Picodollars;
}

/**
 * What a lease costs that was used for so many minutes, f(t): the cheapest covering, monotone in the minutes. Where minutes alone are
 * priced it is the sum of its events, whole hours from the start.
 */
export function priceOf(terms: Terms, minutes: number): Picodollars {
  const { card, count, leastDay } = terms;
  if (minutes <= 0) return 0n;
  const paid = leastDay ? Math.max(minutes, UNIT_MINUTES.day) : minutes;
  if (card.kind === 'blocks') return cheapestCovering(card, paid).cost * BigInt(count);
  const rest = paid % EVENT_MINUTES;
  return BigInt((paid - rest) / EVENT_MINUTES) * costOfMinutes(card, EVENT_MINUTES, count) + costOfMinutes(card, rest, count);
}

/**
 * The event that takes a lease from `before` paid minutes to `after`, at most an hour on: it charges f(after) − f(before). Two coverings side
 * by side cover the sum of their times, so that difference is never more than the covering of the new minutes alone costs, which is what
 * stands in `quantities`.
 */
export function shareOf(terms: Terms, before: number, after: number): Share {
  const { card, count, leastDay } = terms;
  const charge = priceOf(terms, after) - priceOf(terms, before);
  if (charge === 0n) return { quantities: {}, charge, excess: 0n };
  // Where a day is paid at least, its whole price falls due with the first minute, and nothing until it is over.
  const floor = leastDay ? UNIT_MINUTES.day : 0;
  const minutes = Math.max(after, floor) - (before === 0 ? 0 : Math.max(before, floor));
  if (card.kind === 'minutes') return minuteShare({ card, count }, minutes, charge);
  const { blocks, cost } = cheapestCovering(card, minutes);
  const quantities = Object.fromEntries(Object.entries(blocks).filter(([, n]) => n > 0n).map(([unit, n]) => [unit, n * BigInt(count)]));
  return { quantities, charge, excess: cost * BigInt(count) - charge };
}

/** By minutes alone an event costs what its line costs. */
function minuteShare({ card, count }: { card: Extract<RateCard, { kind: 'minutes' }>; count: number }, minutes: number, due: Picodollars): Share {
  const line = costOfMinutes(card, minutes, count);
  return { quantities: { minute: BigInt(minutes) * BigInt(count) }, charge: line < due ? line : due, excess: line < due ? 0n : line - due };
}
