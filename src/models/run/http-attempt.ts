import type { IncomingHttpHeaders } from 'node:http';
import type { TandemError } from '../../base/index.ts';
import { BadReply } from '../neutral/bad-reply.ts';
import type { BackendDialect, OutRequest, ReplyReader } from '../neutral/dialect.ts';
import type { FinishReason, NeutralReply } from '../neutral/reply.ts';
import type { Counted } from '../ports.ts';
import type { TokenCounts } from '../quantities.ts';
import { CollectedReply, Exchange, Stopped } from '../remote/exchange.ts';
import { statusError } from '../remote/failure.ts';
import type { ReplyControl } from '../remote/http/reply-handler.ts';
import type { RemoteBackend } from '../remote/remote-backend.ts';
import { retryAfterIn } from '../remote/retry-after.ts';
import type { Candidate } from '../routing/plan.ts';
import type { Attempt } from './attempt.ts';
import type { Call } from './call.ts';
import type { Delivery } from './delivery.ts';
import { estimateInput, estimateOutput } from './estimate.ts';
import { exchangeError, mayRetry, usedUndelivered } from './exchange-end.ts';
import { choiceText } from './reply-text.ts';
import type { RunTools } from './tools.ts';

/** What is sent where, for one candidate. */
export interface Sending {
  readonly call: Call;
  readonly candidate: Candidate;
  readonly remote: RemoteBackend;
  /** How its whole reply is read: as a conversation's, or as embeddings. */
  readonly reading: Pick<BackendDialect, 'whole'>;
  readonly out: OutRequest;
  readonly tools: RunTools;
}

const MOST_ERROR_CHARACTERS = 64 * 1024;
/** How long a backend may take to close its side after its last event, before the connection is cut. */
const CLOSE_MS = 2_000;

/** An answer that comes in events: each is parsed, counted and passed on in the same turn. */
export class StreamAttempt extends Exchange implements Attempt {
  readonly candidate: Candidate;
  readonly startedMs: number;
  readonly queueMs = 0;
  readonly outcome = 'completed';
  readonly reply = null;
  readonly watched = true;
  retryAfterSeconds: number | null = null;
  readonly received = 0;
  readonly #sending: Sending;
  readonly #delivery: Delivery;
  readonly #reader: ReplyReader;
  /** The text of a failing reply. */
  #errorText = '';
  /** What was delivered when the client left an answer that is read on. */
  #left: { readonly pieces: number; readonly textBytes: number } | undefined;

  constructor(sending: Sending, delivery: Delivery) {
    super(sending.tools.clock);
    this.candidate = sending.candidate;
    this.startedMs = sending.tools.clock.monotonicMs();
    this.#sending = sending;
    this.#delivery = delivery;
    this.#reader = sending.remote.dialect.reader(sending.call.request);
  }

  get httpStatus(): number | null {
    return this.status || null;
  }

  get firstTextMs(): number {
    return this.#delivery.firstTextMs;
  }

  get pieces(): number {
    return this.#reader.pieces;
  }

  get finish(): FinishReason | null {
    return this.#reader.finish;
  }

  get rawUsage() {
    const { remote, call } = this.#sending;
    return remote.dialect.native === call.request.dialect ? this.#reader.rawUsage : null;
  }

  run(): Promise<void> {
    send(this, this.#sending);
    return this.#sending.remote.dialect.afterClientLeft === 'read on' ? this.#untilRead() : this.ended;
  }

  async #untilRead(): Promise<void> {
    try {
      await this.ended;
    } catch (error) {
      throw this.#left ? new Stopped('client_left', '') : error;
    }
    if (this.#left) throw new Stopped('client_left', '');
  }

  leave(): boolean {
    const { pieces, textBytes } = this.#reader;
    if (this.#sending.remote.dialect.afterClientLeft !== 'read on' || !this.#delivery.begun) return false;
    this.#left = { pieces, textBytes };
    // Nobody reads any more, so nobody is waited for.
    if (this.#delivery.paused) this.controller?.resume();
    return true;
  }

  used(): TokenCounts {
    return this.#reader.usage ?? this.#counts(this.#reader).counts;
  }

  counts() {
    if (!this.#left) return this.#counts(this.#reader);
    const found = this.#counts(this.#left);
    const { usage } = this.#reader;
    return usage === null ? found : { counts: { ...usage, output: Math.min(usage.output, estimateOutput(this.#left.pieces, this.#left.textBytes)), reasoning: 0 }, counted: 'mixed' as const };
  }

  #counts({ pieces, textBytes }: { readonly pieces: number; readonly textBytes: number }) {
    const usage = this.#left ? null : this.#reader.usage;
    const { promptCounts } = this.#reader;
    const found = countsOf(this.#sending, usage, pieces, textBytes);
    // The prompt's count is the backend's, what was answered is a guess.
    return usage === null && promptCounts ? { counts: { ...promptCounts, output: found.counts.output, reasoning: 0 }, counted: 'mixed' as const } : found;
  }

  spent(error: unknown): TokenCounts | null {
    return this.#reader.usage ?? usedUndelivered(this, error);
  }

  told(error: unknown): TandemError {
    return exchangeError(this.#sending.remote.words, error, this, this.#sending.call.alias.limits.deadlines);
  }

  again(error: unknown): boolean {
    return mayRetry(this, error);
  }

  release(): void {
    if (this.closed) return;
    const { deadlines, clock } = this.#sending.tools;
    deadlines.watch({ place: -1, dueMs: clock.monotonicMs() + CLOSE_MS, expire: () => { if (!this.closed) this.stop(new Error('the backend kept its answer open')); } });
  }

  override onResponseStart(controller: ReplyControl, status: number, headers: IncomingHttpHeaders): void {
    super.onResponseStart(controller, status, headers);
    const type = String(headers['content-type'] ?? '');
    if (status === 200 && !type.startsWith(this.#sending.remote.dialect.streamType ?? 'text/event-stream')) {
      const error = new BadReply('it did not answer with a stream of events');
      this.settle(error);
      controller.abort(error);
    }
  }

  protected take(chunk: Buffer): void {
    if (this.status !== 200) {
      if (this.#errorText.length < MOST_ERROR_CHARACTERS) this.#errorText += chunk.toString();
      return;
    }
    const reader = this.#reader;
    if (this.#left) {
      this.#delivery.lastMs = this.#sending.tools.clock.monotonicMs();
      reader.push(chunk);
      if (reader.failure) throw reader.failure;
      if (reader.done) this.settle();
      return;
    }
    const free = this.#delivery.take(reader.push(chunk), textOf(reader));
    if (reader.failure) throw reader.failure;
    if (!free && !this.#delivery.paused) this.#pause();
    if (reader.done) this.settle();
  }

  protected complete(): void {
    if (this.status !== 200) throw refusal(this, this.#sending, this.#errorText);
    if (this.#left) return void this.#reader.end();
    this.#delivery.take(this.#reader.end(), textOf(this.#reader));
  }

  /** A client that reads slowly holds its backend back. */
  #pause(): void {
    this.#delivery.paused = true;
    this.controller?.pause();
    const resume = () => {
      this.#delivery.paused = false;
      this.#delivery.lastMs = this.#sending.tools.clock.monotonicMs();
      this.controller?.resume();
    };
    this.#delivery.drained().then(resume, resume);
  }
}

/** An answer that is read whole before anything of it is passed on. */
export class WholeAttempt extends CollectedReply implements Attempt {
  readonly candidate: Candidate;
  readonly startedMs: number;
  readonly queueMs = 0;
  readonly outcome = 'completed';
  readonly rawUsage = null;
  readonly watched = true;
  retryAfterSeconds: number | null = null;
  reply: NeutralReply | null = null;
  readonly #sending: Sending;

  constructor(sending: Sending) {
    super(sending.tools.clock);
    this.candidate = sending.candidate;
    this.startedMs = sending.tools.clock.monotonicMs();
    this.#sending = sending;
  }

  get httpStatus(): number | null {
    return this.status || null;
  }

  get firstTextMs(): number {
    return this.firstByteMs;
  }

  get pieces(): number {
    return 0;
  }

  get finish(): FinishReason | null {
    const { reply } = this;
    return reply === null ? null : (reply.finish ?? reply.choices.at(-1)?.finish ?? null);
  }

  run(): Promise<void> {
    send(this, this.#sending);
    return this.ended;
  }

  protected override complete(): void {
    const { reading, call } = this.#sending;
    if (this.status !== 200) throw refusal(this, this.#sending, this.text());
    this.reply = reading.whole(this.text(), call.request, this.headers);
  }

  leave(): boolean {
    return false;
  }

  used(): TokenCounts {
    return this.counts().counts;
  }

  counts() {
    const usage = this.reply?.usage ?? null;
    if (usage !== null || this.reply === null) return countsOf(this.#sending, usage, 0, 0);
    const { pieces, textBytes } = choiceText(this.reply);
    return countsOf(this.#sending, null, pieces, textBytes);
  }

  spent(error: unknown): TokenCounts | null {
    return usedUndelivered(this, error);
  }

  told(error: unknown): TandemError {
    return exchangeError(this.#sending.remote.words, error, this, this.#sending.call.alias.limits.deadlines);
  }

  again(error: unknown): boolean {
    return mayRetry(this, error);
  }

  release(): void {}
}

/** How much of the answer there is, as a delivery wants to know it. */
function textOf({ textBytes, pieces }: ReplyReader): number {
  return textBytes || pieces;
}

/** Begins an exchange; whatever goes wrong ends it. */
function send(exchange: Exchange, { remote, out, tools }: Sending): void {
  const signed = remote.sign(out, tools.clock.nowMs());
  if (signed === null) remote.send(out, exchange);
  else signed.then((headers) => remote.send(out, exchange, headers), (error: unknown) => exchange.stop(error instanceof Error ? error : new Error('unknown')));
}

function refusal(attempt: Exchange & { retryAfterSeconds: number | null }, { remote: { words, dialect }, tools }: Sending, body: string): TandemError {
  const seconds = retryAfterIn(attempt.headers, tools.clock.nowMs()) ?? dialect.retryAfterSeconds?.(body);
  attempt.retryAfterSeconds = seconds ?? null;
  return statusError(words, dialect.errorStatus?.(attempt.status, body) ?? attempt.status, dialect.errorMessage(body), seconds);
}

function countsOf({ call, out }: Sending, usage: TokenCounts | null, pieces: number, textBytes: number): { counts: TokenCounts; counted: Counted } {
  if (usage !== null) return { counts: usage, counted: 'backend' };
  return {
    counts: { input: Math.min(out.inputBound, estimateInput(out.textBytes, call.request.turnCount)), cacheRead: 0, output: Math.min(estimateOutput(pieces, textBytes), out.outputBound), reasoning: 0 },
    counted: 'estimate',
  };
}
