import { TandemError, isTandemError } from '../../base/index.ts';
import type { EngineEvent, GenerateRequest, LocalEngine } from '../local/index.ts';
import type { FinishReason, NeutralReply } from '../neutral/reply.ts';
import type { Counted } from '../ports.ts';
import type { TokenCounts } from '../quantities.ts';
import { NOTHING } from '../metered-call.ts';
import type { Candidate } from '../routing/plan.ts';
import type { Attempt } from './attempt.ts';
import type { Call } from './call.ts';
import type { Delivery } from './delivery.ts';
import { LongWait } from './long-wait.ts';
import type { RunTools } from './tools.ts';

/** What is asked of the engine. */
export interface LocalSending {
  readonly call: Call;
  readonly candidate: Candidate;
  readonly engine: LocalEngine;
  readonly generate: Omit<GenerateRequest, 'deadlineMs'>;
  readonly promptTokens: number;
  readonly tools: RunTools;
}

/** One answer of the local engine, with the face of any other attempt. Only the last text written counts as delivered. */
export class LocalAttempt implements Attempt {
  readonly candidate: Candidate;
  readonly startedMs: number;
  readonly httpStatus = null;
  readonly retryAfterSeconds = null;
  readonly rawUsage = null;
  readonly watched = false;
  readonly received = 0;
  outcome: 'completed' | 'deadline' = 'completed';
  connectedMs = 0;
  firstTextMs = 0;
  queueMs = 0;
  pieces = 0;
  finish: FinishReason | null = null;
  reply: NeutralReply | null = null;
  readonly #sending: LocalSending;
  readonly #delivery: Delivery | null;
  readonly #wait: LongWait;
  readonly #stop = new AbortController();
  #text = '';
  #stopText: string | null = null;
  #promptTokens: number;
  #cachedTokens = 0;
  #outputTokens = 0;
  /** When it had a place; 0 until then. */
  #placedMs = 0;

  constructor(sending: LocalSending, delivery: Delivery | null) {
    const { call, candidate, tools } = sending;
    this.candidate = candidate;
    this.startedMs = tools.clock.monotonicMs();
    this.#sending = sending;
    this.#delivery = delivery;
    this.#promptTokens = sending.promptTokens;
    this.#wait = new LongWait(call, candidate, tools);
  }

  async run(): Promise<void> {
    const { call, engine, generate, tools } = this.#sending;
    const spentMs = tools.clock.monotonicMs() - call.startedMs;
    const deadlineMs = Math.max(1, Math.round(call.alias.limits.deadlines.wholeMs - spentMs));
    try {
      for await (const event of engine.generate({ ...generate, deadlineMs }, this.#stop.signal)) await this.#take(event);
    } finally {
      this.#wait.end();
    }
    if (this.#stop.signal.aborted) throw this.#stop.signal.reason;
    if (this.finish === null) throw new TandemError('engine_restarted', { params: { reason: 'its answer ended in the middle' } });
    if (this.#delivery) this.#delivery.take([{ type: 'part_end', choice: 0, part: 0 }, { type: 'finish', choice: 0, reason: this.finish, stopText: this.#stopText }], this.#outputTokens);
    else this.reply = { choices: [{ parts: [{ type: 'text', text: this.#text }], finish: this.finish, stopText: this.#stopText, logprobs: null }], usage: this.#counts(), native: null, serviceTier: null };
  }

  stop(error: Error): void {
    this.#stop.abort(error);
  }

  leave(): boolean {
    return false;
  }

  used(): TokenCounts {
    return this.#counts();
  }

  counts(): { counts: TokenCounts; counted: Counted } {
    return { counts: this.#counts(), counted: 'tokenizer' };
  }

  /** One that was still waiting has used nothing. */
  spent(): TokenCounts {
    return this.#placedMs === 0 ? NOTHING : this.#counts();
  }

  told(error: unknown): TandemError {
    return isTandemError(error) ? error : new TandemError('internal', { params: { requestId: this.#sending.call.id }, cause: error });
  }

  again(): boolean {
    return false;
  }

  release(): void {}

  async #take(event: EngineEvent): Promise<void> {
    const { call, tools } = this.#sending;
    switch (event.type) {
      case 'queued':
        this.#wait.name(`place ${event.position} in the queue: ${event.reason}`);
        return;
      case 'started':
        this.#wait.end();
        this.#promptTokens = event.promptTokens;
        this.#cachedTokens = event.cachedTokens;
        this.#placedMs = tools.clock.monotonicMs();
        this.queueMs = this.#placedMs - call.startedMs;
        return;
      case 'token':
        this.#outputTokens = event.tokens;
        if (this.firstTextMs === 0) this.firstTextMs = tools.clock.monotonicMs();
        if (this.#delivery) await this.#deliver(event.text, this.#delivery);
        else this.#text += event.text;
        return;
      case 'done':
        this.#promptTokens = event.promptTokens;
        this.#cachedTokens = event.cachedTokens;
        this.#outputTokens = event.outputTokens;
        this.finish = event.finishReason === 'stop' ? 'stop' : 'length';
        if (event.finishReason === 'deadline') this.outcome = 'deadline';
        this.#stopText = event.stopText ?? null;
        return;
      case 'aborted':
    }
  }

  async #deliver(text: string, delivery: Delivery): Promise<void> {
    const first = this.pieces === 0;
    this.pieces += 1;
    const delta = { type: 'delta', choice: 0, part: 0, text } as const;
    const free = delivery.take(first ? [{ type: 'part', choice: 0, part: 0, opens: 'text' }, delta] : [delta], Math.max(1, this.#outputTokens));
    if (!free) await this.#drained(delivery);
  }

  /** A slow client holds its own generation up, and only until it leaves. */
  async #drained(delivery: Delivery): Promise<void> {
    const { signal } = this.#stop;
    if (signal.aborted) return;
    let onStop = () => {};
    const stopped = new Promise<void>((resolve) => {
      onStop = resolve;
      signal.addEventListener('abort', onStop, { once: true });
    });
    await Promise.race([delivery.drained(), stopped]);
    signal.removeEventListener('abort', onStop);
  }

  #counts(): TokenCounts {
    const cacheRead = Math.min(this.#cachedTokens, this.#promptTokens);
    return { input: this.#promptTokens - cacheRead, cacheRead, output: this.#outputTokens, reasoning: 0 };
  }
}
