import type { TokenCounts } from '../quantities.ts';
import type { JsonObject } from '../request/json.ts';
import type { Part, ReasoningPart } from './parts.ts';

/** Why an answer ended. `tool_calls`: the model waits for results. `pause`: it wants to be called again as it is. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'refusal' | 'pause';

/** A whole answer. */
export interface NeutralReply {
  readonly choices: readonly NeutralChoice[];
  /** Why the last choice ended, where that is known without putting its parts together. */
  readonly finish?: FinishReason;
  /** Null: the backend gave no count that makes sense. Zero is a count. */
  readonly usage: TokenCounts | null;
  /** The backend's own reply where caller and backend speak one dialect: passed on with id, model and usage put right. */
  readonly native: JsonObject | null;
  /** The text that `native` was parsed from, where it may be passed on as it is. */
  readonly nativeText?: string | undefined;
  /** The tier that the backend says it ran the call on; null: not said. */
  readonly serviceTier: string | null;
}

export interface NeutralChoice {
  readonly parts: readonly Part[];
  readonly finish: FinishReason;
  /** Which of the caller's stop texts was met; null: none, or not said. */
  readonly stopText: string | null;
  readonly logprobs: JsonObject | null;
}

/**
 * One piece of a streamed answer. Parts of a choice come one after the other: a `part` event opens one, deltas follow, `part_end`
 * closes it; a reader closes what its backend leaves open. Tool calls may be open side by side and are told apart by `part`.
 */
export type ReplyEvent =
  /** Caller and backend speak one dialect: the event as it came, parsed. `name` is its SSE event name, `''` where there is none; `text` what it was parsed from, where that stands in one line and may be passed on. */
  | { readonly type: 'native'; readonly name: string; readonly value: JsonObject; readonly text?: string }
  | { readonly type: 'part'; readonly choice: number; readonly part: number; readonly opens: 'text' | 'reasoning' | 'refusal'; readonly form?: ReasoningPart['form'] }
  | { readonly type: 'part'; readonly choice: number; readonly part: number; readonly opens: 'tool_call'; readonly id: string; readonly name: string; readonly kind: 'function' | 'custom' }
  /** Text of an open part: of the answer, a thought, a refusal or a tool call's input. */
  | { readonly type: 'delta'; readonly choice: number; readonly part: number; readonly text: string; readonly logprobs?: JsonObject }
  /** `whole` for a reasoning part carries its opaque state; for text its annotations. */
  | { readonly type: 'part_end'; readonly choice: number; readonly part: number; readonly sealed?: ReasoningPart['sealed']; readonly form?: ReasoningPart['form']; readonly annotations?: readonly JsonObject[] }
  | { readonly type: 'finish'; readonly choice: number; readonly reason: FinishReason; readonly stopText: string | null };
