import { TandemError, formatAmount, type Picodollars } from '../../base/index.ts';
import { priceOf, type Terms } from '../price/best-price.ts';
import { MOST_MINUTES } from '../price/quote.ts';

const MINUTE = 60_000;
/** Clocks of callers differ, and a wish takes its time on the way. */
const LATE_MS = 5 * MINUTE;

/**
 * A start that is over is a slip of the pen, and one that nobody lives to see would hold machines back from all who say no end. Null: as soon as possible.
 * @throws TandemError invalid_request.
 */
export function demandStart(startsAtMs: number | null, nowMs: number): void {
  if (startsAtMs === null) return;
  if (startsAtMs < nowMs - LATE_MS) throw wrong('startsAt', `The start ${iso(startsAtMs)} is over: it is ${iso(nowMs)}. Leave it out to begin as soon as possible.`);
  if (startsAtMs > nowMs + MOST_MINUTES * MINUTE) throw wrong('startsAt', `The start ${iso(startsAtMs)} is more than a year away.`);
}

/** A lease that is extended ends within a year from now, as a new one does. @throws TandemError invalid_request. */
export function demandEnd(endsAtMs: number, nowMs: number): void {
  if (endsAtMs > nowMs + MOST_MINUTES * MINUTE) throw wrong('minutes', `It would end on ${iso(endsAtMs)}, and a lease ends within a year from now. Extend it by less.`);
}

/** @param cost what it comes to in all. @throws TandemError over_at_most. */
export function demandAtMost(cost: Picodollars, atMost: string | null, currency: string): void {
  if (atMost === null || cost <= BigInt(atMost)) return;
  throw new TandemError('over_at_most', { params: { cost: formatAmount(cost), atMost: formatAmount(BigInt(atMost)), currency }, facts: { cost: String(cost), atMost } });
}

/** Prices change: who has agreed to one is not charged a higher one. @param agreed picodollars as text; null: nobody was asked. @throws TandemError price_changed. */
export function demandAgreed(cost: Picodollars, agreed: string | null, currency: string): void {
  if (agreed === null || cost <= BigInt(agreed)) return;
  throw new TandemError('price_changed', { params: { cost: formatAmount(cost), agreed: formatAmount(BigInt(agreed)), currency }, facts: { cost: String(cost), agreed } });
}

/** Amounts in the database have 38 digits, and many leases are summed there. */
const MOST_COST = 10n ** 30n;

/** A price that was stated too large by many digits is said to be so before a lease, and not when its hours can be put into no books. @throws TandemError invalid_request. */
export function demandCountable(terms: Terms, resource: string): void {
  if (priceOf(terms, MOST_MINUTES) > MOST_COST) throw wrong('price', `A year of ${resource} would cost more than the books can hold. Correct its price: tandem prices set ${resource} --gpu-hour 1.00 --source TEXT.`);
}

function wrong(param: string, reason: string): TandemError {
  return new TandemError('invalid_request', { params: { reason }, param });
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
