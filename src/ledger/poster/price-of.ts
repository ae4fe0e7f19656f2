import type { PriceBook } from '../prices/book.ts';
import { ratedOn } from '../prices/service-tier.ts';
import type { PriceOf } from './open-calls.ts';

/**
 * The version in force at a call's admission. Every process knows a new version before it begins, so this is the one that
 * the gateway admitted it under; it is looked up anew because the ledger, not the gateway, is what the bill rests on.
 */
export function priceOfAdmission(prices: PriceBook): PriceOf {
  return ({ context, admittedAtMs }) => {
    const admitted = prices.byId(context.priceId);
    const inForce = prices.priceOn(context.organisationId, context.resource, context.tier, context.serviceTier, admittedAtMs);
    return inForce !== undefined && inForce.currency === context.currency ? inForce : admitted && ratedOn(admitted, context.serviceTier);
  };
}
