import { TandemError } from '../base/index.ts';
import { CALLER_DIALECTS } from './dialects/dialects.ts';
import { withStored, type Files } from './files/index.ts';
import type { CallerDialect } from './neutral/dialect.ts';
import type { DialectIn } from './neutral/parts.ts';
import type { Registry } from './registry/registry.ts';
import type { ReplySink } from './reply-sink.ts';
import type { Router } from './routing/router.ts';
import type { CallInput } from './run/call.ts';
import { lackOf } from './run/lack.ts';
import { runCall } from './run/run.ts';
import type { RunTools } from './run/tools.ts';
import type { Spare } from './spare.ts';

export interface CallTools extends RunTools {
  readonly registry: Registry;
  readonly router: Router;
  readonly spare: Pick<Spare, 'narrow'>;
  /** What was uploaded here, for requests that name it. */
  readonly files: Pick<Files, 'open'>;
}

/** A call in a dialect by its name. @throws TandemError as `answerIn`. */
export function answerCall(name: DialectIn, input: CallInput, sink: ReplySink, tools: CallTools): Promise<void> {
  const dialect = CALLER_DIALECTS[name];
  if (!dialect) return Promise.reject(new TandemError('not_implemented', { params: { path: `The dialect ${name}`, instead: '/v1/chat/completions' } }));
  return answerIn(dialect, input, sink, tools);
}

/**
 * The room `http` has checked that the principal may call models.
 * One call: check, find the ways it may go, then hold, answer, settle. Errors before the reply has begun are thrown.
 * @throws TandemError invalid_request, model_not_found, budget_exceeded and what backends and engine say.
 */
export async function answerIn(dialect: CallerDialect, input: CallInput, sink: ReplySink, tools: CallTools): Promise<void> {
  const { principal, signal } = input;
  const parsed = dialect.parse(input.body, input.headers);
  const alias = tools.registry.find(principal, parsed.model);
  const request = parsed.fileIds === undefined ? parsed : await withStored(dialect, parsed, input, tools.files);
  if (request === null) return;
  const planned = tools.router.plan(alias, request, (target) => lackOf(request.needs, target), principal.organisationId);
  const plan = request.serviceTier === 'flex' ? await tools.spare.narrow(planned, request.model, signal) : planned;
  if (signal.aborted) return;
  await runCall({
    id: input.requestId, principal, dialect, request, alias, plan, sink, receipt: input.receipt, signal,
    admittedAtMs: tools.clock.nowMs(), startedMs: tools.clock.monotonicMs(),
  }, tools);
}
