import type { CallerTier, PriceTier, PriceVersion, ServiceTier } from './types.ts';

/** The rule as it is said to people, beside every price and bill. */
export const FLEX_RULE =
  'On flex, where a model has no price for it, a call costs half of what it costs otherwise: the quantity that each price is stated for is doubled. Contributors always pay half of their price there. Priority costs the same as default where a model has no price for it.';

/** The list that a service tier has for itself, or null: it goes by the caller's own. */
export function ownListOf(tier: CallerTier, serviceTier: ServiceTier): PriceTier | null {
  if (serviceTier === 'priority') return 'priority';
  return serviceTier === 'flex' && tier === 'standard' ? 'flex' : null;
}

const halves = new WeakMap<PriceVersion, PriceVersion>();

/** A version as calls of a service tier are rated by it: on flex at half, unless it was stated for flex. One object per version. */
export function ratedOn(version: PriceVersion, serviceTier: string): PriceVersion {
  if (serviceTier !== 'flex' || version.tier === 'flex') return version;
  let half = halves.get(version);
  if (half === undefined) {
    half = { ...version, buckets: Object.fromEntries(Object.entries(version.buckets).map(([bucket, unit]) => [bucket, { price: unit.price, per: unit.per * 2n }])) };
    halves.set(version, half);
  }
  return half;
}
