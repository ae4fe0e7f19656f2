import type { Bucket, PriceVersion, Quantities } from './ports.ts';

/** Token counts as every backend's usage is brought to: disjoint, so that a charge is the sum of its lines. */
export interface TokenCounts {
  /** Prompt tokens that were evaluated anew. */
  readonly input: number;
  /** Prompt tokens that were found in a cache. */
  readonly cacheRead: number;
  /** Answer tokens without reasoning. */
  readonly output: number;
  readonly reasoning: number;
}

/**
 * Puts counts into the buckets that a price list knows: what it does not price by itself counts as what it is a
 * kind of (cached input as input, reasoning as output). Input and output always stay, so that a list without
 * them is refused as an unknown price and never read as zero.
 */
export function toQuantities(counts: TokenCounts, price: Pick<PriceVersion, 'buckets'>): Quantities {
  const { buckets } = price;
  const quantities: { [B in Bucket]?: bigint } = {
    input: BigInt(counts.input + (buckets.cache_read ? 0 : counts.cacheRead)),
    output: BigInt(counts.output + (buckets.reasoning ? 0 : counts.reasoning)),
  };
  if (buckets.cache_read && counts.cacheRead > 0) quantities.cache_read = BigInt(counts.cacheRead);
  if (buckets.reasoning && counts.reasoning > 0) quantities.reasoning = BigInt(counts.reasoning);
  if (buckets.request) quantities.request = 1n;
  return quantities;
}

/**
 * What a call within these bounds can use at most. In which bucket each token ends (cached, reasoning) is not known
 * yet: the ledger holds for the dearest.
 */
export function worstQuantities(inputBound: number, outputBound: number, price: Pick<PriceVersion, 'buckets'> | undefined): Quantities {
  return { input: BigInt(inputBound), output: BigInt(outputBound), ...(price?.buckets.request && { request: 1n }) };
}
