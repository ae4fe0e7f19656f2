import type { Bucket, PriceVersion, Quantities } from './ports.ts';

/** Token counts as every backend's usage is brought to: disjoint, so that a charge is the sum of its lines. */
export interface TokenCounts {
  /** Prompt tokens of text that were evaluated anew and not written to a cache. */
  readonly input: number;
  /** Prompt tokens that were found in a cache. */
  readonly cacheRead: number;
  /** Prompt tokens that were written to a cache, for minutes and for an hour. Absent: 0, as below. */
  readonly cacheWrite?: number;
  readonly cacheWriteLong?: number;
  readonly audioInput?: number;
  readonly imageInput?: number;
  /** Answer tokens of text, without reasoning. */
  readonly output: number;
  readonly reasoning: number;
  readonly audioOutput?: number;
}

/**
 * Puts counts into the buckets that a price list knows: what it does not price by itself counts as what it is a
 * kind of (cached, audio and image input as input, an hour's cache writes as cache writes, reasoning and audio as
 * output). Input and output always stay, so that a list without them is refused as an unknown price and never read as zero.
 */
export function toQuantities(counts: TokenCounts, price: Pick<PriceVersion, 'buckets'>): Quantities {
  const { buckets } = price;
  const quantities: { [B in Bucket]?: bigint } = {};
  /** Counts tokens where they have a price of their own, and gives back how many have not. */
  const rest = (bucket: Bucket, tokens: number | undefined): number => {
    if (tokens === undefined || tokens === 0) return 0;
    if (buckets[bucket] === undefined) return tokens;
    quantities[bucket] = BigInt(tokens);
    return 0;
  };
  quantities.input = BigInt(counts.input + rest('cache_read', counts.cacheRead) + rest('cache_write', (counts.cacheWrite ?? 0) + rest('cache_write_1h', counts.cacheWriteLong)) +
    rest('audio_input', counts.audioInput) + rest('image_input', counts.imageInput));
  quantities.output = BigInt(counts.output + rest('reasoning', counts.reasoning) + rest('audio_output', counts.audioOutput));
  if (buckets.request) quantities.request = 1n;
  return quantities;
}

/** A reply from the response cache: counted where the list prices such replies, else for nothing, like requests. */
export function cachedReplyQuantities(price: Pick<PriceVersion, 'buckets'>): Quantities {
  return price.buckets.cached_reply ? { cached_reply: 1n } : {};
}

/**
 * What a call within these bounds can use at most. In which bucket each token ends (cached, reasoning) is not known
 * yet: the ledger holds for the dearest.
 */
export function worstQuantities(inputBound: number, outputBound: number, price: Pick<PriceVersion, 'buckets'> | undefined): Quantities {
  return { input: BigInt(inputBound), output: BigInt(outputBound), ...(price?.buckets.request && { request: 1n }) };
}
