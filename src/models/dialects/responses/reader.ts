import { BadReply } from '../../neutral/bad-reply.ts';
import type { ReplyReader } from '../../neutral/dialect.ts';
import type { FinishReason, ReplyEvent } from '../../neutral/reply.ts';
import type { TokenCounts } from '../../quantities.ts';
import { FaultLast } from '../../remote/fault-last.ts';
import { SseParser } from '../../remote/sse-parser.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { eventJson } from '../event-json.ts';
import { readThought } from './read-items.ts';
import { failure, finishOf } from './reply.ts';
import { readUsage } from './usage.ts';

/** Events that carry text of an open part. */
const DELTAS = new Set([
  'response.output_text.delta', 'response.refusal.delta', 'response.reasoning_text.delta', 'response.reasoning_summary_text.delta',
  'response.function_call_arguments.delta', 'response.custom_tool_call_input.delta',
  // gpt-oss on older vLLM, and the Open Responses specification.
  'response.reasoning.delta',
]);

/** Reads a stream of response events: for a caller of the same dialect as they came, for others as neutral parts. */
export class ResponseReader extends FaultLast implements ReplyReader {
  usage: TokenCounts | null = null;
  rawUsage: JsonObject | null = null;
  pieces = 0;
  textBytes = 0;
  finish: FinishReason | null = null;
  done = false;
  readonly #native: boolean;
  readonly #parser = new SseParser((data, event) => this.#event(data, event));
  /** Which neutral part an item's content is: by item and place. */
  readonly #parts = new Map<string, number>();
  #events: ReplyEvent[] = [];
  #next = 0;

  constructor(native: boolean) {
    super();
    this.#native = native;
  }

  protected read(chunk: Buffer): void {
    this.#parser.push(chunk);
  }

  protected close(): void {
    if (!this.done) throw new BadReply('its answer ended in the middle');
  }

  protected taken(): readonly ReplyEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #event(data: string, name: string): void {
    if (this.done || data === '[DONE]') return;
    const value = eventJson(data);
    const type = typeof value['type'] === 'string' ? value['type'] : name;
    if (type === 'error') throw failure(isObject(value['error']) ? value['error'] : value);
    const { response } = value;
    if (type === 'response.failed' || type === 'response.cancelled') throw failure(isObject(response) ? response['error'] : undefined);
    if (DELTAS.has(type)) this.#count(value['delta']);
    if (type === 'response.completed' || type === 'response.incomplete') {
      if (!isObject(response)) throw new BadReply('the last event of its answer holds no response');
      this.done = true;
      this.finish = finishOf(type === 'response.incomplete' ? { ...response, status: 'incomplete' } : response);
      this.usage = readUsage(response['usage']);
      this.rawUsage = this.usage && isObject(response['usage']) ? response['usage'] : null;
    }
    if (this.#native) this.#events.push({ type: 'native', name, value });
    else this.#neutral(type, value);
  }

  #count(delta: unknown): void {
    if (typeof delta !== 'string' || delta === '') return;
    this.pieces += 1;
    this.textBytes += Buffer.byteLength(delta);
  }

  #neutral(type: string, value: JsonObject): void {
    switch (type) {
      case 'response.output_item.added':
        this.#itemAdded(value);
        return;
      case 'response.output_text.delta':
      case 'response.refusal.delta':
        this.#text(value, type === 'response.refusal.delta' ? 'refusal' : 'text', `${place(value)}/${String(value['content_index'] ?? 0)}`);
        return;
      case 'response.reasoning_text.delta':
      case 'response.reasoning.delta':
        this.#text(value, 'reasoning', `${place(value)}/t${String(value['content_index'] ?? 0)}`, 'text');
        return;
      case 'response.reasoning_summary_text.delta':
        this.#text(value, 'reasoning', `${place(value)}/s${String(value['summary_index'] ?? 0)}`, 'summary');
        return;
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        this.#delta(this.#parts.get(place(value)), value);
        return;
      case 'response.output_text.done':
      case 'response.refusal.done':
        // The end waits for the item's own: it brings the annotations.
        return;
      case 'response.output_item.done':
        this.#itemDone(value);
        return;
      case 'response.completed':
      case 'response.incomplete':
        this.#events.push({ type: 'finish', choice: 0, reason: this.finish!, stopText: null });
    }
  }

  #itemAdded(value: JsonObject): void {
    const { item } = value;
    if (!isObject(item) || (item['type'] !== 'function_call' && item['type'] !== 'custom_tool_call')) return;
    const { call_id: id, name } = item;
    if (typeof id !== 'string' || typeof name !== 'string') throw new BadReply('a call of a tool in its answer is malformed');
    const part = this.#open(place(value));
    this.#events.push({ type: 'part', choice: 0, part, opens: 'tool_call', id, name, kind: item['type'] === 'function_call' ? 'function' : 'custom' });
  }

  #itemDone(value: JsonObject): void {
    const { item } = value;
    if (!isObject(item)) return;
    const at = place(value);
    switch (item['type']) {
      case 'message':
        this.#messageDone(item, at);
        return;
      case 'reasoning':
        this.#thoughtDone(item, at);
        return;
      case 'function_call':
      case 'custom_tool_call': {
        const part = this.#parts.get(at);
        if (part === undefined) this.#itemAdded(value);
        const opened = this.#parts.get(at)!;
        // A backend that sends a call whole sends no deltas.
        const input = item[item['type'] === 'function_call' ? 'arguments' : 'input'];
        if (!this.#said.has(opened) && typeof input === 'string' && input !== '') this.#delta(opened, { delta: input });
        this.#events.push({ type: 'part_end', choice: 0, part: opened });
        return;
      }
      default:
        throw new BadReply('its answer holds an item that no other dialect knows');
    }
  }

  #messageDone(item: JsonObject, at: string): void {
    const content = Array.isArray(item['content']) ? item['content'] : [];
    content.forEach((part: unknown, index) => {
      if (!isObject(part)) return;
      const refusal = part['type'] === 'refusal';
      const key = `${at}/${index}`;
      const whole = part[refusal ? 'refusal' : 'text'];
      if (!this.#parts.has(key) && typeof whole === 'string') this.#text({ delta: whole }, refusal ? 'refusal' : 'text', key);
      const annotations = Array.isArray(part['annotations']) ? part['annotations'].filter(isObject) : [];
      this.#close(key, annotations.length > 0 ? { annotations } : {});
    });
  }

  /** The opaque state stands at the end of the last text; where there is none, of an empty part. */
  #thoughtDone(item: JsonObject, at: string): void {
    const parts = readThought(item, 'its output');
    parts.forEach((part, index) => {
      const summaries = parts.filter(({ form }) => form === 'summary').length;
      const key = part.form === 'summary' ? `${at}/s${index}` : `${at}/t${index - summaries}`;
      if (!this.#parts.has(key)) {
        if (part.text === '' && !part.sealed) return;
        this.#text({ delta: part.text }, 'reasoning', key, part.form);
      }
      this.#close(key, { form: part.form, ...(part.sealed && { sealed: part.sealed }) });
    });
  }

  readonly #said = new Set<number>();

  #text(value: JsonObject, opens: 'text' | 'reasoning' | 'refusal', key: string, form?: 'text' | 'summary'): void {
    let part = this.#parts.get(key);
    if (part === undefined) {
      part = this.#open(key);
      this.#events.push({ type: 'part', choice: 0, part, opens, ...(form && { form }) });
    }
    this.#delta(part, value);
  }

  #delta(part: number | undefined, value: JsonObject): void {
    const { delta, logprobs } = value;
    if (part === undefined || typeof delta !== 'string' || delta === '') return;
    this.#said.add(part);
    const told = Array.isArray(logprobs) && logprobs.length > 0 ? { logprobs: { content: logprobs } } : {};
    this.#events.push({ type: 'delta', choice: 0, part, text: delta, ...told });
  }

  #open(key: string): number {
    const part = this.#next++;
    this.#parts.set(key, part);
    return part;
  }

  #close(key: string, more: Partial<Extract<ReplyEvent, { type: 'part_end' }>>): void {
    const part = this.#parts.get(key);
    if (part !== undefined) this.#events.push({ type: 'part_end', choice: 0, part, ...more });
  }
}

function place(value: JsonObject): string {
  return String(value['output_index'] ?? value['item_id'] ?? '');
}
