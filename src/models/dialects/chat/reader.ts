import { BadReply } from '../../neutral/bad-reply.ts';
import type { ReplyReader } from '../../neutral/dialect.ts';
import type { FinishReason, ReplyEvent } from '../../neutral/reply.ts';
import type { TokenCounts } from '../../quantities.ts';
import { EventTooLarge, SseParser } from '../../remote/sse-parser.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { ChunkParts } from './chunk-parts.ts';
import { toldInside } from './errors.ts';
import { readFinish } from './finish.ts';
import { readUsage } from './usage.ts';

/**
 * Reads a stream of chat completion chunks (OpenAI's API reference: "The chat completion chunk object") and counts what it passes on.
 * For a caller of the same dialect each chunk stays one event.
 */
export class ChatReader implements ReplyReader {
  usage: TokenCounts | null = null;
  rawUsage: JsonObject | null = null;
  pieces = 0;
  textBytes = 0;
  finish: FinishReason | null = null;
  done = false;
  failure: Error | null = null;
  readonly #parts: ChunkParts | null;
  readonly #parser: SseParser;
  #events: ReplyEvent[] = [];
  #empty = true;

  /** @param native whether chunks are passed on as they came. */
  constructor(native: boolean) {
    this.#parts = native ? null : new ChunkParts();
    this.#parser = new SseParser((data, event, oneLine) => this.#event(data, event, oneLine));
  }

  push(chunk: Buffer): readonly ReplyEvent[] {
    if (this.failure) throw this.failure;
    try {
      this.#parser.push(chunk);
    } catch (error) {
      this.failure = error instanceof EventTooLarge ? new BadReply('one event of its answer is too large') : (error as Error);
      // What came before it in the same bytes is told first.
      if (this.#taken() === 0) throw this.failure;
    }
    return this.#take();
  }

  end(): readonly ReplyEvent[] {
    if (this.failure) throw this.failure;
    if (!this.done && this.finish === null) throw new BadReply('its answer ended in the middle');
    return this.#take();
  }

  #taken(): number {
    if (this.#parts) this.#events.push(...this.#parts.take());
    return this.#events.length;
  }

  #take(): readonly ReplyEvent[] {
    this.#taken();
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
    const chunk = parsed(data);
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
    for (const choice of choices) this.#count(choice);
    this.#empty = false;
    if (this.#parts) this.#parts.chunk(choices as JsonObject[]);
    else this.#events.push(oneLine ? { type: 'native', name: '', value: chunk, text: data } : { type: 'native', name: '', value: chunk });
  }

  #count(choice: unknown): void {
    if (!isObject(choice)) throw new BadReply('a choice of its answer is not an object');
    const finish = readFinish(choice['finish_reason']);
    if (finish !== null) this.finish = finish;
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

function parsed(data: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    throw new BadReply('its answer is not made of valid JSON events');
  }
  if (!isObject(value)) throw new BadReply('its answer is not made of valid JSON events');
  return value;
}
