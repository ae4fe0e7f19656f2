import { TandemError, signalOf } from '../../base/index.ts';
import type { DialectIn } from '../neutral/parts.ts';
import { isObject } from '../request/json.ts';
import type { ReplySink } from '../reply-sink.ts';
import type { CallInput } from '../run/call.ts';
import type { ActiveHook } from './active-hooks.ts';
import type { Annotations } from './annotations.ts';
import { HeldSink } from './held-sink.ts';
import type { HookedCallsOptions } from './hooked-calls.ts';

const TOO_LARGE = 'the reply is too large to be shown to it';

/** Asks the hooks of a caller's organisation and project about replies, after the charge and before the first byte is sent. */
export class HookedReplies {
  readonly #options: HookedCallsOptions;

  constructor(options: HookedCallsOptions) {
    this.#options = options;
  }

  /** One answer, which is held back where a hook is to see it. @throws TandemError hook_blocked, hook_failed, and what the answer throws. */
  around(dialect: DialectIn, input: CallInput, sink: ReplySink, answer: (sink: ReplySink) => Promise<void>): Promise<void> {
    const hooks = this.#options.active.of(input.principal, 'reply');
    return hooks.length === 0 ? answer(sink) : this.#held(hooks, dialect, input, sink, answer);
  }

  async #held(hooks: readonly ActiveHook[], dialect: DialectIn, input: CallInput, sink: ReplySink, answer: (sink: ReplySink) => Promise<void>): Promise<void> {
    const closed = hooks.find(({ onFailure }) => onFailure === 'closed');
    const held = new HeldSink(sink, closed === undefined);
    await answer(held);
    if (!held.ended) return;
    if (!held.overflowed) return this.#ask(hooks, dialect, input, held);
    for (const { id } of hooks) this.#options.notes.asked({ organisationId: input.principal.organisationId, hookId: id, callId: input.requestId, stage: 'reply', problem: TOO_LARGE });
    if (closed) throw failed(closed, TOO_LARGE);
  }

  async #ask(hooks: readonly ActiveHook[], dialect: DialectIn, input: CallInput, held: HeldSink): Promise<void> {
    const { caller, notes } = this.#options;
    const { principal: { organisationId, projectId }, requestId: id, body } = input;
    const streamed = held.headers['content-type']?.startsWith('text/event-stream') ?? false;
    const model = isObject(body) && typeof body['model'] === 'string' ? body['model'] : null;
    let { text } = held;
    let annotations: Annotations = {};
    for (const hook of hooks) {
      const reply: unknown = streamed ? text : JSON.parse(text);
      const asked = await caller.ask(hook, 'reply', `${id}_reply`, { id, stage: 'reply', project: projectId, model, dialect, streamed, reply }, signalOf(input.signal));
      if (input.signal.aborted) return;
      const change = 'answer' in asked && asked.answer.action === 'replace' ? replaced(dialect, streamed, asked.answer.by) : null;
      const problem = 'problem' in asked ? asked.problem : change !== null && 'problem' in change ? change.problem : null;
      notes.asked({ organisationId, hookId: hook.id, callId: id, stage: 'reply', problem });
      if ('problem' in asked) {
        if (hook.onFailure === 'closed') throw failed(hook, asked.problem);
        annotations = { ...annotations, hook: 'failed' };
        continue;
      }
      const { answer } = asked;
      if (answer.action === 'block') throw new TandemError('hook_blocked', { params: { hook: hook.name, reason: answer.reason.replace(/\.$/, '') } });
      // A hook that wants a reply changed has not agreed to it: where that cannot be done, the reply stays here, whatever the hook's choice is.
      if (problem !== null) throw failed(hook, problem);
      if (change !== null && 'text' in change) text = change.text;
      annotations = { ...annotations, ...answer.annotations };
    }
    if (Object.keys(annotations).length > 0) notes.annotated(organisationId, id, annotations);
    held.release(text, annotations);
  }
}

/** The reply with what a hook put in its place, or why that cannot be. */
function replaced(dialect: DialectIn, streamed: boolean, by: unknown): { readonly text: string } | { readonly problem: string } {
  if (dialect === 'responses') return { problem: 'responses cannot be changed, since they are kept as the model gave them' };
  if (streamed && typeof by === 'string' && by.endsWith('\n\n')) return { text: by };
  if (!streamed && isObject(by)) return { text: JSON.stringify(by) };
  return { problem: 'the reply that it gave has not the form of the first' };
}

function failed(hook: ActiveHook, reason: string): TandemError {
  return new TandemError('hook_failed', { params: { hook: hook.name, reason } });
}
