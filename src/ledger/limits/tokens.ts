import type { Bucket, Quantities } from '../prices/types.ts';

/** What a limit on tokens counts, cached ones too: each token of a call is in one of these. */
const COUNTED: readonly Bucket[] = ['input', 'cache_read', 'cache_write', 'cache_write_1h', 'audio_input', 'image_input', 'output', 'reasoning', 'audio_output'];

export function tokensOf(quantities: Quantities): bigint {
  let tokens = 0n;
  for (const bucket of COUNTED) {
    const quantity = quantities[bucket];
    if (quantity !== undefined) tokens += quantity;
  }
  return tokens;
}
