import type { TandemError } from '../../../base/index.ts';
import type { ReplyEnd, ReplyFacts, ReplyWriter } from '../../neutral/dialect.ts';
import type { ReasoningPart } from '../../neutral/parts.ts';
import type { NeutralChoice, NeutralReply, ReplyEvent } from '../../neutral/reply.ts';
import type { NeutralRequest } from '../../neutral/request.ts';
import type { JsonObject } from '../../request/json.ts';
import { writeFinish } from './finish.ts';
import { ChunkNames, renamed } from './rename.ts';
import { signedBy } from './signed-calls.ts';
import { writeCall } from './tool-calls.ts';
import { writeUsage } from './usage.ts';

type Changing = { [field: string]: unknown };
type Opened = Extract<ReplyEvent, { type: 'part' }>['opens'];

/**
 * Writes chat completions and their chunks. Every frame is JSON that was written anew, or that was parsed and stands in one line, so
 * nothing that a model says can end or forge one.
 * A thought goes out as `reasoning_content`, the name that vLLM, SGLang and DeepSeek share, and the stop text that was met as vLLM's
 * `stop_reason`; OpenAI's own API has neither.
 */
export class ChatWriter implements ReplyWriter {
  readonly #id: string;
  readonly #alias: string;
  readonly #includeUsage: boolean;
  readonly #names: ChunkNames;
  #created: number;
  /** For events that are put together here: which choices have begun, what each part is, how many tools a choice calls, and what was signed for the next one. */
  #choices: { calls: number; sealed: ReasoningPart['sealed'] | undefined; readonly parts: { readonly opens: Opened; readonly call: number; readonly custom: boolean }[] }[] | undefined;

  constructor(request: NeutralRequest, facts: ReplyFacts) {
    this.#id = `chatcmpl-${facts.id}`;
    this.#alias = facts.alias;
    this.#includeUsage = request.includeUsage;
    this.#names = new ChunkNames(this.#id, this.#alias);
    this.#created = Math.floor(facts.createdAtMs / 1000);
  }

  whole(reply: NeutralReply, end: ReplyEnd): string {
    if (reply.native !== null && reply.nativeText !== undefined && reply.usage !== null && !end.receipt) {
      const passed = renamed(reply.nativeText, reply.native, this.#id, this.#alias);
      if (passed !== null) return passed;
    }
    const completion: Changing = reply.native ?? {
      id: this.#id, object: 'chat.completion', created: this.#created, model: this.#alias, choices: reply.choices.map(writeChoice),
    };
    completion['id'] = this.#id;
    completion['model'] = this.#alias;
    if (reply.native === null || reply.usage === null) completion['usage'] = writeUsage(end.counts);
    if (end.receipt) completion['tandem'] = end.receipt;
    return JSON.stringify(completion);
  }

  event(event: ReplyEvent): string {
    switch (event.type) {
      case 'native': {
        const chunk = event.value as Changing;
        if (typeof chunk['created'] === 'number') this.#created = chunk['created'];
        const passed = event.text === undefined ? null : this.#names.of(event.text, chunk, this.#includeUsage);
        if (passed !== null) return `data: ${passed}\n\n`;
        chunk['id'] = this.#id;
        chunk['model'] = this.#alias;
        chunk['usage'] = this.#includeUsage ? null : undefined;
        return `data: ${JSON.stringify(chunk)}\n\n`;
      }
      case 'part': {
        const { calls, parts } = this.#choice(event.choice);
        const first = parts.length === 0 ? this.#frame(event.choice, { role: 'assistant', content: event.opens === 'tool_call' ? null : '', refusal: null }, null) : '';
        const custom = event.opens === 'tool_call' && event.kind === 'custom';
        parts[event.part] = { opens: event.opens, call: calls, custom };
        if (event.opens !== 'tool_call') return first;
        const choice = this.#choice(event.choice);
        choice.calls = calls + 1;
        const call = { index: calls, ...writeCall({ type: 'tool_call', id: event.id, name: event.name, input: '', kind: event.kind }), ...signedBy(choice.sealed) };
        choice.sealed = undefined;
        return first + this.#frame(event.choice, { tool_calls: [call] }, null);
      }
      case 'delta': {
        const part = this.#choice(event.choice).parts[event.part];
        return part ? this.#frame(event.choice, delta(part, event.text), null, event.logprobs) : '';
      }
      case 'part_end':
        if (event.sealed) this.#choice(event.choice).sealed = event.sealed;
        return '';
      case 'finish': {
        const { parts } = this.#choice(event.choice);
        const first = parts.length === 0 ? this.#frame(event.choice, { role: 'assistant', content: '', refusal: null }, null) : '';
        return first + this.#frame(event.choice, {}, writeFinish(event.reason, parts.some(({ opens }) => opens === 'refusal')), null, event.stopText);
      }
    }
  }

  end(end: ReplyEnd): string {
    if (!this.#includeUsage && !end.receipt) return 'data: [DONE]\n\n';
    const chunk = {
      id: this.#id, object: 'chat.completion.chunk', created: this.#created, model: this.#alias, choices: [],
      usage: end.rawUsage ?? writeUsage(end.counts), ...(end.receipt && { tandem: end.receipt }),
    };
    return `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`;
  }

  /** In OpenAI's form, without `[DONE]`: SDKs throw at it. */
  error(error: TandemError): string {
    return `data: ${JSON.stringify({ error: { message: `${error.message} ${error.next}`, type: error.type, param: error.param ?? null, code: error.code } })}\n\n`;
  }

  #choice(index: number) {
    return ((this.#choices ??= [])[index] ??= { calls: 0, sealed: undefined, parts: [] });
  }

  #frame(index: number, content: JsonObject, finishReason: string | null, logprobs: JsonObject | null = null, stopText: string | null = null): string {
    return `data: ${JSON.stringify({
      id: this.#id, object: 'chat.completion.chunk', created: this.#created, model: this.#alias,
      choices: [{ index, delta: content, logprobs, finish_reason: finishReason, ...(stopText !== null && { stop_reason: stopText }) }], ...(this.#includeUsage && { usage: null }),
    })}\n\n`;
  }
}

function delta(part: { readonly opens: Opened; readonly call: number; readonly custom: boolean }, text: string): JsonObject {
  switch (part.opens) {
    case 'text': return { content: text };
    case 'refusal': return { refusal: text };
    case 'reasoning': return { reasoning_content: text };
    case 'tool_call': return { tool_calls: [{ index: part.call, ...(part.custom ? { custom: { input: text } } : { function: { arguments: text } }) }] };
  }
}

function writeChoice(choice: NeutralChoice, index: number): JsonObject {
  const texts = { text: '', refusal: '', reasoning: '' };
  const calls: JsonObject[] = [];
  const annotations: JsonObject[] = [];
  let sealed: ReasoningPart['sealed'];
  for (const part of choice.parts) {
    if (part.type === 'text' || part.type === 'refusal' || part.type === 'reasoning') texts[part.type] += part.text;
    if (part.type === 'text') annotations.push(...(part.annotations ?? []));
    if (part.type === 'reasoning' && part.sealed) sealed = part.sealed;
    if (part.type === 'tool_call') {
      calls.push({ ...writeCall(part), ...signedBy(sealed) });
      sealed = undefined;
    }
  }
  const silent = texts.text === '' && (calls.length > 0 || texts.refusal !== '');
  return {
    index,
    message: {
      role: 'assistant', content: silent ? null : texts.text, refusal: texts.refusal === '' ? null : texts.refusal,
      ...(texts.reasoning !== '' && { reasoning_content: texts.reasoning }), ...(annotations.length > 0 && { annotations }), ...(calls.length > 0 && { tool_calls: calls }),
    },
    logprobs: choice.logprobs, finish_reason: writeFinish(choice.finish, texts.refusal !== ''), ...(choice.stopText !== null && { stop_reason: choice.stopText }),
  };
}
