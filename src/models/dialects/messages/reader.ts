import { BadReply } from '../../neutral/bad-reply.ts';
import type { ReplyReader } from '../../neutral/dialect.ts';
import type { FinishReason, ReplyEvent } from '../../neutral/reply.ts';
import type { NeutralRequest } from '../../neutral/request.ts';
import type { TokenCounts } from '../../quantities.ts';
import { FaultLast } from '../../remote/fault-last.ts';
import { SseParser } from '../../remote/sse-parser.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { eventJson } from '../event-json.ts';
import { customTools } from './custom-tools.ts';
import { toldFault } from './reply-faults.ts';
import { finishReason } from './stop-reason.ts';
import { StreamParts } from './stream-parts.ts';
import { readUsage } from './usage.ts';

/** Types of events, which are also their SSE names. A name is never taken from a backend without being looked up here or being a word. */
const WORD = /^[a-z][a-z_]{0,63}$/;

/** Reads a streamed message from its bytes. */
export class MessagesReader extends FaultLast implements ReplyReader {
  usage: TokenCounts | null = null;
  promptCounts: TokenCounts | null = null;
  rawUsage: JsonObject | null = null;
  finish: FinishReason | null = null;
  done = false;
  pieces = 0;
  textBytes = 0;
  readonly #native: boolean;
  readonly #parts: StreamParts;
  readonly #parser = new SseParser((data) => { this.#event(data); });
  #events: ReplyEvent[] = [];

  constructor(request: NeutralRequest) {
    super();
    this.#native = request.dialect === 'messages';
    this.#parts = new StreamParts(customTools(request));
  }

  protected read(chunk: Buffer): void {
    this.#parser.push(chunk);
  }

  protected close(): void {
    if (!this.done && this.finish === null) throw new BadReply('its answer ended in the middle');
    this.done = true;
  }

  protected taken(): readonly ReplyEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #event(data: string): void {
    if (this.done) return;
    const value = eventJson(data);
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
