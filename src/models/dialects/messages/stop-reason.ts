import type { FinishReason } from '../../neutral/reply.ts';

/** Anthropic's `stop_reason` for a neutral one. A stop text that was met is told before this is asked. */
export function stopReason(reason: FinishReason): string {
  return STOP_REASONS[reason];
}

/** The neutral reason for Anthropic's; a reason that is not known yet counts as the end of a turn. Null: the answer goes on. */
export function finishReason(reason: unknown): FinishReason | null {
  if (typeof reason !== 'string') return null;
  return FINISHES.get(reason) ?? 'stop';
}

const STOP_REASONS: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use', content_filter: 'refusal', refusal: 'refusal', pause: 'pause_turn',
};

const FINISHES: ReadonlyMap<string, FinishReason> = new Map([
  ['end_turn', 'stop'], ['stop_sequence', 'stop'], ['max_tokens', 'length'], ['model_context_window_exceeded', 'length'], ['tool_use', 'tool_calls'], ['pause_turn', 'pause'],
  ['refusal', 'refusal'],
]);
