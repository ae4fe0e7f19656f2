import type { Picodollars } from '../../base/index.ts';

/** A stretch of time, UTC milliseconds, its end not in it. */
export interface Stretch {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** A minute of a replica's lease and what it cost. */
export interface PaidMinute extends Stretch {
  readonly cost: Picodollars;
}

/** The tokens of one answer, and when they were made. */
export interface MadeTokens extends Stretch {
  readonly eventId: string;
  readonly tokens: bigint;
  /** What the caller paid for them. */
  readonly charge: Picodollars;
}

/** An answer's part of a minute. */
export interface TokenShare {
  readonly eventId: string;
  readonly atMs: number;
  readonly tokens: bigint;
  readonly cost: Picodollars;
  readonly charge: Picodollars;
}

export interface SplitMinute extends PaidMinute {
  /** 0: it was idle, and what it cost stands by itself. */
  readonly tokens: bigint;
}

/**
 * Splits each minute's cost over the tokens that were made in it, to the picodollar: the parts of a minute are together what it cost, and
 * the parts of an answer together its tokens and its charge. A minute without a token keeps its cost.
 * @param minutes in order, without overlap. An answer outside all of them counts in the nearest.
 */
export function splitMinutes(minutes: readonly PaidMinute[], made: readonly MadeTokens[]): { readonly minutes: SplitMinute[]; readonly shares: TokenShare[] } {
  if (minutes.length === 0) return { minutes: [], shares: [] };
  const byMinute = minutes.map((): { eventId: string; tokens: bigint; charge: Picodollars }[] => []);
  // Always in the same order, so that the same minutes give the same parts.
  for (const answer of made.toSorted((a, b) => (a.eventId < b.eventId ? -1 : 1))) {
    const tokens = spread(answer.tokens, answer, minutes);
    const charges = apportion(answer.charge, tokens);
    for (const [at, part] of tokens.entries()) if (part > 0n) byMinute[at]!.push({ eventId: answer.eventId, tokens: part, charge: charges[at]! });
  }
  const shares: TokenShare[] = [];
  const split = minutes.map((minute, at): SplitMinute => {
    const parts = byMinute[at]!;
    const costs = apportion(minute.cost, parts.map(({ tokens }) => tokens));
    shares.push(...parts.map((part, index): TokenShare => ({ ...part, atMs: minute.fromMs, cost: costs[index]! })));
    return { ...minute, tokens: parts.reduce((sum, { tokens }) => sum + tokens, 0n) };
  });
  return { minutes: split, shares };
}

/** Tokens over minutes by how much of the answer's time lies in each. */
function spread(tokens: bigint, { fromMs, untilMs }: Stretch, minutes: readonly Stretch[]): bigint[] {
  const overlaps = minutes.map((minute) => BigInt(Math.max(0, Math.round(Math.min(untilMs, minute.untilMs) - Math.max(fromMs, minute.fromMs)))));
  if (overlaps.some((overlap) => overlap > 0n)) return apportion(tokens, overlaps);
  const nearest = minutes.findLastIndex((minute) => minute.fromMs <= untilMs);
  return minutes.map((_, at) => (at === Math.max(0, nearest) ? tokens : 0n));
}

/** A whole over weights, to the unit: the parts add up to it. With no weight at all there are no parts. */
export function apportion(whole: bigint, weights: readonly bigint[]): bigint[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  if (total === 0n) return weights.map(() => 0n);
  let seen = 0n;
  let given = 0n;
  return weights.map((weight) => {
    seen += weight;
    const upTo = (whole * seen) / total;
    const part = upTo - given;
    given = upTo;
    return part;
  });
}
