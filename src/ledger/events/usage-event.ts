import type { Picodollars } from '../../base/index.ts';
import type { CallerTier, ServiceTier } from '../prices/types.ts';
import type { HashedEvent } from '../rating/event-hash.ts';
import type { RatedLine } from '../rating/rate.ts';
import type { WindowKey } from './records.ts';

/** A usage event on its way into Postgres: what its hash will cover, and what its sums are made of. */
export interface UsageEvent extends Omit<HashedEvent, 'epoch' | 'sequence'> {
  readonly tier: CallerTier;
  readonly serviceTier: ServiceTier;
  readonly lines: readonly RatedLine[];
  /** What it frees of its epoch's slices: the amount by which the gateway lowered each of them. */
  readonly slices: { readonly windows: readonly WindowKey[]; readonly amount: Picodollars } | null;
}
