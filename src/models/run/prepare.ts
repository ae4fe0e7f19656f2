import { TandemError, isTandemError, signalOf } from '../../base/index.ts';
import { localAsk } from '../dialects/local/ask.ts';
import { withBytes } from '../media/with-bytes.ts';
import { outputLimit } from '../neutral/bounds.ts';
import type { NeutralRequest } from '../neutral/request.ts';
import type { RemoteBackend } from '../remote/remote-backend.ts';
import type { Candidate } from '../routing/plan.ts';
import { noRoute } from '../routing/refusal.ts';
import type { Ready } from './attempt.ts';
import { tierOf, type Call } from './call.ts';
import { StreamAttempt, WholeAttempt, type Sending } from './http-attempt.ts';
import { LocalAttempt } from './local-attempt.ts';
import type { RunTools } from './tools.ts';

/**
 * Writes the request for each candidate, so that the dearest is known before money is held. One that cannot carry it is left out.
 * Empty when the client left meanwhile: then there is nobody to tell.
 * @throws TandemError what the first candidate lacks, when no other is left.
 */
export function prepare(call: Call, tools: RunTools): Ready[] | Promise<Ready[]> {
  const { candidates } = call.plan;
  const remote = candidates[0]?.connection?.remote ?? null;
  // The plainest call waits for nothing.
  if (candidates.length === 1 && remote !== null && !needsFetching(call.request, remote)) return [prepareRemote(call, candidates[0]!, remote, call.request, tools)];
  return prepareEach(call, tools);
}

async function prepareEach(call: Call, tools: RunTools): Promise<Ready[]> {
  const { candidates } = call.plan;
  const ready: Ready[] = [];
  let lacking: unknown;
  let fetched: Promise<NeutralRequest> | undefined;
  const inBytes = (): Promise<NeutralRequest> => (fetched ??= withBytes(call.request, (address) => tools.media.fetch(address, signalOf(call.signal)), tooManyAddresses));
  const written = (remote: RemoteBackend | null) => (remote !== null && needsFetching(call.request, remote) ? inBytes() : call.request);
  for (const candidate of candidates) {
    if (ready.length === call.alias.limits.attempts) break;
    try {
      const remote = candidate.connection?.remote ?? null;
      const one = candidate.target.backend.kind === 'local' ? await prepareLocal(call, candidate, tools) : prepareRemote(call, candidate, remote, await written(remote), tools);
      if (one === null) return [];
      ready.push(one);
    } catch (error) {
      if (call.signal.aborted) return [];
      if (!isTandemError(error)) throw error;
      lacking ??= error;
    }
  }
  if (ready.length > 0) return ready;
  throw lacking ?? noRoute(call.plan, call.request.model, tools.clock.nowMs(), call.request.needs.native);
}

class RemoteReady implements Ready {
  readonly #sending: Sending;

  constructor(sending: Sending) {
    this.#sending = sending;
  }

  get candidate() {
    return this.#sending.candidate;
  }

  get inputBound() {
    return this.#sending.out.inputBound;
  }

  get outputBound() {
    return this.#sending.out.outputBound;
  }

  open(delivery: Parameters<Ready['open']>[0]) {
    return delivery ? new StreamAttempt(this.#sending, delivery) : new WholeAttempt(this.#sending);
  }
}

/** @param written the request, with addresses replaced by bytes where the backend needs them. */
function prepareRemote(call: Call, candidate: Candidate, remote: RemoteBackend | null, written: NeutralRequest, tools: RunTools): Ready {
  const { target } = candidate;
  if (!remote) throw new TandemError('backend_unreachable', { params: { backend: target.backend.name, reason: 'its key cannot be opened' } });
  const { request } = call;
  const { dialect } = remote;
  const reading = request.dialect === 'embeddings' ? dialect.embeddings : dialect;
  const cannot = reading ? reading.cannot(written) : 'embeddings';
  if (!reading || cannot !== null) throw new TandemError('unsupported_parameter', { params: { field: cannot ?? '', model: request.model, reason: 'no backend behind it can carry that' } });
  const out = reading.request(written, {
    model: target.backendModel, contextTokens: target.contextTokens, maxOutputTokens: target.maxOutputTokens, capField: target.capField, options: target.backend.options,
  });
  return new RemoteReady({ call, candidate, remote, reading, tools, out });
}

function needsFetching({ media }: NeutralRequest, { dialect }: RemoteBackend): boolean {
  return dialect.needsBytes === true && (media.images > 0 || media.files > 0);
}

function tooManyAddresses(most: number): TandemError {
  return new TandemError('invalid_request', { params: { reason: `The backend takes images and files as bytes, and at most ${most} addresses are fetched for one call.` } });
}

async function prepareLocal(call: Call, candidate: Candidate, tools: RunTools): Promise<Ready | null> {
  const { request, principal, signal } = call;
  const { engine } = tools;
  const { target } = candidate;
  if (request.dialect === 'embeddings') throw new TandemError('unsupported_parameter', { params: { field: 'embeddings', model: request.model, reason: 'the local engine writes text only' } });
  const ask = localAsk(request);
  const asked = outputLimit(request, target);
  if (!engine) throw new TandemError('engine_unavailable', { params: { reason: 'it is switched off (TANDEM_LOCAL_MODEL)' } });
  let promptTokens: number;
  try {
    promptTokens = await engine.countTokens(ask.messages, { signal: signalOf(signal) });
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
  const contextTokens = target.contextTokens ?? promptTokens + asked;
  const room = contextTokens - promptTokens;
  if (room < 1) throw new TandemError('context_length_exceeded', { param: 'messages', params: { tokens: promptTokens, limit: contextTokens - 1 } });
  const maxTokens = Math.min(asked, room);
  const generate = { ...ask, id: call.id, fairnessKey: principal.keyId ?? principal.actor.id ?? principal.organisationId, rank: tierOf(request), maxTokens };
  return {
    candidate, inputBound: promptTokens, outputBound: maxTokens,
    open: (delivery) => new LocalAttempt({ call, candidate, engine, generate, promptTokens, tools }, delivery),
  };
}
