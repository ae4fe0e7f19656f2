import type { Bucket, PriceBuckets } from './types.ts';

/** What a token is charged as where its own kind has no price of its own. */
const PARENTS: readonly (readonly [Bucket, Bucket])[] = [['cache_read', 'input'], ['cache_write', 'input'], ['reasoning', 'output']];

/**
 * Fills in, when a version is made, the kinds of token that providers charge like another kind where they
 * state no price: cached and cache-writing input like input, reasoning like output. They are then prices
 * like the others, shown with the version, so that rating itself never guesses. Rarer kinds (an hour's cache writes,
 * audio, images) are not filled in: such tokens are counted as what they are a kind of before they are rated.
 */
export function completeBuckets(buckets: PriceBuckets): PriceBuckets {
  const complete: { -readonly [B in Bucket]?: PriceBuckets[B] } = { ...buckets };
  for (const [child, parent] of PARENTS) {
    const price = buckets[parent];
    if (complete[child] === undefined && price !== undefined) complete[child] = price;
  }
  return complete;
}

/** True when both state the same prices, whatever quantity they are stated for. */
export function sameBuckets(a: PriceBuckets, b: PriceBuckets): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)] as Bucket[]);
  for (const name of names) {
    const one = a[name];
    const other = b[name];
    if (one === undefined || other === undefined || one.price * other.per !== other.price * one.per) return false;
  }
  return true;
}
