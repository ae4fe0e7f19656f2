import type { JsonObject } from '../../request/json.ts';
import type { Conversation, NeutralRequest, ReasoningWish } from '../../neutral/request.ts';

/** What the vendor's own OpenAI surface makes of an effort on models that count a budget (Gemini 2.5). */
const BUDGETS: Readonly<Record<string, number>> = { none: 0, minimal: 1_024, low: 1_024, medium: 8_192, high: 24_576, xhigh: 24_576 };
const LEVELS: Readonly<Record<string, string>> = { none: 'MINIMAL', minimal: 'MINIMAL', low: 'LOW', medium: 'MEDIUM', high: 'HIGH', xhigh: 'HIGH' };

/** @param limit output tokens at most; always sent. */
export function generationConfig(request: NeutralRequest, conversation: Conversation, model: string, limit: number): JsonObject {
  const { sampling, stop, format, reasoning } = conversation;
  const config: { [field: string]: unknown } = { maxOutputTokens: limit };
  const copy = { temperature: sampling.temperature, topP: sampling.topP, topK: sampling.topK, seed: sampling.seed, frequencyPenalty: sampling.frequencyPenalty, presencePenalty: sampling.presencePenalty };
  for (const [name, value] of Object.entries(copy)) if (value !== undefined) config[name] = value;
  if (stop.length > 0) config['stopSequences'] = stop;
  if (request.choices > 1) config['candidateCount'] = request.choices;
  if (format.type !== 'text') config['responseMimeType'] = 'application/json';
  if (format.type === 'schema') config['responseJsonSchema'] = format.schema;
  if (sampling.logprobs) Object.assign(config, { responseLogprobs: true, logprobs: sampling.logprobs.top });
  const thinking = reasoning && thinkingConfig(reasoning, model);
  if (thinking) config['thinkingConfig'] = thinking;
  return config;
}

function thinkingConfig(wish: ReasoningWish, model: string): JsonObject | null {
  const thinking: { [field: string]: unknown } = {};
  if (wish.summary !== null || wish.mode === 'enabled' || wish.mode === 'adaptive') thinking['includeThoughts'] = true;
  if (wish.budgetTokens !== null) thinking['thinkingBudget'] = wish.budgetTokens;
  else if (wish.mode === 'disabled') Object.assign(thinking, ofEffort('none', model));
  else if (wish.effort !== null) Object.assign(thinking, ofEffort(wish.effort, model));
  return Object.keys(thinking).length === 0 ? null : thinking;
}

function isEarly(model: string): boolean {
  return /gemini-(1|2)([.-]|$)/.test(model);
}

/** Models up to 2.5 and those that are no Gemini take calls of tools without a signature. */
export function demandsSignatures(model: string): boolean {
  return /gemini-/.test(model) && !isEarly(model);
}

/** Models up to 2.5 count a budget, later ones know levels and refuse both at once. */
function ofEffort(effort: string, model: string): JsonObject {
  if (isEarly(model)) return { thinkingBudget: BUDGETS[effort] ?? -1 };
  const level = LEVELS[effort];
  return level === undefined ? {} : { thinkingLevel: level };
}
