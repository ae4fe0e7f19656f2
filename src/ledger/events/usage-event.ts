import type { Picodollars } from '../../base/index.ts';
import type { CallerTier, ServiceTier } from '../prices/types.ts';
import type { HashedPlace, HashedUse } from '../rating/event-hash.ts';
import type { RatedLine } from '../rating/rate.ts';
import type { WindowKey } from './records.ts';

/**
 * What a key's calls of one model have in common. Thousands of events share one object, so that what is made of it (text,
 * bytes, sums) is made once and found by the object.
 */
export interface UsagePlace extends HashedPlace {
  readonly tier: CallerTier;
  readonly serviceTier: ServiceTier;
  /** The slices of its epoch that calls here are held from. */
  readonly windows: readonly WindowKey[];
}

/** A usage event on its way into Postgres: what its hash will cover, and what its sums are made of. */
export interface UsageEvent extends HashedUse {
  readonly place: UsagePlace;
  readonly lines: readonly RatedLine[];
  /** What it frees of the place's slices: the amount by which the gateway lowered each of them. */
  readonly freed: Picodollars;
}
