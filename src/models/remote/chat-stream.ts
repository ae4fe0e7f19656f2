import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { Clock } from '../../base/index.ts';
import type { TokenCounts } from '../quantities.ts';
import type { ReplySink } from '../reply-sink.ts';
import { isObject, type JsonObject } from '../request/json.ts';
import { EventTooLarge, SseParser } from './sse-parser.ts';
import { Exchange } from './exchange.ts';
import { failed, inBandError, type BackendWords } from './failure.ts';
import { estimateOutput, readUsage } from './usage.ts';

export interface ChatStreamOptions {
  readonly clock: Clock;
  readonly backend: BackendWords;
  readonly sink: ReplySink;
  /** What callers read as `id` and `model`. */
  readonly replyId: string;
  readonly alias: string;
  /** Whether frames show usage, as the caller asked. */
  readonly showUsage: boolean;
  readonly headers: Record<string, string>;
  /** Called after each piece that was passed on. */
  readonly onProgress: () => void;
}

const MOST_ERROR_CHARACTERS = 64 * 1024;

/**
 * A streamed chat on its way through: each event of the backend is parsed, counted and written to the caller as it
 * comes, in the same turn. Every frame is parsed and written anew, so that nothing a model says can end or forge one.
 */
export class ChatStream extends Exchange {
  /** The backend's last word on tokens; undefined while it gave none. */
  usage: TokenCounts | undefined;
  /** The same as it was sent. */
  rawUsage: JsonObject | undefined;
  finishReason: string | null = null;
  created: number;
  /** Pieces of text passed on, and their bytes. */
  pieces = 0;
  textBytes = 0;
  firstTokenMs = 0;
  lastPieceMs: number;
  /** The text of a failing reply. */
  errorText = '';
  /** True while the caller does not keep up: the backend is not read, so it is not late. */
  paused = false;
  readonly #options: ChatStreamOptions;
  readonly #parser: SseParser;
  #done = false;
  #out = '';

  constructor(options: ChatStreamOptions) {
    super(options.clock);
    this.#options = options;
    this.created = Math.floor(options.clock.nowMs() / 1000);
    this.lastPieceMs = options.clock.monotonicMs();
    this.#parser = new SseParser((data, event) => this.#event(data, event));
  }

  /** A guess of the tokens passed on so far, for where the backend gives no count. */
  estimate(): number {
    return estimateOutput(this.pieces, this.textBytes);
  }

  override onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    super.onResponseStart(controller, status, headers);
    const type = String(headers['content-type'] ?? '');
    if (status === 200 && !type.startsWith('text/event-stream')) {
      const error = failed(this.#options.backend, 'it did not answer with a stream of events', `content-type ${type.slice(0, 100)}`);
      this.finish(error);
      controller.abort(error);
    }
  }

  protected take(chunk: Buffer): void {
    if (this.status !== 200) {
      if (this.errorText.length < MOST_ERROR_CHARACTERS) this.errorText += chunk.toString();
      return;
    }
    try {
      this.#parser.push(chunk);
    } catch (error) {
      this.#flush();
      throw error instanceof EventTooLarge ? failed(this.#options.backend, 'one event of its answer is too large') : error;
    }
    this.#flush();
    if (this.#done) this.finish();
  }

  protected complete(): void {
    if (this.status !== 200 || this.#done || this.finishReason !== null) return;
    throw failed(this.#options.backend, 'its answer ended in the middle');
  }

  /** Events that came in one piece leave in one write; none waits for another. */
  #flush(): void {
    if (this.#out === '') return;
    const out = this.#out;
    this.#out = '';
    const { sink } = this.#options;
    if (!sink.started) sink.head(200, this.#options.headers);
    this.lastPieceMs = this.#options.clock.monotonicMs();
    if (this.firstTokenMs === 0 && this.pieces > 0) this.firstTokenMs = this.lastPieceMs;
    const free = sink.write(out);
    if (this.pieces > 0) this.#options.onProgress();
    if (!free && !this.paused) this.#pause();
  }

  #pause(): void {
    this.paused = true;
    this.controller?.pause();
    const resume = () => {
      this.paused = false;
      this.lastPieceMs = this.#options.clock.monotonicMs();
      this.controller?.resume();
    };
    this.#options.sink.drained().then(resume, resume);
  }

  #event(data: string, event: string): void {
    if (this.#done) return;
    if (data === '[DONE]') {
      if (!this.#options.sink.started && this.#out === '') throw failed(this.#options.backend, 'its answer was empty');
      this.#done = true;
      return;
    }
    let chunk: { [field: string]: unknown };
    try {
      const value: unknown = JSON.parse(data);
      if (!isObject(value)) throw new SyntaxError('not an object');
      chunk = value;
    } catch {
      throw failed(this.#options.backend, 'its answer is not made of valid JSON events');
    }
    if (event === 'error' || (chunk['error'] !== undefined && chunk['error'] !== null)) {
      throw inBandError(this.#options.backend, chunk['error'] ?? chunk);
    }
    const usage = readUsage(chunk['usage']);
    if (usage) {
      this.usage = usage;
      this.rawUsage = chunk['usage'] as JsonObject;
    }
    const choices = chunk['choices'];
    if (!Array.isArray(choices)) throw failed(this.#options.backend, 'an event of its answer has no choices');
    // The usage's own chunk is written by the call itself, after the charge is settled.
    if (choices.length === 0 && usage) return;
    for (const choice of choices) this.#count(choice);
    if (typeof chunk['created'] === 'number') this.created = chunk['created'];
    chunk['id'] = this.#options.replyId;
    chunk['model'] = this.#options.alias;
    chunk['usage'] = this.#options.showUsage ? null : undefined;
    this.#out += `data: ${JSON.stringify(chunk)}\n\n`;
  }

  #count(choice: unknown): void {
    if (!isObject(choice)) throw failed(this.#options.backend, 'a choice of its answer is not an object');
    if (typeof choice['finish_reason'] === 'string') this.finishReason = choice['finish_reason'];
    const delta = choice['delta'];
    if (!isObject(delta)) return;
    const before = this.textBytes;
    for (const field in delta) {
      const value = delta[field];
      if (field === 'role' || value === null || value === '') continue;
      // Text, reasoning and refusals are strings; calls of tools are counted as they are written.
      this.textBytes += Buffer.byteLength(typeof value === 'string' ? value : JSON.stringify(value));
    }
    if (this.textBytes > before) this.pieces += 1;
  }
}
