import { TandemError, isTandemError, type Clock, signalOf } from '../../base/index.ts';
import { localAsk } from '../dialects/local/ask.ts';
import { messagesCaller } from '../dialects/messages/caller.ts';
import { parseMessages } from '../dialects/messages/parse.ts';
import type { DeadlineLimits, Deadlines } from '../deadlines.ts';
import { withStored, type Files } from '../files/index.ts';
import type { LocalEngine } from '../local/index.ts';
import type { CallerDialect } from '../neutral/dialect.ts';
import type { NeutralRequest } from '../neutral/request.ts';
import type { LedgerPort, LimitFigures } from '../ports.ts';
import type { Registry } from '../registry/registry.ts';
import { CollectedReply, Stopped } from '../remote/exchange.ts';
import { statusError } from '../remote/failure.ts';
import type { RemoteBackend } from '../remote/remote-backend.ts';
import type { Candidate } from '../routing/plan.ts';
import type { Router } from '../routing/router.ts';
import type { CallInput } from '../run/call.ts';
import { lackOf } from '../run/lack.ts';
import { estimateTokens } from './estimate-tokens.ts';

/** What the room `http` hands over for one `POST /v1/messages/count_tokens`. */
export type CountInput = Pick<CallInput, 'principal' | 'body' | 'headers' | 'signal' | 'requestId'>;

export interface TokenCount {
  readonly tokens: number;
  /** What is left of the caller's limits, which a count takes a request of; null: nothing limits it. */
  readonly limits: LimitFigures | null;
  /** Who counted: the local model's tokenizer, the backend that the call would go to, or nobody: then it is a guess. */
  readonly counted: 'tokenizer' | 'backend' | 'estimate';
}

export interface CountTools {
  readonly ledger: Pick<LedgerPort, 'countRequest'>;
  readonly registry: Registry;
  readonly router: Router;
  readonly engine: LocalEngine | null;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly files: Pick<Files, 'open'>;
}

/** Anthropic's dialect without a limit of the answer, which a count has no use for. */
const COUNTED: Pick<CallerDialect, 'parse' | 'withFiles'> = { ...messagesCaller, parse: (body, headers) => parseMessages(body, headers, true) };

/** A count is asked for before a call is made, so it must not take long: after this it is guessed. */
const COUNT_MS = 10_000;

/**
 * How many tokens a prompt in Anthropic's dialect has for the first target that a call would be tried on. Nothing is held and nothing
 * charged: no answer is made. Limits on requests apply.
 * @throws TandemError invalid_request, model_not_found, limit_reached, backend_refused and what the local engine says.
 */
export async function countTokens(input: CountInput, tools: CountTools): Promise<TokenCount> {
  const { principal } = input;
  const parsed = COUNTED.parse(input.body, input.headers);
  const alias = tools.registry.find(principal, parsed.model);
  const request = (parsed.fileIds && await withStored(COUNTED, parsed, input, tools.files)) ?? parsed;
  const limits = await tools.ledger.countRequest({
    id: input.requestId, organisationId: principal.organisationId, projectId: principal.projectId, keyId: principal.keyId, resource: alias.name, tier: principal.tier,
    admittedAtMs: tools.clock.nowMs(), user: request.user,
  });
  const { candidates } = tools.router.plan(alias, request, (target) => lackOf(request.needs, target), principal.organisationId);
  const first = candidates[0];
  const local = first?.target.backend.kind === 'local';
  if (first && local) return { tokens: await countHere(request, signalOf(input.signal), tools.engine), counted: 'tokenizer', limits };
  const remote = first?.connection?.remote;
  const counted = first && remote ? await ask(request, first, remote, alias.limits.deadlines, signalOf(input.signal), tools) : null;
  return counted === null ? { tokens: estimateTokens(request), counted: 'estimate', limits } : { tokens: counted, counted: 'backend', limits };
}

async function countHere(request: NeutralRequest, signal: AbortSignal, engine: LocalEngine | null): Promise<number> {
  const { messages } = localAsk(request);
  if (!engine) throw new TandemError('engine_unavailable', { params: { reason: 'it is switched off (TANDEM_LOCAL_MODEL)' } });
  return engine.countTokens(messages, { signal });
}

/** Null where the backend cannot count, or fails at it: a guess serves better than no answer. What it finds wrong with the request is told. */
async function ask(request: NeutralRequest, { target }: Candidate, remote: RemoteBackend, limits: DeadlineLimits, signal: AbortSignal, tools: CountTools): Promise<number | null> {
  const { count } = remote.dialect;
  if (!count || remote.dialect.cannot(request) !== null) return null;
  const out = count.request(request, {
    model: target.backendModel, contextTokens: target.contextTokens, maxOutputTokens: target.maxOutputTokens, capField: target.capField, options: target.backend.options,
  });
  if (signal.aborted) return null;
  const exchange = new CollectedReply(tools.clock);
  const leave = () => { exchange.stop(new Stopped('client_left', '')); };
  signal.addEventListener('abort', leave);
  const watched = { place: -1, dueMs: tools.clock.monotonicMs() + Math.min(COUNT_MS, limits.wholeMs), expire: () => { exchange.stop(new Stopped('deadline', 'count')); } };
  tools.deadlines.watch(watched);
  try {
    remote.send(out, exchange);
    await exchange.ended;
    if (exchange.status === 200) return count.read(exchange.text());
    const refusal = statusError(remote.words, exchange.status, remote.dialect.errorMessage(exchange.text()), undefined);
    if (refusal.code === 'backend_refused') throw refusal;
    return null;
  } catch (error) {
    if (isTandemError(error, 'backend_refused')) throw error;
    return null;
  } finally {
    tools.deadlines.unwatch(watched);
    signal.removeEventListener('abort', leave);
  }
}
