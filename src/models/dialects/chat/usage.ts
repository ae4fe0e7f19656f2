import type { TokenCounts } from '../../quantities.ts';
import { isObject, type JsonObject } from '../../request/json.ts';

/**
 * Reads the `usage` of OpenAI's wire form (vLLM, SGLang and llama.cpp's server write the same), where cached and audio
 * tokens are part of the prompt's, and reasoning and audio part of the completion's. `undefined` when there is none, or when it is
 * not made of whole, non-negative numbers that fit together: unknown is not zero, and zero is not unknown.
 */
export function readUsage(usage: unknown): TokenCounts | undefined {
  if (!isObject(usage)) return undefined;
  const prompt = count(usage['prompt_tokens']);
  const completion = count(usage['completion_tokens']);
  if (prompt === undefined || completion === undefined) return undefined;
  const cached = detail(usage['prompt_tokens_details'], 'cached_tokens');
  const reasoning = detail(usage['completion_tokens_details'], 'reasoning_tokens');
  const cacheRead = Math.min(cached, prompt);
  const thought = Math.min(reasoning, completion);
  // Audio that was found in a cache stands in both details: it counts as cached.
  const heard = Math.min(detail(usage['prompt_tokens_details'], 'audio_tokens'), prompt - cacheRead);
  const spoken = Math.min(detail(usage['completion_tokens_details'], 'audio_tokens'), completion - thought);
  return {
    input: prompt - cacheRead - heard, cacheRead, output: completion - thought - spoken, reasoning: thought,
    ...(heard > 0 && { audioInput: heard }), ...(spoken > 0 && { audioOutput: spoken }),
  };
}

/** The wire form of counts, for replies that are made here. */
export function writeUsage(counts: TokenCounts): JsonObject {
  const { audioInput = 0, audioOutput = 0 } = counts;
  const prompt = counts.input + counts.cacheRead + (counts.cacheWrite ?? 0) + (counts.cacheWriteLong ?? 0) + audioInput + (counts.imageInput ?? 0);
  const completion = counts.output + counts.reasoning + audioOutput;
  return {
    prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: counts.cacheRead, ...(audioInput > 0 && { audio_tokens: audioInput }) },
    completion_tokens_details: { reasoning_tokens: counts.reasoning, ...(audioOutput > 0 && { audio_tokens: audioOutput }) },
  };
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function detail(details: unknown, name: string): number {
  return (isObject(details) ? count(details[name]) : undefined) ?? 0;
}
