import { BadReply } from '../../neutral/bad-reply.ts';
import type { ReplyReader } from '../../neutral/dialect.ts';
import type { FinishReason, ReplyEvent } from '../../neutral/reply.ts';
import type { NeutralRequest } from '../../neutral/request.ts';
import type { TokenCounts } from '../../quantities.ts';
import { EventTooLarge, SseParser } from '../../remote/sse-parser.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { customTools } from './custom-tools.ts';
import { toldFault } from './reply-faults.ts';
import { finishReason } from './stop-reason.ts';
import { StreamParts } from './stream-parts.ts';
import { readUsage } from './usage.ts';

/** Types of events, which are also their SSE names. A name is never taken from a backend without being looked up here or being a word. */
const WORD = /^[a-z][a-z_]{0,63}$/;

/** Reads a streamed message from its bytes. */
export class MessagesReader implements ReplyReader {
  usage: TokenCounts | null = null;
  promptCounts: TokenCounts | null = null;
  rawUsage: JsonObject | null = null;
  finish: FinishReason | null = null;
  done = false;
  failure: Error | null = null;
  pieces = 0;
  textBytes = 0;
  readonly #native: boolean;
  readonly #parts: StreamParts;
  readonly #parser = new SseParser((data) => { this.#event(data); });
  #events: ReplyEvent[] = [];

  constructor(request: NeutralRequest) {
    this.#native = request.dialect === 'messages';
    this.#parts = new StreamParts(customTools(request));
  }

  push(chunk: Buffer): readonly ReplyEvent[] {
    if (this.failure) throw this.failure;
    try {
      this.#parser.push(chunk);
    } catch (error) {
      this.failure = error instanceof EventTooLarge ? new BadReply('one event of its answer is too large') : (error as Error);
      // What came before it in the same bytes is told first.
      if (this.#events.length === 0) throw this.failure;
    }
    return this.#take();
  }

  end(): readonly ReplyEvent[] {
    if (this.failure) throw this.failure;
    if (!this.done && this.finish === null) throw new BadReply('its answer ended in the middle');
    this.done = true;
    return this.#take();
  }

  #take(): readonly ReplyEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #event(data: string): void {
    if (this.done) return;
    const value = parse(data);
    const type = value['type'];
    if (type === 'error' || value['error'] != null) throw toldFault(value);
    if (typeof type !== 'string' || !WORD.test(type)) throw new BadReply('an event of its answer has no type');
    switch (type) {
      case 'message_start':
        this.#start(value);
        break;
      case 'content_block_delta':
        this.#count(value['delta']);
        break;
      case 'message_delta':
        this.#delta(value);
        break;
      case 'message_stop':
        if (this.finish === null) throw new BadReply('its answer ended without a reason');
        this.done = true;
    }
    if (this.#native) this.#events.push({ type: 'native', name: type, value });
    else this.#events.push(...this.#parts.take(type, value));
  }

  #start({ message }: JsonObject): void {
    if (!isObject(message)) throw new BadReply('its answer begins without a message');
    if (!isObject(message['usage'])) return;
    this.rawUsage = message['usage'];
    this.promptCounts = readUsage(message['usage']);
  }

  /** Usage is cumulative: what this event does not tell stays as it was told at the beginning. */
  #delta(value: JsonObject): void {
    const { usage, delta } = value;
    if (isObject(usage)) {
      this.rawUsage = { ...this.rawUsage, ...Object.fromEntries(Object.entries(usage).filter(([, count]) => count !== null)) };
      this.usage = readUsage(this.rawUsage);
    }
    this.finish = finishReason(isObject(delta) ? delta['stop_reason'] : null) ?? this.finish;
  }

  #count(delta: unknown): void {
    if (!isObject(delta)) throw new BadReply('an event of its answer has no delta');
    const text = delta['text'] ?? delta['thinking'] ?? delta['partial_json'];
    if (typeof text !== 'string' || text === '') return;
    this.pieces += 1;
    this.textBytes += Buffer.byteLength(text);
  }
}

function parse(data: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    throw new BadReply('its answer is not made of valid JSON events');
  }
  if (!isObject(value)) throw new BadReply('its answer is not made of valid JSON events');
  return value;
}
