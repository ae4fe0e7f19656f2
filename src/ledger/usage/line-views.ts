import { rate, type RatedLine } from '../rating/rate.ts';
import { quantitiesFromJson } from '../rating/quantities.ts';
import { ratedOn } from '../prices/service-tier.ts';
import type { Bucket, PriceVersion, ServiceTier } from '../prices/types.ts';

export interface UsageLineView {
  readonly bucket: Bucket;
  readonly quantity: string;
  readonly price: string;
  readonly per: string;
  readonly amount: string;
  /** What of the quantity is of which attempt, from 1; absent: all of it is of the one that delivered. */
  readonly attempts?: readonly { readonly attempt: number; readonly quantity: string }[];
}

interface Rateable {
  readonly quantities: Readonly<Record<string, string>>;
  readonly service_tier: ServiceTier;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** The rated lines of an event, and of which attempts they are where the project paid for attempts that did not deliver. */
export function lineViews({ quantities, service_tier: serviceTier, attributes }: Rateable, price: PriceVersion | undefined): UsageLineView[] {
  if (price === undefined) return [];
  const parts = billedParts(attributes);
  return rate(quantitiesFromJson(quantities), ratedOn(price, serviceTier)).lines.map((line) => ({
    bucket: line.bucket, quantity: String(line.quantity), price: String(line.price), per: String(line.per), amount: String(line.amount), ...(parts !== null && { attempts: ofAttempts(line, parts) }),
  }));
}

interface Parts {
  readonly billed: readonly { readonly attempt: number; readonly quantities: Readonly<Record<string, unknown>> }[];
  /** The one that delivered. */
  readonly delivered: number;
}

/** Null: no attempt was paid for that did not deliver. */
function billedParts(attributes: Readonly<Record<string, unknown>>): Parts | null {
  const attempts = Array.isArray(attributes['attempts']) ? attributes['attempts'].map((one) => (one ?? {}) as Readonly<Record<string, unknown>>) : [];
  const billed = attempts.flatMap(({ billed: quantities }, at) => (typeof quantities === 'object' && quantities !== null ? [{ attempt: at + 1, quantities: quantities as Readonly<Record<string, unknown>> }] : []));
  if (billed.length === 0) return null;
  const found = attempts.findIndex((one) => one['delivered'] === true);
  return { billed, delivered: found === -1 ? attempts.length : found + 1 };
}

function ofAttempts({ bucket, quantity }: RatedLine, { billed, delivered }: Parts): { attempt: number; quantity: string }[] {
  let rest = quantity;
  const parts = billed.flatMap(({ attempt, quantities }) => {
    const own = BigInt(String(quantities[bucket] ?? 0));
    rest -= own;
    return own === 0n ? [] : [{ attempt, quantity: String(own) }];
  });
  return rest > 0n ? [...parts, { attempt: delivered, quantity: String(rest) }] : parts;
}
