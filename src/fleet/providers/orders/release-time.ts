import { divideUp, type Picodollars } from '../../../base/index.ts';

const HOUR_MS = 3_600_000;
/** A machine goes this long before the next period would begin, so that the provider has taken it back by then. */
const LEAD_MS = 2 * 60_000;
const OUT_OF_SIGHT_MS = 100n * 365n * 86_400_000n;

/** What a provider charges for one machine, frozen when it was ordered. All but the price in milliseconds. */
export interface ChargeTerms {
  readonly startedAtMs: number;
  /** A whole number of periods. */
  readonly minimumMs: number;
  readonly periodMs: number;
  readonly perHour: Picodollars;
  /** Null: it is taken back at any time. */
  readonly deletableAtMs: number | null;
}

/** Until when is paid when the machine is kept until then: the minimum, or whole periods. */
export function paidUntilMs({ startedAtMs, minimumMs, periodMs }: ChargeTerms, untilMs: number): number {
  const periods = Math.ceil(Math.max(0, untilMs - startedAtMs) / periodMs);
  return startedAtMs + Math.max(minimumMs, periods * periodMs);
}

/** What the provider charges in all when the machine is kept until then, rounded up. */
export function chargedBy(terms: ChargeTerms, untilMs: number): Picodollars {
  return divideUp(terms.perHour * BigInt(Math.round(paidUntilMs(terms, untilMs) - terms.startedAtMs)), BigInt(HOUR_MS));
}

/**
 * The last moment at which giving back costs no more than the ceiling; Infinity where that is out of sight. What is charged at least is
 * charged whatever the ceiling.
 */
export function affordableUntilMs(terms: ChargeTerms, ceiling: Picodollars): number {
  const { startedAtMs, minimumMs, periodMs, perHour } = terms;
  const affordableMs = perHour === 0n ? OUT_OF_SIGHT_MS : (ceiling * BigInt(HOUR_MS)) / perHour / BigInt(periodMs) * BigInt(periodMs);
  if (affordableMs >= OUT_OF_SIGHT_MS) return Infinity;
  return startedAtMs + Math.max(minimumMs, Number(affordableMs) - leadMs(periodMs));
}

/**
 * When to give a machine back that is needed until then: no sooner than is paid for and no sooner than the provider takes it, and before the
 * next period is charged.
 */
export function releaseAtMs(terms: ChargeTerms, neededUntilMs: number): number {
  const { startedAtMs, minimumMs, periodMs, deletableAtMs } = terms;
  const earliestMs = Math.max(startedAtMs + minimumMs, deletableAtMs ?? 0);
  const neededMs = Math.max(neededUntilMs, earliestMs);
  // At the very end of the minimum there is nothing left to use, and the provider takes nothing back before.
  if (neededMs === earliestMs) return earliestMs;
  const endMs = paidUntilMs(terms, neededMs);
  return Math.max(neededMs, endMs - leadMs(periodMs));
}

function leadMs(periodMs: number): number {
  return Math.min(LEAD_MS, periodMs / 10);
}
