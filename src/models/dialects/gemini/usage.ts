import type { TokenCounts } from '../../quantities.ts';
import { isObject, type JsonObject } from '../../request/json.ts';

/**
 * `usageMetadata` in disjoint buckets: the prompt's count includes what was cached, thoughts stand beside the candidates, and what a
 * tool of the vendor's added to the prompt stands beside the prompt. Null when there is none or it makes no sense.
 */
export function readGeminiUsage(usage: unknown): TokenCounts | null {
  if (!isObject(usage)) return null;
  const prompt = count(usage['promptTokenCount']);
  if (prompt === null) return null;
  const cacheRead = Math.min(count(usage['cachedContentTokenCount']) ?? 0, prompt);
  const fresh = prompt - cacheRead;
  const uncached = (modality: string) => Math.max(0, ofModality(usage['promptTokensDetails'], modality) - ofModality(usage['cacheTokensDetails'], modality));
  const audioInput = Math.min(uncached('AUDIO'), fresh);
  const imageInput = Math.min(uncached('IMAGE'), fresh - audioInput);
  const answer = count(usage['candidatesTokenCount']) ?? 0;
  const audioOutput = Math.min(ofModality(usage['candidatesTokensDetails'], 'AUDIO'), answer);
  return {
    input: fresh - audioInput - imageInput + (count(usage['toolUsePromptTokenCount']) ?? 0), cacheRead, audioInput, imageInput,
    output: answer - audioOutput, audioOutput, reasoning: count(usage['thoughtsTokenCount']) ?? 0,
  };
}

function ofModality(details: unknown, modality: string): number {
  if (!Array.isArray(details)) return 0;
  return details.filter((one): one is JsonObject => isObject(one) && one['modality'] === modality).reduce((sum, one) => sum + (count(one['tokenCount']) ?? 0), 0);
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
