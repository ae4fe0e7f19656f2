import type { TokenCounts } from '../../quantities.ts';
import { isObject, type JsonObject } from '../../request/json.ts';

/**
 * Reads the `usage` of Anthropic's Messages API, whose input buckets are disjoint already: `input_tokens` holds neither what was read
 * from a cache nor what was written to one. Thinking is part of `output_tokens`. Null when the two counts that every reply has are
 * missing or make no sense; a bucket that is null or absent is one that did not apply, so it is zero.
 */
export function readUsage(usage: unknown): TokenCounts | null {
  if (!isObject(usage)) return null;
  const input = count(usage['input_tokens']);
  const output = count(usage['output_tokens']);
  if (input === undefined || output === undefined) return null;
  const details = usage['output_tokens_details'];
  const reasoning = Math.min(isObject(details) ? (count(details['thinking_tokens']) ?? 0) : 0, output);
  const written = count(usage['cache_creation_input_tokens']) ?? 0;
  const split = usage['cache_creation'];
  const long = isObject(split) ? (count(split['ephemeral_1h_input_tokens']) ?? 0) : 0;
  const short = Math.max(isObject(split) ? (count(split['ephemeral_5m_input_tokens']) ?? 0) : 0, written - long);
  return {
    input, cacheRead: count(usage['cache_read_input_tokens']) ?? 0, output: output - reasoning, reasoning,
    ...(short > 0 && { cacheWrite: short }), ...(long > 0 && { cacheWriteLong: long }),
  };
}

/** Anthropic's `usage` for counts of another dialect: every field that their SDK's type has. */
export function writeUsage(counts: TokenCounts, serviceTier: string): JsonObject {
  return { ...promptUsage(counts), ...answerUsage(counts), inference_geo: null, server_tool_use: null, service_tier: tierName(serviceTier), speed: null };
}

/** The usage of a `message_delta`: cumulative, so that an SDK's message ends with the whole figures. */
export function writeDeltaUsage(counts: TokenCounts): JsonObject {
  return { ...promptUsage(counts), ...answerUsage(counts), server_tool_use: null };
}

function promptUsage(counts: TokenCounts): JsonObject {
  const short = counts.cacheWrite ?? 0;
  const long = counts.cacheWriteLong ?? 0;
  return {
    input_tokens: counts.input + (counts.audioInput ?? 0) + (counts.imageInput ?? 0), cache_creation_input_tokens: short + long, cache_read_input_tokens: counts.cacheRead,
    cache_creation: { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: long },
  };
}

function answerUsage(counts: TokenCounts): JsonObject {
  return { output_tokens: counts.output + counts.reasoning + (counts.audioOutput ?? 0), output_tokens_details: { thinking_tokens: counts.reasoning } };
}

/** Anthropic knows three tiers; the other ones here are told in the receipt. */
function tierName(serviceTier: string): string {
  return serviceTier === 'priority' ? 'priority' : 'standard';
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
