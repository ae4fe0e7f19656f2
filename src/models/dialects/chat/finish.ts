import type { FinishReason } from '../../neutral/reply.ts';

const NEUTRAL: Readonly<Record<string, FinishReason>> = { stop: 'stop', length: 'length', tool_calls: 'tool_calls', function_call: 'tool_calls', content_filter: 'content_filter' };

/** OpenAI's `finish_reason`; what other servers write beside it (vLLM: a stop token's number, `abort`) ended the answer all the same. */
export function readFinish(reason: unknown): FinishReason | null {
  return typeof reason === 'string' ? (NEUTRAL[reason] ?? 'stop') : null;
}

/**
 * A refusal is told by the message's `refusal`. Where the words of one stand in no such field (Anthropic's), the reason tells it. A model that
 * waits to be called again has simply stopped for this dialect.
 * @param inWords whether the message has a refusal.
 */
export function writeFinish(reason: FinishReason, inWords: boolean): string {
  if (reason === 'refusal') return inWords ? 'stop' : 'content_filter';
  return reason === 'pause' ? 'stop' : reason;
}
