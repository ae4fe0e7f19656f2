import { createHash } from 'node:crypto';
import { TandemError, isTandemError, type Clock, type Logger } from '../../base/index.ts';
import type { DialectIn } from '../neutral/parts.ts';
import type { ReplySink } from '../reply-sink.ts';
import type { CallInput } from '../run/call.ts';
import type { CallKey, CallStore } from './call-store.ts';
import { SharedReply } from './shared-reply.ts';

const KEY_FORM = /^[\x21-\x7e]{1,255}$/;
/** How long a repeated call waits for the one that another process answers. */
const WAIT_MS = 30_000;

type Answer = (dialect: DialectIn, input: CallInput, sink: ReplySink) => Promise<void>;

/**
 * Calls with an Idempotency-Key: a repeated one gets the same reply, or joins the one that runs, and is charged
 * once. A call that failed before it cost anything leaves the key free.
 */
export class IdempotentCalls {
  readonly #store: CallStore;
  readonly #answer: Answer;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #staleForMs: () => number;
  /** Replies that are being made or fetched by this process. */
  readonly #open = new Map<string, SharedReply>();

  constructor(options: { store: CallStore; answer: Answer; clock: Clock; log: Logger; staleForMs: () => number }) {
    this.#store = options.store;
    this.#answer = options.answer;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#staleForMs = options.staleForMs;
  }

  /** @throws TandemError invalid_header, idempotency_mismatch, idempotency_conflict, database_stale, and what the call itself throws. */
  async call(dialect: DialectIn, input: CallInput, idempotencyKey: string, sink: ReplySink): Promise<void> {
    if (!KEY_FORM.test(idempotencyKey)) throw new TandemError('invalid_header', { params: { name: 'Idempotency-Key' } });
    const { principal, signal } = input;
    // Every call has a project by now.
    const key: CallKey = { organisationId: principal.organisationId, projectId: principal.projectId!, callerId: principal.keyId ?? principal.actor.id ?? 'session', idempotencyKey };
    const hash = createHash('sha256').update(JSON.stringify([dialect, input.receipt, input.body])).digest();
    const place = JSON.stringify([key.organisationId, key.callerId, key.idempotencyKey, hash.toString('base64')]);
    let reply = this.#open.get(place);
    // A reply whose readers have all left is being cut: nobody joins it.
    if (!reply || reply.signal.aborted) {
      reply = new SharedReply();
      this.#open.set(place, reply);
      void this.#serve(dialect, input, key, hash, reply, place);
    }
    await reply.read({ sink, signal });
  }

  /** Makes or fetches the reply. Whatever happens is told to its readers; this never rejects. */
  async #serve(dialect: DialectIn, input: CallInput, key: CallKey, hash: Buffer, reply: SharedReply, place: string): Promise<void> {
    try {
      if (await this.#claim(key, hash, input.requestId, reply)) await this.#run(dialect, input, key, reply);
    } catch (error) {
      reply.fail(error);
    } finally {
      if (this.#open.get(place) === reply) this.#open.delete(place);
    }
  }

  /** True when the call is ours to answer; otherwise the reply holds what was kept. */
  async #claim(key: CallKey, hash: Buffer, eventId: string, reply: SharedReply): Promise<boolean> {
    const untilMs = this.#clock.monotonicMs() + WAIT_MS;
    let watched: ReturnType<CallStore['watch']> | undefined;
    try {
      for (;;) {
        const claim = await this.#checked(() => this.#store.claim(key, hash, eventId));
        switch (claim.kind) {
          case 'ours':
            return true;
          case 'other-request':
            throw new TandemError('idempotency_mismatch');
          case 'cut':
            throw conflict('was cut before its end; what it had delivered was charged');
          case 'not-kept':
            throw conflict('was answered, but its reply is not kept: it was too large, or its project was purged meanwhile');
          case 'done':
            reply.replay(claim.reply);
            return false;
          case 'running': {
            if (claim.abandoned) throw conflict('was cut when the server stopped; what it had delivered was charged');
            const leftMs = untilMs - this.#clock.monotonicMs();
            if (leftMs <= 0 || reply.signal.aborted) throw conflict('is still running');
            // The first time round only the watch is set up, and the row is read again: an end in between is not missed.
            if (watched) await this.#wait(watched.ended, Math.min(leftMs, 5_000));
            watched?.stop();
            watched = this.#store.watch(claim.eventId);
          }
        }
      }
    } finally {
      watched?.stop();
    }
  }

  /** Without the database nobody knows whether the call was made before: it is refused, never made twice. */
  async #checked<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isTandemError(error)) throw error;
      throw new TandemError('database_stale', { params: { seconds: Math.round(this.#staleForMs() / 1000) }, cause: error, retryAfterSeconds: 5 });
    }
  }

  async #run(dialect: DialectIn, input: CallInput, key: CallKey, reply: SharedReply): Promise<void> {
    const eventId = input.requestId;
    try {
      await this.#answer(dialect, { ...input, signal: reply.signal }, reply);
    } catch (error) {
      await this.#kept(() => (reply.started ? this.#store.finish(key, eventId, undefined) : this.#store.forget(key, eventId)));
      throw error;
    }
    if (reply.started) await this.#kept(() => this.#store.finish(key, eventId, reply.kept()));
    else await this.#kept(() => this.#store.forget(key, eventId));
    reply.release();
  }

  /** The call is charged and its readers wait: a database that fails now costs the replay, not the reply. */
  async #kept(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.#log.error({ reason: error instanceof Error ? error.message : 'unknown' }, 'a reply could not be kept for its Idempotency-Key');
    }
  }

  async #wait(ended: Promise<void>, ms: number): Promise<void> {
    const over = new AbortController();
    await Promise.race([ended, this.#clock.sleep(ms, over.signal).catch(() => {})]);
    over.abort(new Error('the wait is over'));
  }
}

function conflict(state: string): TandemError {
  return new TandemError('idempotency_conflict', { params: { state }, retryAfterSeconds: 1 });
}
