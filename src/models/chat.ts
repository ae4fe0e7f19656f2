import { TandemError, type Clock, type Logger } from '../base/index.ts';
import type { ChatCall, ChatInput } from './chat-call.ts';
import type { DeadlineLimits, Deadlines } from './deadlines.ts';
import { localChat } from './local-chat.ts';
import type { LocalEngine } from './local/index.ts';
import type { LedgerPort } from './ports.ts';
import type { Registry } from './registry/registry.ts';
import { remoteChat } from './remote/remote-chat.ts';
import type { ReplySink } from './reply-sink.ts';
import { parseChatRequest } from './request/chat-request.ts';

export interface ChatTools {
  readonly ledger: LedgerPort;
  readonly registry: Registry;
  readonly engine: LocalEngine | null;
  readonly clock: Clock;
  readonly log: Logger;
  readonly deadlines: Deadlines;
  readonly limits: DeadlineLimits;
}

/**
 * The room `http` has checked that the principal may call models.
 * One chat: check, find the target, then hold, answer, settle. Errors before the reply has begun are thrown.
 * @throws TandemError invalid_request, model_not_found, budget_exceeded and what backends and engine say.
 */
export async function answerChat(input: ChatInput, sink: ReplySink, tools: ChatTools): Promise<void> {
  const { principal, signal } = input;
  const request = parseChatRequest(input.body);
  const target = tools.registry.resolve(principal, request.model);
  const call: ChatCall = {
    id: input.requestId, principal, request, target, sink, receipt: input.receipt, signal,
    admittedAtMs: tools.clock.nowMs(), startedMs: tools.clock.monotonicMs(),
  };
  if (signal.aborted) return;
  const { backend } = target;
  if (backend.kind === 'local') return localChat(call, tools.engine, tools);
  if (!backend.remote) throw new TandemError('backend_unreachable', { params: { backend: backend.name, reason: 'its key cannot be opened' } });
  return remoteChat(call, backend.remote, tools);
}
