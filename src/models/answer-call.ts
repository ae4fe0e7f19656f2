import { TandemError, signalOf, type LeavingSignal } from '../base/index.ts';
import { CALLER_DIALECTS } from './dialects/dialects.ts';
import { withStored, type Files } from './files/index.ts';
import type { CallerDialect } from './neutral/dialect.ts';
import type { DialectIn } from './neutral/parts.ts';
import type { NeutralRequest } from './neutral/request.ts';
import type { Registry } from './registry/registry.ts';
import type { Alias } from './registry/target.ts';
import type { ReplySink } from './reply-sink.ts';
import type { RoutePlan } from './routing/plan.ts';
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
  /** Has a name started that no machine serves just now, and gives it as it is then; null: the client has left meanwhile. @throws TandemError serving_cold. */
  readonly awake: (caller: CallInput['principal'], alias: Alias, signal: LeavingSignal) => Promise<Alias | null>;
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
export function answerIn(dialect: CallerDialect, input: CallInput, sink: ReplySink, tools: CallTools): Promise<void> {
  // Not `async`: of the promises between a call and its end each costs the hot path a little.
  try {
    return check(dialect, input, sink, tools);
  } catch (error) {
    return Promise.reject(error as Error);
  }
}

function check(dialect: CallerDialect, input: CallInput, sink: ReplySink, tools: CallTools): Promise<void> {
  const request = dialect.parse(input.body, input.headers);
  const alias = tools.registry.find(input.principal, request.model);
  if (alias.serving?.ready === false) return checkAsleep(dialect, input, request, alias, sink, tools);
  return checkAwake(dialect, input, request, alias, sink, tools);
}

/** Nothing is held while a machine is being started. */
async function checkAsleep(dialect: CallerDialect, input: CallInput, request: NeutralRequest, asleep: Alias, sink: ReplySink, tools: CallTools): Promise<void> {
  const fromMs = tools.clock.monotonicMs();
  const alias = await tools.awake(input.principal, asleep, input.signal);
  if (alias === null) return;
  await checkAwake(dialect, { ...input, coldStartMs: tools.clock.monotonicMs() - fromMs }, request, alias, sink, tools);
}

function checkAwake(dialect: CallerDialect, input: CallInput, request: NeutralRequest, alias: Alias, sink: ReplySink, tools: CallTools): Promise<void> {
  if (request.fileIds === undefined && request.serviceTier !== 'flex') return begin(dialect, input, request, alias, planned(input, request, alias, tools), sink, tools);
  return checkFurther(dialect, input, request, alias, sink, tools);
}

/** What waits for something before money is held: files that the call names, spare capacity. */
async function checkFurther(dialect: CallerDialect, input: CallInput, parsed: NeutralRequest, alias: Alias, sink: ReplySink, tools: CallTools): Promise<void> {
  const request = parsed.fileIds === undefined ? parsed : await withStored(dialect, parsed, input, tools.files);
  if (request === null) return;
  const plan = planned(input, request, alias, tools);
  if (request.serviceTier !== 'flex') return begin(dialect, input, request, alias, plan, sink, tools);
  const spare = await tools.spare.narrow(plan, request.model, signalOf(input.signal));
  try {
    await begin(dialect, input, request, alias, spare, sink, { ...tools, router: spare.through(tools.router) });
  } finally {
    spare.end();
  }
}

function planned({ principal }: CallInput, request: NeutralRequest, alias: Alias, tools: CallTools): RoutePlan {
  return tools.router.plan(alias, request, (target) => lackOf(request.needs, target), principal.organisationId);
}

function begin(dialect: CallerDialect, { principal, signal, requestId, receipt, coldStartMs = 0 }: CallInput, request: NeutralRequest, alias: Alias, plan: RoutePlan, sink: ReplySink, tools: RunTools): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return runCall({
    id: requestId, principal, dialect, request, alias, plan, sink, receipt, signal,
    admittedAtMs: tools.clock.nowMs(), startedMs: tools.clock.monotonicMs() - coldStartMs, coldStartMs,
  }, tools);
}
