import { TandemError, type Clock, type Logger } from '../../base/index.ts';
import type { AccessPort, Principal } from '../ports.ts';
import type { ReplySink } from '../reply-sink.ts';
import type { CallInput } from '../run/call.ts';
import type { BatchRow } from './batch-object.ts';
import type { BatchStore, TakenLine } from './batch-store.ts';
import { answered, refused, tokensOf, type BatchTokens, type LineResult } from './line-result.ts';
import { LineSink } from './line-sink.ts';
import { afterFailure } from './retry.ts';

/** A call as a caller's own: budget, limits, metering and routes are the same. `unbilled`: it repeats one that was charged. */
export type AnswerLine = (input: CallInput, sink: ReplySink, unbilled: boolean) => Promise<void>;

export interface LineRunnerOptions {
  readonly store: BatchStore;
  readonly access: AccessPort;
  readonly clock: Clock;
  readonly log: Logger;
  /** By the endpoint that batches name. */
  readonly answers: Readonly<Record<string, AnswerLine>>;
  /** Resolves when there is spare capacity for one more call of this model; rejects when the signal aborts. */
  readonly spare: (principal: Principal, model: string, signal: AbortSignal) => Promise<void>;
}

const MOST_REPLY_CHARACTERS = 16 * 1024 * 1024;
const KEEP_TRYING_MS = 1_000;
const NO_TOKENS: BatchTokens = { input: 0, cached: 0, output: 0, reasoning: 0 };

/** Runs one line once and keeps what came of it. */
export class LineRunner {
  readonly #options: LineRunnerOptions;

  constructor(options: LineRunnerOptions) {
    this.#options = options;
  }

  /**
   * One attempt. Never rejects: what goes wrong is the line's result, or it waits for another attempt.
   * @returns how long the batch should begin no more lines, in milliseconds.
   */
  async run(batch: BatchRow, line: TakenLine, signal: AbortSignal): Promise<number> {
    const sink = new LineSink(MOST_REPLY_CHARACTERS);
    try {
      await this.#answer(batch, line, sink, signal);
    } catch (error) {
      if (signal.aborted && !sink.started) return this.#putBack(batch, line, 0, signal);
      const after = sink.started ? { kind: 'refuse' as const } : afterFailure(error, line.attempts);
      if (after.kind === 'again') return this.#putBack(batch, line, after.inMs, signal);
      await this.#end(batch, line, 'failed', refused(line.callId, line.customId, error), NO_TOKENS, signal);
      return 0;
    }
    // The process stops, and the call ended without a reply and without a charge.
    if (!sink.started) return this.#putBack(batch, line, 0, signal);
    const body = bodyOf(sink);
    if (body === undefined) {
      const error = new TandemError('backend_failed', { params: { backend: 'of this line', reason: sink.cut ? 'its reply is too large for a batch' : 'its reply is not whole' } });
      await this.#end(batch, line, 'failed', refused(line.callId, line.customId, error), NO_TOKENS, signal);
      return 0;
    }
    await this.#end(batch, line, sink.status < 400 ? 'done' : 'failed', answered(line.callId, line.customId, sink.status, body), tokensOf(body), signal);
    return 0;
  }

  async #answer(batch: BatchRow, line: TakenLine, sink: LineSink, signal: AbortSignal): Promise<void> {
    const principal = this.#principal(batch);
    const answer = this.#options.answers[batch.endpoint];
    if (answer === undefined) throw new TandemError('not_implemented', { params: { path: batch.endpoint, instead: '/v1/chat/completions' } });
    await this.#options.spare(principal, String(line.body['model']), signal);
    await answer({ principal, body: { ...line.body, service_tier: 'flex' }, idempotencyKey: null, receipt: false, signal, requestId: line.callId }, sink, line.delivered);
  }

  /** Who made the batch, as of now: a key that has ended calls nothing any more. Counted in the batch's project. */
  #principal(batch: BatchRow): Principal {
    const { directory } = this.#options.access;
    const found = batch.key_id !== null ? directory.principalOfKey(batch.key_id) : batch.member_id === null ? null : directory.principalOfMember(batch.member_id);
    if (found === null) throw new TandemError('invalid_api_key');
    return { ...found, projectId: batch.project_id, tier: directory.project(batch.project_id)?.tier ?? found.tier };
  }

  async #putBack(batch: BatchRow, line: TakenLine, waitMs: number, signal: AbortSignal): Promise<number> {
    await this.#kept(() => this.#options.store.putBack(batch, line), signal);
    return waitMs;
  }

  #end(batch: BatchRow, line: TakenLine, state: 'done' | 'failed', result: LineResult, tokens: BatchTokens, signal: AbortSignal): Promise<void> {
    return this.#kept(() => this.#options.store.endLine(batch, line, state, result, tokens), signal);
  }

  /** The call is charged, so its reply is held until the database takes it, or this process stops. */
  async #kept(write: () => Promise<void>, signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        this.#options.log.error({ reason: error instanceof Error ? error.message : 'unknown' }, 'the result of a batch line could not be kept; trying again');
        if (signal.aborted) return;
        await this.#options.clock.sleep(KEEP_TRYING_MS, signal).catch(() => {});
      }
    }
  }
}

function bodyOf(sink: LineSink): unknown {
  if (!sink.ended || sink.cut) return undefined;
  try {
    return JSON.parse(sink.text) as unknown;
  } catch {
    return undefined;
  }
}
