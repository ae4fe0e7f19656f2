import { TandemError, signalOf } from '../../base/index.ts';
import { CALLER_DIALECTS } from '../dialects/dialects.ts';
import type { DialectIn } from '../neutral/parts.ts';
import { isObject } from '../request/json.ts';
import type { ReplySink } from '../reply-sink.ts';
import type { CallInput } from '../run/call.ts';
import type { ActiveHook, ActiveHooks } from './active-hooks.ts';
import { AnnotatingSink } from './annotating-sink.ts';
import type { Annotations } from './annotations.ts';
import type { HookCaller } from './hook-caller.ts';
import type { HookNotes } from './hook-notes.ts';

export interface HookedCallsOptions {
  readonly active: Pick<ActiveHooks, 'of'>;
  readonly caller: Pick<HookCaller, 'ask'>;
  readonly notes: HookNotes;
}

type Answer = (dialect: DialectIn, input: CallInput, sink: ReplySink) => Promise<void>;

/** A call that its hooks have let in. */
export interface Entered {
  readonly input: CallInput;
  readonly sink: ReplySink;
}

/** What a replaced body may not change: the caller waits for a reply of that form. */
const FORM_FIELDS = ['stream', 'background'];

/** Asks the hooks of a caller's organisation and project about requests, before anything is held, looked up, kept or sent on. */
export class HookedCalls {
  readonly #options: HookedCallsOptions;

  constructor(options: HookedCallsOptions) {
    this.#options = options;
  }

  /** The same answer, to what the hooks made of the request. */
  hooking(answer: Answer): Answer {
    return (dialect, input, sink) => {
      const hooks = this.#options.active.of(input.principal, 'request');
      if (hooks.length === 0) return answer(dialect, input, sink);
      return this.#ask(hooks, dialect, input, sink).then((entered) => (entered ? answer(dialect, entered.input, entered.sink) : undefined));
    };
  }

  /** For calls that come another way. Null: the caller has left. @throws TandemError hook_blocked, hook_failed. */
  async enter(dialect: DialectIn, input: CallInput, sink: ReplySink): Promise<Entered | null> {
    const hooks = this.#options.active.of(input.principal, 'request');
    return hooks.length === 0 ? { input, sink } : this.#ask(hooks, dialect, input, sink);
  }

  /** One after the other, the oldest first; each sees what the one before it made of the request. */
  async #ask(hooks: readonly ActiveHook[], dialect: DialectIn, input: CallInput, sink: ReplySink): Promise<Entered | null> {
    const { caller, notes } = this.#options;
    const { organisationId, projectId } = input.principal;
    let { body } = input;
    let annotations: Annotations = {};
    for (const hook of hooks) {
      const model = isObject(body) && typeof body['model'] === 'string' ? body['model'] : null;
      const asked = await caller.ask(hook, 'request', input.requestId, { id: input.requestId, stage: 'request', project: projectId, model, dialect, body }, signalOf(input.signal));
      if (input.signal.aborted) return null;
      const problem = 'problem' in asked ? asked.problem : asked.answer.action === 'replace' ? lackOf(dialect, input, body, asked.answer.by) : undefined;
      notes.asked({ organisationId, hookId: hook.id, callId: input.requestId, stage: 'request', problem: problem ?? null });
      if (problem !== undefined || 'problem' in asked) {
        if (hook.onFailure === 'closed') throw new TandemError('hook_failed', { params: { hook: hook.name, reason: problem ?? 'unknown' } });
        annotations = { ...annotations, hook: 'failed' };
        continue;
      }
      const { answer } = asked;
      if (answer.action === 'block') throw new TandemError('hook_blocked', { params: { hook: hook.name, reason: answer.reason.replace(/\.$/, '') } });
      if (answer.action === 'replace') body = answer.by;
      annotations = { ...annotations, ...answer.annotations };
    }
    if (Object.keys(annotations).length === 0) return { input: { ...input, body }, sink };
    notes.annotated(organisationId, input.requestId, annotations);
    return { input: { ...input, body }, sink: new AnnotatingSink(sink, annotations) };
  }
}

/** What is wrong with a body that a hook put in another's place; undefined: it can be answered as the first could. */
function lackOf(dialect: DialectIn, { headers }: CallInput, before: unknown, after: unknown): string | undefined {
  if (!isObject(after)) return 'the body that it gave is not a JSON object';
  const form = (body: unknown) => (isObject(body) ? FORM_FIELDS.map((name) => body[name] === true).join() : '');
  if (form(before) !== form(after)) return 'it changed the form of the reply';
  const parses = (body: unknown): boolean => {
    try {
      CALLER_DIALECTS[dialect]?.parse(body, headers);
      return true;
    } catch {
      return false;
    }
  };
  // What the caller's own body lacks is the caller's to hear of.
  return parses(after) || !parses(before) ? undefined : 'the body that it gave is not a valid request';
}
