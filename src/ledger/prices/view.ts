import { bucketsToJson, type JsonBuckets, type StoredPrice } from './book.ts';

/** A price version as the API gives it. `effectiveTo` is the start of the next version; null: none is known. */
export interface PriceView {
  readonly id: string;
  readonly resource: string;
  readonly tier: 'standard' | 'contributor';
  readonly side: 'sell' | 'cost';
  readonly backendId: string | null;
  readonly currency: string;
  readonly buckets: JsonBuckets;
  readonly effectiveFrom: string;
  readonly effectiveTo: string | null;
  readonly source: string;
  readonly createdAt: string;
  readonly createdBy: string;
}

export function priceView(price: StoredPrice, next: StoredPrice | undefined): PriceView {
  return {
    id: price.id, resource: price.resource, tier: price.tier, side: price.side, backendId: price.backendId, currency: price.currency,
    buckets: bucketsToJson(price.buckets), effectiveFrom: iso(price.effectiveFromMs), effectiveTo: next === undefined ? null : iso(next.effectiveFromMs),
    source: price.source, createdAt: iso(price.createdAtMs), createdBy: price.createdBy,
  };
}

/** A list, newest first, as views; without history only what is in force at `nowMs` or is to come. */
export function listViews(list: readonly StoredPrice[], nowMs: number, history: boolean): PriceView[] {
  const views = list.map((price, at) => priceView(price, list[at - 1]));
  return history ? views : views.filter((view) => view.effectiveTo === null || Date.parse(view.effectiveTo) > nowMs);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
