import { BadReply } from '../../neutral/bad-reply.ts';
import type { ReplyReader } from '../../neutral/dialect.ts';
import type { FinishReason, ReplyEvent } from '../../neutral/reply.ts';
import type { TokenCounts } from '../../quantities.ts';
import { FaultLast } from '../../remote/fault-last.ts';
import { SseParser } from '../../remote/sse-parser.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { eventJson } from '../event-json.ts';
import { ChunkParts } from './chunk-parts.ts';
import { toldInside } from './errors.ts';
import { readFinish } from './finish.ts';
import { giveIds } from './missing-ids.ts';
import { readUsage } from './usage.ts';

/** Of a number, as far as its bits are told apart. */
const BITS = 31;

/**
 * Reads a stream of chat completion chunks (OpenAI's API reference: "The chat completion chunk object") and counts what it passes on.
 * For a caller of the same dialect each chunk stays one event.
 */
export class ChatReader extends FaultLast implements ReplyReader {
  usage: TokenCounts | null = null;
  rawUsage: JsonObject | null = null;
  pieces = 0;
  textBytes = 0;
  finish: FinishReason | null = null;
  done = false;
  readonly #parts: ChunkParts | null;
  readonly #parser: SseParser;
  #events: ReplyEvent[] = [];
  #empty = true;
  /** A model that refuses says that it stopped, as any other. */
  #refused = false;
  /** A bit for each of the first choices: those that have begun, and those that have said why they end. */
  #begun = 0;
  #ended = 0;
  /** Choices beyond the bits of a number that have begun and not ended; undefined: there was none. */
  #open: Set<number> | undefined;
  readonly #turn: number;
  /** Calls of tools that have begun; undefined: none has. */
  #calls: Set<string> | undefined;
  /** Whether the chunk that is read has pieces of calls. */
  #calling = false;

  /**
   * @param native whether chunks are passed on as they came.
   * @param turn the number of messages that are answered.
   */
  constructor(native: boolean, turn: number) {
    super();
    this.#turn = turn;
    this.#parts = native ? null : new ChunkParts();
    this.#parser = new SseParser((data, event, oneLine) => this.#event(data, event, oneLine));
  }

  protected read(chunk: Buffer): void {
    this.#parser.push(chunk);
  }

  protected close(): void {
    if (!this.done && (this.finish === null || this.#begun !== this.#ended || (this.#open?.size ?? 0) > 0)) throw new BadReply('its answer ended in the middle');
  }

  protected taken(): readonly ReplyEvent[] {
    if (this.#parts) return this.#parts.take();
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #event(data: string, event: string, oneLine: boolean): void {
    if (this.done) return;
    if (data === '[DONE]') {
      if (this.#empty) throw new BadReply('its answer was empty');
      this.done = true;
      return;
    }
    const chunk = eventJson(data);
    if (event === 'error' || (chunk['error'] !== undefined && chunk['error'] !== null)) throw toldInside(chunk['error'] ?? chunk);
    const usage = readUsage(chunk['usage']);
    if (usage) {
      this.usage = usage;
      this.rawUsage = chunk['usage'] as JsonObject;
    }
    const choices = chunk['choices'];
    if (!Array.isArray(choices)) throw new BadReply('an event of its answer has no choices');
    // The usage's own chunk is written at the end, after the charge is settled.
    if (choices.length === 0 && usage) return;
    this.#calling = false;
    for (const choice of choices) this.#count(choice);
    this.#empty = false;
    const changed = this.#calling && giveIds(choices, 'delta', this.#turn, (this.#calls ??= new Set()));
    if (this.#parts) this.#parts.chunk(choices as JsonObject[]);
    else this.#events.push(oneLine && !changed ? { type: 'native', name: '', value: chunk, text: data } : { type: 'native', name: '', value: chunk });
  }

  #further(index: number, ended: boolean): void {
    this.#open ??= new Set();
    if (ended) this.#open.delete(index);
    else this.#open.add(index);
  }

  #count(choice: unknown): void {
    if (!isObject(choice)) throw new BadReply('a choice of its answer is not an object');
    const finish = readFinish(choice['finish_reason']);
    const index = typeof choice['index'] === 'number' ? choice['index'] : 0;
    if (index >= 0 && index < BITS) {
      this.#begun |= 1 << index;
      if (finish !== null) this.#ended |= 1 << index;
    } else {
      this.#further(index, finish !== null);
    }
    if (finish !== null) {
      this.finish = finish === 'stop' && this.#refused ? 'refusal' : finish;
    }
    const delta = choice['delta'];
    if (!isObject(delta)) return;
    const before = this.textBytes;
    for (const field in delta) {
      const value = delta[field];
      if (field === 'role' || value === null || value === '') continue;
      if (field === 'refusal') this.#refused = true;
      else if (field === 'tool_calls') this.#calling = true;
      // Text, reasoning and refusals are strings; calls of tools are counted as they are written.
      this.textBytes += Buffer.byteLength(typeof value === 'string' ? value : JSON.stringify(value));
    }
    if (this.textBytes > before) this.pieces += 1;
  }
}
