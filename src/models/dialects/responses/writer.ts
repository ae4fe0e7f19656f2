import type { TandemError } from '../../../base/index.ts';
import type { ReplyEnd, ReplyFacts, ReplyWriter } from '../../neutral/dialect.ts';
import type { Part } from '../../neutral/parts.ts';
import type { FinishReason, NeutralChoice, NeutralReply, ReplyEvent } from '../../neutral/reply.ts';
import type { NeutralRequest } from '../../neutral/request.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { envelope, ownFields, responseError, type Envelope } from './envelope.ts';
import { includes, shownItem } from './includes.ts';
import { ItemStream } from './item-stream.ts';
import { spacedNames } from './namespaces.ts';
import { writeUsage } from './usage.ts';

const INCOMPLETE: Partial<Record<FinishReason, string | null>> = { length: 'max_output_tokens', content_filter: 'content_filter', pause: null };
/** The name of an event as a backend may have written it: a line end in it would forge one. */
const PLAIN_NAME = /^[\w.]+$/;

/**
 * Writes one response, whole or as the dialect's events in their order, each with the next `sequence_number`. After its end,
 * `kept` is the response with all that a later call needs.
 */
export class ResponseWriter implements ReplyWriter {
  /** The response as it is kept for later calls and for being fetched: opaque state included. Null before its end. */
  kept: JsonObject | null = null;
  /** The end once more, for the case that the response could not be kept: it says `store: false`. */
  unkept: (() => string) | null = null;
  readonly #request: NeutralRequest;
  readonly #facts: ReplyFacts;
  readonly #response: Envelope;
  readonly #items: ItemStream;
  readonly #encrypted: boolean;
  #frames = '';
  #sequence = 0;
  #silent = false;
  #opened = false;
  #finish: FinishReason = 'stop';
  /** The backend's own last event, held back until the charge is in the log. */
  #last: { readonly type: string; readonly response: JsonObject } | null = null;
  /** Items that a backend of this dialect has finished, for the case that it breaks off. */
  #nativeItems: unknown[] | null = null;

  constructor(request: NeutralRequest, facts: ReplyFacts) {
    this.#request = request;
    this.#facts = facts;
    this.#response = envelope(request, facts);
    this.#encrypted = includes(request.body, 'reasoning.encrypted_content');
    const { reasoning } = this.#response;
    this.#items = new ItemStream({
      callId: facts.id, summaries: isObject(reasoning) && reasoning['summary'] != null, logprobs: includes(request.body, 'message.output_text.logprobs'), names: spacedNames(request.body['tools']),
      emit: (type, fields) => this.#emit(type, 'item' in fields ? { ...fields, item: shownItem(fields['item'], this.#encrypted) } : fields),
    });
  }

  whole(reply: NeutralReply, end: ReplyEnd): string {
    this.#silent = true;
    const choice = reply.choices[0];
    if (!reply.native && choice) this.#takeWhole(choice);
    // What a backend of this dialect counts beside our buckets goes on to its caller.
    const rawUsage = reply.usage && isObject(reply.native?.['usage']) ? reply.native['usage'] : null;
    const response = this.#close(reply.native ? this.#native(reply.native) : this.#finished(), { ...end, rawUsage });
    this.unkept = () => JSON.stringify({ ...response, store: false });
    return JSON.stringify(response);
  }

  event(event: ReplyEvent): string {
    if (event.type === 'native') this.#takeNative(event.value);
    else {
      this.#begin();
      if (event.type === 'finish') this.#finish = event.reason;
      else this.#items.take(event);
    }
    return this.#taken();
  }

  end(end: ReplyEnd): string {
    this.#begin();
    const response = this.#close(this.#last?.response ?? this.#finished(), this.#last ? end : { ...end, rawUsage: null });
    const type = this.#last?.type ?? (response['status'] === 'incomplete' ? 'response.incomplete' : 'response.completed');
    const before = this.#taken();
    const sequence = this.#sequence;
    const last = (told: JsonObject): string => {
      this.#sequence = sequence;
      this.#emit(type, { response: told });
      return `${before}${this.#taken()}data: [DONE]\n\n`;
    };
    this.unkept = () => last({ ...response, store: false });
    return last(response);
  }

  /** `response.failed`, for those that read events, and then `error`, at which SDKs throw: a text that breaks off must not look whole. */
  error(error: TandemError): string {
    this.#items.abandon();
    this.kept = { ...this.#response, output: this.#nativeItems ?? this.#items.items, status: 'failed', error: responseError(error) };
    this.#emit('response.failed', { response: this.#shown(this.kept) });
    this.#emit('error', { code: error.code, message: `${error.message} ${error.next}`, param: error.param ?? null });
    return this.#taken();
  }

  #begin(): void {
    if (this.#opened) return;
    this.#opened = true;
    this.#emit('response.created', { response: this.#response });
    this.#emit('response.in_progress', { response: this.#response });
  }

  #takeNative(value: JsonObject): void {
    const { type, response } = value;
    if (typeof type !== 'string') return;
    if (type === 'response.created' || type === 'response.queued') this.#opened = true;
    else this.#begin();
    if (!isObject(response)) {
      if (type === 'response.output_item.done') (this.#nativeItems ??= []).push(value['item']);
      this.#emit(type, 'item' in value ? { ...value, item: shownItem(value['item'], this.#encrypted) } : value);
      return;
    }
    const own = this.#native(response);
    if (type === 'response.completed' || type === 'response.incomplete') this.#last = { type, response: own };
    else this.#emit(type, { ...value, response: this.#shown(own) });
  }

  /** A backend's response with every field, and with Tandem's own words for what it decides. */
  #native(response: JsonObject): JsonObject {
    return { ...envelope(this.#request, this.#facts), ...response, ...ownFields(this.#request, this.#facts) };
  }

  #takeWhole({ parts, finish, logprobs }: NeutralChoice): void {
    let probabilities = logprobs;
    parts.forEach((part, at) => {
      for (const event of eventsOf(part, at)) {
        this.#items.take(event.type === 'delta' && part.type === 'text' && probabilities ? { ...event, logprobs: probabilities } : event);
      }
      if (part.type === 'text') probabilities = null;
    });
    this.#finish = finish;
  }

  /** The response of a backend that speaks another dialect, once all its events are in. */
  #finished(): JsonObject {
    // Where no part tells of a refusal (Anthropic's stands in its text), the reason does.
    const reason = this.#finish === 'refusal' && !this.#items.refused ? 'content_filter' : INCOMPLETE[this.#finish];
    const status = reason === undefined ? 'completed' : 'incomplete';
    this.#items.close(status);
    return { ...this.#response, status, output: this.#items.items, incomplete_details: typeof reason === 'string' ? { reason } : null };
  }

  /** The last form of the response, as it is shown; the form that is kept is noted. */
  #close(response: JsonObject, end: ReplyEnd): JsonObject {
    const done = response['status'] === 'completed';
    this.kept = {
      ...response, usage: end.rawUsage ?? writeUsage(end.counts),
      completed_at: done ? response['completed_at'] ?? (end.endedAtMs === undefined ? null : Math.floor(end.endedAtMs / 1000)) : null,
    };
    return end.receipt ? { ...this.#shown(this.kept), tandem: end.receipt } : this.#shown(this.kept);
  }

  #shown(response: JsonObject): JsonObject {
    const { output } = response;
    return Array.isArray(output) ? { ...response, output: output.map((item: unknown) => shownItem(item, this.#encrypted)) } : response;
  }

  #emit(type: string, fields: JsonObject): void {
    const sequence = this.#sequence++;
    if (this.#silent) return;
    const name = PLAIN_NAME.test(type) ? `event: ${type}\n` : '';
    this.#frames += `${name}data: ${JSON.stringify({ type, ...fields, sequence_number: sequence })}\n\n`;
  }

  #taken(): string {
    const frames = this.#frames;
    this.#frames = '';
    return frames;
  }
}

/** A whole part as the events that would have made it. */
function eventsOf(part: Part, at: number): readonly ReplyEvent[] {
  const place = { choice: 0, part: at } as const;
  switch (part.type) {
    case 'text':
      return [{ type: 'part', ...place, opens: 'text' }, ...delta(part.text), { type: 'part_end', ...place, ...(part.annotations && { annotations: part.annotations }) }];
    case 'refusal':
      return [{ type: 'part', ...place, opens: 'refusal' }, ...delta(part.text), { type: 'part_end', ...place }];
    case 'reasoning':
      return [{ type: 'part', ...place, opens: 'reasoning', form: part.form }, ...delta(part.text), { type: 'part_end', ...place, form: part.form, ...(part.sealed && { sealed: part.sealed }) }];
    case 'tool_call':
      return [{ type: 'part', ...place, opens: 'tool_call', id: part.id, name: part.name, kind: part.kind }, ...delta(part.input), { type: 'part_end', ...place }];
    default:
      // Answers hold no images, files and results of tools; what only another dialect knows has no item here.
      return [];
  }

  function delta(text: string): ReplyEvent[] {
    return text === '' ? [] : [{ type: 'delta', ...place, text }];
  }
}
