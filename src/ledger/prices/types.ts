import type { Currency, Picodollars } from '../../base/index.ts';

/**
 * Kinds of what is counted. They are disjoint: a token is in exactly one of them, so that a charge is
 * the plain sum of its lines (`input` excludes what is read from or written to a cache, audio and images; `output`
 * excludes reasoning and audio). `cache_write_1h` is written to be kept for an hour, `cache_write` for minutes.
 * `cached_reply` counts replies that came from the response cache, of which no token is counted. A `day` is 24 h, a `week` 7 and a `month` 30 of them,
 * from the start of what is counted.
 */
export const BUCKETS = [
  'input', 'cache_read', 'cache_write', 'cache_write_1h', 'audio_input', 'image_input', 'output', 'reasoning', 'audio_output',
  'request', 'cached_reply', 'second', 'minute', 'hour', 'day', 'week', 'month', 'byte',
] as const;
export type Bucket = (typeof BUCKETS)[number];

/** How much of each bucket was used: whole, non-negative numbers. A bucket that is absent counts as zero. */
export type Quantities = { readonly [B in Bucket]?: bigint };

/** `price` picodollars for `per` units: 1,250,000,000,000 for 1,000,000 tokens is $1.25 per million. `per` is at least 1. */
export interface UnitPrice {
  readonly price: Picodollars;
  readonly per: bigint;
}
export type PriceBuckets = { readonly [B in Bucket]?: UnitPrice };

/** What a project pays by: `contributor` is the price of projects that consented to be learnt from. */
export type CallerTier = 'standard' | 'contributor';
/** How a call is served: `flex` runs on spare capacity only, `priority` goes before others. */
export type ServiceTier = 'default' | 'priority' | 'flex';
/** Whom or what a list is for: a tier of callers, or a service tier that has prices of its own. */
export type PriceTier = CallerTier | 'priority' | 'flex';
/** `sell`: what callers pay. `cost`: what a backend costs the operator. */
export type PriceSide = 'sell' | 'cost';

/**
 * One version of a price: immutable. It is in force from `effectiveFromMs` until the next version of the same
 * list (organisation, resource, tier, side, backend) begins; two versions of one list never begin at the same time.
 */
export interface PriceVersion {
  readonly id: string;
  readonly organisationId: string;
  readonly resource: string;
  readonly tier: PriceTier;
  readonly side: PriceSide;
  /** Which backend's cost this is; null for what callers pay, or for a cost that every backend shares. */
  readonly backendId: string | null;
  readonly currency: Currency;
  readonly buckets: PriceBuckets;
  /** UTC milliseconds; whole. */
  readonly effectiveFromMs: number;
  /** Where the figures come from, with a date. */
  readonly source: string;
}
