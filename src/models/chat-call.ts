import type { Principal } from './ports.ts';
import type { Target } from './registry/target.ts';
import type { ReplySink } from './reply-sink.ts';
import type { ChatRequest } from './request/chat-request.ts';

/** What the room `http` hands over for one `POST /v1/chat/completions`. */
export interface ChatInput {
  readonly principal: Principal;
  /** Parsed JSON; checked here. */
  readonly body: unknown;
  readonly idempotencyKey: string | null;
  /** Whether the caller asked for the receipt (header `x-tandem-receipt: 1`). */
  readonly receipt: boolean;
  /** Aborts when the client has left. */
  readonly signal: AbortSignal;
  /** UUIDv7: the id of the call, its hold and its usage event. */
  readonly requestId: string;
}

/** A checked call on its way to its target. */
export interface ChatCall {
  readonly id: string;
  readonly principal: Principal;
  readonly request: ChatRequest;
  readonly target: Target;
  readonly sink: ReplySink;
  readonly receipt: boolean;
  readonly signal: AbortSignal;
  /** Wall clock, which prices go by. */
  readonly admittedAtMs: number;
  /** Monotonic clock, which durations go by. */
  readonly startedMs: number;
}

/** `id` of replies, in OpenAI's manner. */
export function replyId(call: ChatCall): string {
  return `chatcmpl-${call.id}`;
}

/** The room `http` adds the call's id (`x-request-id`) to every reply. */
export const JSON_HEADERS: Record<string, string> = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };
export const STREAM_HEADERS: Record<string, string> = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' };
