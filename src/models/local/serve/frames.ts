import type { GenerationCounts } from '../local-engine.ts';

/** Replies in the form of OpenAI's chat completions, as the gateway reads them from any backend. */
export interface FrameFacts {
  readonly id: string;
  readonly model: string;
  /** Unix seconds. */
  readonly created: number;
}

export type Finish = 'stop' | 'length';

export function textFrame({ id, model, created }: FrameFacts, text: string, first: boolean): string {
  return frame({ id, object: 'chat.completion.chunk', created, model, choices: [{ index: 0, delta: first ? { role: 'assistant', content: text } : { content: text }, finish_reason: null }] });
}

export function endFrames({ id, model, created }: FrameFacts, finish: Finish, counts: GenerationCounts, includeUsage: boolean): string {
  const end = frame({ id, object: 'chat.completion.chunk', created, model, choices: [{ index: 0, delta: {}, finish_reason: finish }] });
  const usage = includeUsage ? frame({ id, object: 'chat.completion.chunk', created, model, choices: [], usage: usageOf(counts) }) : '';
  return `${end}${usage}data: [DONE]\n\n`;
}

export function wholeReply({ id, model, created }: FrameFacts, text: string, finish: Finish, counts: GenerationCounts): string {
  return JSON.stringify({ id, object: 'chat.completion', created, model, choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: finish }], usage: usageOf(counts) });
}

export function errorBody(message: string, type: 'invalid_request_error' | 'server_error', code: string): string {
  return JSON.stringify({ error: { message, type, param: null, code } });
}

function usageOf({ promptTokens, cachedTokens, outputTokens }: GenerationCounts): object {
  return { prompt_tokens: promptTokens, completion_tokens: outputTokens, total_tokens: promptTokens + outputTokens, prompt_tokens_details: { cached_tokens: cachedTokens } };
}

function frame(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
