import { bucketsToJson, type JsonBuckets, type PriceBook, type StoredPrice } from './book.ts';
import { ownListOf, ratedOn } from './service-tier.ts';
import type { PriceTier } from './types.ts';

/** A price version as the API gives it. `effectiveTo` is the start of the next version; null: none is known. */
export interface PriceView {
  readonly id: string;
  readonly resource: string;
  readonly tier: PriceTier;
  readonly side: 'sell' | 'cost';
  readonly backendId: string | null;
  readonly currency: string;
  readonly buckets: JsonBuckets;
  /** What the same callers pay on `flex` by this version; null: that goes by another list, or nobody pays by it. */
  readonly flexBuckets: JsonBuckets | null;
  readonly effectiveFrom: string;
  readonly effectiveTo: string | null;
  readonly source: string;
  readonly createdAt: string;
  readonly createdBy: string;
}

export function priceView(price: StoredPrice, next: StoredPrice | undefined, book: Pick<PriceBook, 'listOf'>): PriceView {
  return {
    id: price.id, resource: price.resource, tier: price.tier, side: price.side, backendId: price.backendId, currency: price.currency,
    buckets: bucketsToJson(price.buckets), flexBuckets: flexBuckets(price, book), effectiveFrom: iso(price.effectiveFromMs), effectiveTo: next === undefined ? null : iso(next.effectiveFromMs),
    source: price.source, createdAt: iso(price.createdAtMs), createdBy: price.createdBy,
  };
}

/** A list, newest first, as views; without history only what is in force at `nowMs` or is to come. */
export function listViews(list: readonly StoredPrice[], nowMs: number, history: boolean, book: Pick<PriceBook, 'listOf'>): PriceView[] {
  const views = list.map((price, at) => priceView(price, list[at - 1], book));
  return history ? views : views.filter((view) => view.effectiveTo === null || Date.parse(view.effectiveTo) > nowMs);
}

function flexBuckets(price: StoredPrice, book: Pick<PriceBook, 'listOf'>): JsonBuckets | null {
  const { tier, side, organisationId, resource, effectiveFromMs } = price;
  if (side !== 'sell' || (tier !== 'standard' && tier !== 'contributor')) return null;
  const own = ownListOf(tier, 'flex');
  const stated = own === null ? [] : book.listOf(organisationId, resource, own, 'sell', null);
  return stated.some((one) => one.effectiveFromMs <= effectiveFromMs) ? null : bucketsToJson(ratedOn(price, 'flex').buckets);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
