import { createHash } from 'node:crypto';
import type { Clock } from '../../base/index.ts';
import { CopyingSink } from '../contributions/copying-sink.ts';
import { CALLER_DIALECTS } from '../dialects/dialects.ts';
import { labelsOf } from '../metered-call.ts';
import type { ContentStore } from '../content/index.ts';
import type { ActiveHook, ActiveHooks } from '../hooks/index.ts';
import type { DialectIn } from '../neutral/parts.ts';
import type { AccessPort, LedgerPort } from '../ports.ts';
import { cachedReplyQuantities } from '../quantities.ts';
import type { Registry } from '../registry/registry.ts';
import type { ReplySink } from '../reply-sink.ts';
import type { CallInput } from '../run/call.ts';
import { ReplyCache, type CachedReply } from './reply-cache.ts';

export interface CachedCallsOptions {
  readonly access: AccessPort;
  readonly ledger: LedgerPort;
  readonly registry: Pick<Registry, 'find'>;
  readonly clock: Clock;
  /** What is asked about this caller's replies just now. */
  readonly hooks: Pick<ActiveHooks, 'of'>;
  /** Whether anything of a call may outlive it. */
  readonly content: Pick<ContentStore, 'keeps'>;
}

type Answer = (dialect: DialectIn, input: CallInput, sink: ReplySink) => Promise<void>;

const BOUNDS = { entries: 5_000, characters: 64 * 1024 * 1024 };
const MOST_REPLY_CHARACTERS = 1_000_000;

/**
 * Answers a request that was answered before by the same reply, for keys that ask for it. The request must be the same to
 * the byte, of the same project, and one whose answer is meant to be the same: `temperature: 0`. A hit is a call like any
 * other in budget, limits and bill, in a bucket of its own.
 */
export class CachedCalls {
  readonly #options: CachedCallsOptions;
  readonly #cache = new ReplyCache(BOUNDS);
  /** How often something was purged: what ran meanwhile is not kept. */
  #purges = 0;

  constructor(options: CachedCallsOptions) {
    this.#options = options;
  }

  /** The same answer, from memory where it is there. */
  caching(answer: Answer): Answer {
    return (dialect, input, sink) => {
      const { keyId, projectId } = input.principal;
      const seconds = keyId === null || projectId === null ? null : this.#options.access.directory.cacheSecondsOf(keyId);
      if (seconds === null || projectId === null || !isRepeatable(dialect, input) || !this.#options.content.keeps(input.principal.organisationId, projectId)) return answer(dialect, input, sink);
      const place = placeOf(dialect, input, projectId, this.#options.hooks.of(input.principal, 'reply'));
      return place === null ? answer(dialect, input, sink) : this.#fromMemory(answer, dialect, input, sink, projectId, place, seconds);
    };
  }

  async #fromMemory(answer: Answer, dialect: DialectIn, input: CallInput, sink: ReplySink, projectId: string, place: string, seconds: number): Promise<void> {
    const found = this.#cache.get(place, this.#options.clock.nowMs());
    if (found !== undefined) return this.#replay(dialect, input, found, sink);
    const copying = new CopyingSink(sink, MOST_REPLY_CHARACTERS, { 'x-tandem-cache': 'miss' });
    const purges = this.#purges;
    await answer(dialect, input, copying);
    const { chunks, headers } = copying;
    if (chunks !== undefined && purges === this.#purges) this.#cache.put(place, projectId, { callId: input.requestId, headers, chunks }, this.#options.clock.nowMs() + seconds * 1_000);
  }

  /** A project's content was purged; without a project, some project's may have been. */
  drop(projectId?: string): void {
    this.#purges += 1;
    this.#cache.drop(projectId);
  }

  /** @throws TandemError as any call: the model may be gone, or the budget spent. */
  async #replay(dialect: DialectIn, input: CallInput, { callId, headers, chunks }: CachedReply, sink: ReplySink): Promise<void> {
    const { principal, body, requestId: id } = input;
    const { ledger, registry, clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const admittedAtMs = clock.nowMs();
    const alias = registry.find(principal, (body as { readonly model: string }).model);
    const price = ledger.priceBook.priceOn(principal.organisationId, alias.name, principal.tier, 'default', admittedAtMs);
    const quantities = price === undefined ? {} : cachedReplyQuantities(price);
    // Whom it is for stands in the request, which was read when it was answered first.
    const labels = labelsOf(CALLER_DIALECTS[dialect]!.parse(body, input.headers));
    const hold = await ledger.admit({
      id, organisationId: principal.organisationId, projectId: principal.projectId, keyId: principal.keyId, resource: alias.name, tier: principal.tier, admittedAtMs, worst: quantities, ...labels,
    });
    if (hold.limits) sink.limits?.(hold.limits);
    const ms = clock.monotonicMs() - startedMs;
    const streamed = headers['content-type']?.startsWith('text/event-stream') ?? false;
    await hold.settle({
      outcome: 'completed', quantities, counted: 'backend', finishReason: null, streamed, dialect,
      route: { target: 'cache', code: 'cache', words: 'the same request was answered before' },
      attempts: [{ backendId: alias.targets[0]!.backend.id, backendModel: 'cache', outcome: 'completed', quantities: {}, cost: 0n, costPriceId: null, httpStatus: null, ms }],
      timings: { queueMs: 0, connectMs: 0, firstTokenMs: 0, totalMs: ms }, ...labels,
    });
    sink.head(200, { ...headers, 'x-tandem-cache': 'hit', 'x-tandem-route': 'cache; reason=cache', 'x-tandem-attempts': '0' });
    // Its own id, so that it can be told from the first reply: feedback is about this one.
    sink.end(chunks.join('').replaceAll(callId, id));
  }
}

/** Whether the same request is meant to have the same answer. Dialects that keep state, and replies with a receipt, are not. */
function isRepeatable(dialect: DialectIn, { body, receipt }: CallInput): boolean {
  if (receipt || (dialect !== 'chat' && dialect !== 'messages') || typeof body !== 'object' || body === null) return false;
  const { temperature, n, model, service_tier: tier } = body as Record<string, unknown>;
  return temperature === 0 && (n === undefined || n === 1) && typeof model === 'string' && (tier === undefined || tier === 'auto' || tier === 'default');
}

/**
 * Null for a request that may name a file: the file can be deleted, and its answer must not outlive it. A reply that a hook was not asked
 * about is not found by those whose replies it is asked about.
 */
function placeOf(dialect: DialectIn, { body, headers, principal }: CallInput, projectId: string, hooks: readonly ActiveHook[]): string | null {
  const text = JSON.stringify([principal.organisationId, projectId, dialect, headers?.['anthropic-beta'] ?? null, hooks.map(({ id, url }) => [id, url]), body]);
  return text.includes('"file_id"') ? null : createHash('sha256').update(text).digest('base64');
}
