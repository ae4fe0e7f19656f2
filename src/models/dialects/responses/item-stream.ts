import type { ReasoningPart } from '../../neutral/parts.ts';
import type { ReplyEvent } from '../../neutral/reply.ts';
import { wrapThought } from '../../neutral/sealed.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import type { SpacedName } from './namespaces.ts';

type PartEvent = Extract<ReplyEvent, { type: 'part' }>;
type PartEnd = Extract<ReplyEvent, { type: 'part_end' }>;
type Item = { [field: string]: unknown; id: string; type: 'message' | 'reasoning' | 'function_call' | 'custom_tool_call' };
type Status = 'completed' | 'incomplete';

interface OpenItem {
  readonly index: number;
  readonly item: Item;
  /** What its message or thought holds so far. */
  readonly content: { [field: string]: unknown }[];
  closed: boolean;
}

interface OpenPart {
  readonly of: OpenItem;
  readonly kind: 'output_text' | 'refusal' | 'reasoning_text' | 'summary_text' | 'input' | 'arguments';
  /** Its place in the item; -1 until its first text, for thoughts: an empty one has no part. */
  at: number;
  text: string;
  logprobs: unknown[];
}

export interface ItemStreamOptions {
  /** The call's id, which the ids of items are made from. */
  readonly callId: string;
  /** Whether thoughts are told as a summary, since the caller asked for one. */
  readonly summaries: boolean;
  readonly logprobs: boolean;
  /** Tools of namespaces by the names under which a backend knows them. */
  readonly names: ReadonlyMap<string, SpacedName>;
  readonly emit: (type: string, fields: JsonObject) => void;
}

const PREFIX = { message: 'msg', reasoning: 'rs', function_call: 'fc', custom_tool_call: 'ctc' } as const;

/**
 * Puts parts into the output items of a response and tells each step as the dialect's events do. Texts in a row stand in one
 * message, thoughts in a row in one reasoning item until one of them has opaque state; every call of a tool is an item of its own.
 */
export class ItemStream {
  /** The items so far, with all that is kept of them. */
  readonly items: Item[] = [];
  /** Whether any part of the answer is a refusal. */
  refused = false;
  readonly #options: ItemStreamOptions;
  readonly #parts: (OpenPart | undefined)[] = [];
  readonly #open: OpenItem[] = [];

  constructor(options: ItemStreamOptions) {
    this.#options = options;
  }

  take(event: ReplyEvent): void {
    if (event.type === 'part') this.#begin(event);
    else if (event.type === 'delta') this.#delta(event);
    else if (event.type === 'part_end') this.#end(event);
  }

  /** Closes what is open. `incomplete`: the answer was cut by a limit. */
  close(status: Status): void {
    for (const open of [...this.#open].sort((a, b) => a.index - b.index)) this.#closeItem(open, status);
  }

  /** The items as they are when the stream breaks: what was open stays incomplete, and no event says that it is done. */
  abandon(): void {
    for (const part of this.#parts) if (part) this.#write(part);
    for (const open of this.#open) if (open.item.type !== 'reasoning') open.item['status'] = 'incomplete';
  }

  #begin(event: PartEvent): void {
    if (event.opens === 'tool_call') {
      this.#closeOthers(null);
      const custom = event.kind === 'custom';
      const of = this.#add(custom ? 'custom_tool_call' : 'function_call', { call_id: event.id, ...(this.#options.names.get(event.name) ?? { name: event.name }), [custom ? 'input' : 'arguments']: '', status: 'in_progress' });
      this.#parts[event.part] = { of, kind: custom ? 'input' : 'arguments', at: 0, text: '', logprobs: [] };
    } else if (event.opens === 'reasoning') {
      const of = this.#closeOthers('reasoning') ?? this.#add('reasoning', { summary: [] });
      this.#parts[event.part] = { of, kind: event.form === 'summary' || this.#options.summaries ? 'summary_text' : 'reasoning_text', at: -1, text: '', logprobs: [] };
    } else {
      const of = this.#closeOthers('message') ?? this.#add('message', { role: 'assistant', status: 'in_progress', content: [] });
      const part: OpenPart = { of, kind: event.opens === 'text' ? 'output_text' : 'refusal', at: of.content.length, text: '', logprobs: [] };
      of.content.push(contentOf(part));
      if (event.opens === 'refusal') this.refused = true;
      this.#parts[event.part] = part;
      this.#emit('response.content_part.added', part, { part: contentOf(part) });
    }
  }

  #delta(event: Extract<ReplyEvent, { type: 'delta' }>): void {
    const part = this.#parts[event.part];
    if (!part) return;
    if (part.at === -1) this.#placeThought(part);
    part.text += event.text;
    const logprobs = this.#options.logprobs && event.logprobs ? listOf(event.logprobs) : [];
    part.logprobs.push(...logprobs);
    this.#emit(`response.${EVENTS[part.kind]}.delta`, part, { delta: event.text, ...(part.kind === 'output_text' && { logprobs }) });
  }

  #end(event: PartEnd): void {
    const part = this.#parts[event.part];
    if (!part) return;
    this.#parts[event.part] = undefined;
    if (event.annotations) this.#annotate(part, event.annotations);
    this.#finishPart(part);
    const { of } = part;
    if (of.item.type === 'reasoning' && event.sealed) {
      of.item['encrypted_content'] = stateOf(event.sealed);
      this.#closeItem(of, 'completed');
    } else if (of.item.type !== 'reasoning' && of.item.type !== 'message') {
      this.#closeItem(of, 'completed');
    }
  }

  #annotate(part: OpenPart, annotations: readonly JsonObject[]): void {
    part.of.content[part.at]!['annotations'] = annotations;
    annotations.forEach((annotation, index) => this.#emit('response.output_text.annotation.added', part, { annotation_index: index, annotation }));
  }

  /** Closes messages and thoughts that are open, but for one of the kind that goes on. Calls of tools stay open side by side. */
  #closeOthers(kind: 'message' | 'reasoning' | null): OpenItem | undefined {
    let goesOn: OpenItem | undefined;
    for (const open of this.#open.slice()) {
      if (open.item.type === kind) goesOn = open;
      else if (open.item.type === 'message' || open.item.type === 'reasoning') this.#closeItem(open, 'completed');
    }
    return goesOn;
  }

  #add(type: Item['type'], fields: JsonObject): OpenItem {
    const index = this.items.length;
    const item: Item = { id: `${PREFIX[type]}_${this.#options.callId.replaceAll('-', '')}${index.toString(16).padStart(4, '0')}`, type, ...fields };
    const open: OpenItem = { index, item, content: [], closed: false };
    this.items.push(item);
    this.#open.push(open);
    this.#options.emit('response.output_item.added', { output_index: index, item });
    return open;
  }

  #placeThought(part: OpenPart): void {
    const { of } = part;
    const summary = part.kind === 'summary_text';
    part.at = of.content.filter(({ type }) => (type === 'summary_text') === summary).length;
    of.content.push(contentOf(part));
    if (summary) this.#emit('response.reasoning_summary_part.added', part, { part: contentOf(part) });
    else this.#emit('response.content_part.added', part, { part: contentOf(part) });
  }

  #finishPart(part: OpenPart): void {
    this.#write(part);
    if (part.at === -1) return;
    const whole = part.kind === 'refusal' ? { refusal: part.text } : part.kind === 'input' || part.kind === 'arguments' ? { [part.kind]: part.text } : { text: part.text };
    this.#emit(`response.${EVENTS[part.kind]}.done`, part, { ...whole, ...(part.kind === 'output_text' && { logprobs: part.logprobs }) });
    if (part.kind === 'summary_text') this.#emit('response.reasoning_summary_part.done', part, { part: contentOf(part) });
    else if (part.kind !== 'input' && part.kind !== 'arguments') this.#emit('response.content_part.done', part, { part: this.#placed(part) });
  }

  /** Puts a part's text into its item. */
  #write(part: OpenPart): void {
    const { of, kind } = part;
    if (kind === 'input' || kind === 'arguments') of.item[kind] = part.text;
    else if (part.at !== -1) Object.assign(this.#placed(part), contentOf(part), keptAnnotations(this.#placed(part)));
    if (of.item.type === 'message') of.item['content'] = of.content;
    if (of.item.type !== 'reasoning') return;
    of.item['summary'] = of.content.filter(({ type }) => type === 'summary_text');
    const thoughts = of.content.filter(({ type }) => type === 'reasoning_text');
    if (thoughts.length > 0) of.item['content'] = thoughts;
  }

  #placed({ of, kind, at }: OpenPart): { [field: string]: unknown } {
    return of.item.type === 'reasoning' ? of.content.filter(({ type }) => type === kind)[at]! : of.content[at]!;
  }

  #closeItem(open: OpenItem, status: Status): void {
    if (open.closed) return;
    open.closed = true;
    this.#parts.forEach((part, at) => {
      if (part?.of !== open) return;
      this.#parts[at] = undefined;
      this.#finishPart(part);
    });
    this.#open.splice(this.#open.indexOf(open), 1);
    if (open.item.type !== 'reasoning') open.item['status'] = status;
    this.#options.emit('response.output_item.done', { output_index: open.index, item: open.item });
  }

  #emit(type: string, part: OpenPart, fields: JsonObject): void {
    const place = part.kind === 'input' || part.kind === 'arguments' ? {} : part.kind === 'summary_text' ? { summary_index: part.at } : { content_index: part.at };
    this.#options.emit(type, { item_id: part.of.item.id, output_index: part.of.index, ...place, ...fields });
  }
}

const EVENTS = {
  output_text: 'output_text', refusal: 'refusal', reasoning_text: 'reasoning_text', summary_text: 'reasoning_summary_text', input: 'custom_tool_call_input', arguments: 'function_call_arguments',
} as const satisfies Record<OpenPart['kind'], string>;

function contentOf({ kind, text, logprobs }: OpenPart): { [field: string]: unknown } {
  if (kind === 'output_text') return { type: kind, text, annotations: [], logprobs: [...logprobs] };
  return kind === 'refusal' ? { type: kind, refusal: text } : { type: kind, text };
}

function keptAnnotations(placed: JsonObject): JsonObject {
  return Array.isArray(placed['annotations']) ? { annotations: placed['annotations'] } : {};
}

/** Opaque state as a caller keeps it: this dialect's own as it is, another's wrapped, so that it finds its way back. */
function stateOf(sealed: NonNullable<ReasoningPart['sealed']>): string {
  return sealed.dialect === 'responses' && sealed.kind === 'encrypted' ? sealed.value : wrapThought({ sealed, id: null });
}

/** Log probabilities come in the form of chat completions: `{content: […]}`. */
function listOf(logprobs: JsonObject): unknown[] {
  const list = logprobs['content'];
  return Array.isArray(list) ? list.filter(isObject) : [];
}
