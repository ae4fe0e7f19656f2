import type { TandemError } from '../../../base/index.ts';
import type { ReplyEnd, ReplyFacts, ReplyWriter } from '../../neutral/dialect.ts';
import type { NeutralReply, ReplyEvent } from '../../neutral/reply.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { blockJson, stateOf } from './block-json.ts';
import { messagesError } from './error-object.ts';
import { OpenBlocks } from './open-blocks.ts';
import { stopReason } from './stop-reason.ts';
import { writeDeltaUsage, writeUsage } from './usage.ts';

type PartEvent = Extract<ReplyEvent, { type: 'part' }>;
type InPart = Extract<ReplyEvent, { type: 'delta' | 'part_end' }>;

/** Writes one reply in the form of Anthropic's Messages API (API reference, "Streaming Messages"). */
export class MessagesWriter implements ReplyWriter {
  readonly #facts: ReplyFacts;
  readonly #blocks: OpenBlocks;
  #out = '';
  #begun = false;
  #index = -1;
  #openedAs: PartEvent['opens'] = 'text';
  /** A thought's block is opened when it is known whether it is readable: redacted ones have a block of their own kind. */
  #thoughtOpen = false;
  #calls = false;
  #stop: { readonly reason: string; readonly text: string | null } | null = null;
  /** The backend's own `message_delta` events, kept back until the charge is in the log. */
  readonly #deltas: JsonObject[] = [];

  constructor(facts: ReplyFacts) {
    this.#facts = facts;
    this.#blocks = new OpenBlocks({ open: (event) => { this.#open(event); }, within: (event) => { this.#within(event); } });
  }

  whole(reply: NeutralReply, end: ReplyEnd): string {
    const tandem = end.receipt && { tandem: end.receipt };
    if (reply.native) {
      const usage = reply.usage === null ? { usage: writeUsage(end.counts, this.#facts.serviceTier) } : {};
      return JSON.stringify({ ...reply.native, id: this.#id(), model: this.#facts.alias, ...usage, ...tandem });
    }
    const choice = reply.choices[0];
    const blocks = (choice?.parts ?? []).map(blockJson).filter((block) => block !== null);
    const stop = stopOf(choice?.finish ?? 'stop', choice?.stopText ?? null, choice?.parts.some((part) => part.type === 'tool_call') ?? false);
    const head = { id: this.#id(), type: 'message', role: 'assistant', model: this.#facts.alias };
    const tail = { container: null, diagnostics: null, ...stopFields(stop), usage: writeUsage(end.counts, this.#facts.serviceTier), ...tandem };
    return `${JSON.stringify(head).slice(0, -1)},"content":[${blocks.join(',')}],${JSON.stringify(tail).slice(1)}`;
  }

  event(event: ReplyEvent): string {
    if (event.type === 'native') return this.#native(event.name, event.value);
    if (event.choice !== 0) return '';
    this.#begin();
    if (event.type === 'finish') this.#stop = stopOf(event.reason, event.stopText, this.#calls);
    else this.#blocks.take(event);
    return this.#take();
  }

  end(end: ReplyEnd): string {
    const tandem = end.receipt && { tandem: end.receipt };
    if (this.#deltas.length > 0) {
      const last = this.#deltas.pop()!;
      for (const delta of this.#deltas) this.#frame('message_delta', delta);
      this.#frame('message_delta', { ...last, usage: isObject(last['usage']) ? last['usage'] : writeDeltaUsage(end.counts), ...tandem });
    } else {
      this.#begin();
      this.#blocks.close();
      this.#frame('message_delta', { type: 'message_delta', delta: { ...stopFields(this.#stop ?? stopOf('stop', null, this.#calls)), container: null }, usage: writeDeltaUsage(end.counts), ...tandem });
    }
    this.#frame('message_stop', { type: 'message_stop' });
    return this.#take();
  }

  error(error: TandemError): string {
    this.#frame('error', { type: 'error', error: messagesError(error).error, request_id: this.#facts.id });
    return this.#take();
  }

  #native(name: string, value: JsonObject): string {
    const { message } = value;
    if (name === 'message_delta') {
      this.#deltas.push(value);
      return '';
    }
    if (name === 'message_stop') return '';
    if (name === 'message_start' && isObject(message)) this.#frame(name, { ...value, message: { ...message, id: this.#id(), model: this.#facts.alias } });
    else this.#frame(name, value);
    return this.#take();
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    const nothing = { input: 0, cacheRead: 0, output: 0, reasoning: 0 };
    this.#frame('message_start', {
      type: 'message_start',
      message: {
        id: this.#id(), type: 'message', role: 'assistant', model: this.#facts.alias, content: [], container: null, diagnostics: null, stop_reason: null, stop_sequence: null, stop_details: null,
        // Counted so far; the whole figures stand in message_delta, which is cumulative.
        usage: writeUsage(nothing, this.#facts.serviceTier),
      },
    });
    this.#frame('ping', { type: 'ping' });
  }

  #open(event: PartEvent): void {
    this.#openedAs = event.opens;
    if (event.opens === 'tool_call') this.#calls = true;
    this.#thoughtOpen = false;
    if (event.opens === 'reasoning') return;
    this.#start(event.opens === 'tool_call' ? { type: 'tool_use', id: event.id, name: event.name, input: {}, caller: { type: 'direct' } } : { type: 'text', text: '', citations: null });
  }

  #within(event: InPart): void {
    if (event.type === 'delta') {
      if (event.text === '') return;
      if (this.#openedAs === 'reasoning') this.#startThought();
      this.#delta(this.#openedAs === 'reasoning' ? { type: 'thinking_delta', thinking: event.text } : this.#openedAs === 'tool_call' ? { type: 'input_json_delta', partial_json: event.text } : { type: 'text_delta', text: event.text });
      return;
    }
    if (this.#openedAs === 'reasoning') {
      if (!this.#thoughtOpen && event.sealed?.kind === 'redacted') {
        this.#start({ type: 'redacted_thinking', data: stateOf(event) });
      } else {
        this.#startThought();
        this.#delta({ type: 'signature_delta', signature: stateOf(event) });
      }
    }
    this.#frame('content_block_stop', { type: 'content_block_stop', index: this.#index });
  }

  #startThought(): void {
    if (this.#thoughtOpen) return;
    this.#thoughtOpen = true;
    this.#start({ type: 'thinking', thinking: '', signature: '' });
  }

  #start(block: JsonObject): void {
    this.#index += 1;
    this.#frame('content_block_start', { type: 'content_block_start', index: this.#index, content_block: block });
  }

  #delta(delta: JsonObject): void {
    this.#frame('content_block_delta', { type: 'content_block_delta', index: this.#index, delta });
  }

  /** Written as JSON always: nothing that a model says can end a frame or begin another one. Event names come from a list of ours. */
  #frame(name: string, value: JsonObject): void {
    this.#out += `event: ${name}\ndata: ${JSON.stringify(value)}\n\n`;
  }

  #take(): string {
    const out = this.#out;
    this.#out = '';
    return out;
  }

  #id(): string {
    return `msg_${this.#facts.id}`;
  }
}

/** Some servers say `stop` where a tool is called; agents run it only when they are told `tool_use`. */
function stopOf(reason: Parameters<typeof stopReason>[0], stopText: string | null, calls: boolean): { readonly reason: string; readonly text: string | null } {
  if (reason !== 'stop') return { reason: stopReason(reason), text: null };
  return calls ? { reason: 'tool_use', text: null } : stopText !== null ? { reason: 'stop_sequence', text: stopText } : { reason: stopReason(reason), text: null };
}

function stopFields(stop: { readonly reason: string; readonly text: string | null }): JsonObject {
  return {
    stop_reason: stop.reason, stop_sequence: stop.text,
    stop_details: stop.reason === 'refusal' ? { type: 'refusal', category: null, explanation: null } : null,
  };
}
