import type { TokenCounts } from '../../quantities.ts';
import { isObject, type JsonObject } from '../../request/json.ts';

/**
 * Reads the `usage` of a response (SDK 7.57, `ResponseUsage`), where cached and cache-written tokens are part of the input's and
 * reasoning is part of the output's. Null when it is not made of whole, non-negative numbers: unknown is not zero.
 */
export function readUsage(usage: unknown): TokenCounts | null {
  if (!isObject(usage)) return null;
  const input = count(usage['input_tokens']);
  const output = count(usage['output_tokens']);
  if (input === undefined || output === undefined) return null;
  const details = isObject(usage['input_tokens_details']) ? usage['input_tokens_details'] : {};
  const cacheRead = Math.min(count(details['cached_tokens']) ?? 0, input);
  const written = Math.min(count(details['cache_write_tokens']) ?? 0, input - cacheRead);
  const long = Math.min(isObject(details['cache_write_tokens_details']) ? count(details['cache_write_tokens_details']['ttl_12h_tokens']) ?? 0 : 0, written);
  const thoughts = isObject(usage['output_tokens_details']) ? count(usage['output_tokens_details']['reasoning_tokens']) ?? 0 : 0;
  const reasoning = Math.min(thoughts, output);
  return {
    input: input - cacheRead - written, cacheRead, output: output - reasoning, reasoning,
    ...(written > long && { cacheWrite: written - long }), ...(long > 0 && { cacheWriteLong: long }),
  };
}

/** The wire form of counts, for replies that are made here. */
export function writeUsage(counts: TokenCounts): JsonObject {
  const written = (counts.cacheWrite ?? 0) + (counts.cacheWriteLong ?? 0);
  const input = counts.input + counts.cacheRead + written + (counts.audioInput ?? 0) + (counts.imageInput ?? 0);
  const output = counts.output + counts.reasoning + (counts.audioOutput ?? 0);
  return {
    input_tokens: input, input_tokens_details: { cached_tokens: counts.cacheRead, cache_write_tokens: written },
    output_tokens: output, output_tokens_details: { reasoning_tokens: counts.reasoning }, total_tokens: input + output,
  };
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
