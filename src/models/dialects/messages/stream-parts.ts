import { BadReply } from '../../neutral/bad-reply.ts';
import type { ReasoningPart } from '../../neutral/parts.ts';
import type { ReplyEvent } from '../../neutral/reply.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { customInput } from './custom-tools.ts';
import { finishReason } from './stop-reason.ts';

interface Block {
  readonly part: number;
  readonly kind: 'text' | 'reasoning' | 'tool_call' | 'custom_call';
  sealed?: ReasoningPart['sealed'];
  annotations?: JsonObject[];
  /** A custom tool's JSON, from which its text is taken when it is whole. */
  json?: string;
}

/** The neutral events of a stream of content blocks. Blocks that only a caller of the same dialect can read have none. */
export class StreamParts {
  readonly #custom: ReadonlySet<string>;
  /** By the block's index; null: it is not read. */
  readonly #blocks = new Map<unknown, Block | null>();
  #next = 0;

  constructor(custom: ReadonlySet<string>) {
    this.#custom = custom;
  }

  take(type: string, value: JsonObject): ReplyEvent[] {
    switch (type) {
      case 'content_block_start':
        return this.#start(value['index'], value['content_block']);
      case 'content_block_delta':
        return this.#delta(value['index'], value['delta']);
      case 'content_block_stop':
        return this.#stop(value['index']);
      case 'message_delta': {
        const { delta } = value;
        const reason = isObject(delta) ? finishReason(delta['stop_reason']) : null;
        if (!isObject(delta) || reason === null) return [];
        const left = [...this.#blocks.keys()].flatMap((index) => this.#stop(index));
        return [...left, { type: 'finish', choice: 0, reason, stopText: typeof delta['stop_sequence'] === 'string' ? delta['stop_sequence'] : null }];
      }
      default:
        return [];
    }
  }

  #start(index: unknown, block: unknown): ReplyEvent[] {
    if (!isObject(block)) throw new BadReply('an event of its answer has no content block');
    switch (block['type']) {
      case 'text':
        return this.#open(index, 'text', { opens: 'text' }, block['text']);
      case 'thinking':
        return this.#open(index, 'reasoning', { opens: 'reasoning' }, block['thinking']);
      case 'redacted_thinking': {
        const opened = this.#open(index, 'reasoning', { opens: 'reasoning' }, '');
        this.#blocks.get(index)!.sealed = { dialect: 'messages', kind: 'redacted', value: String(block['data'] ?? '') };
        return opened;
      }
      case 'tool_use': {
        const name = String(block['name'] ?? '');
        const custom = this.#custom.has(name);
        const { input } = block;
        const given = isObject(input) && Object.keys(input).length > 0 ? JSON.stringify(input) : '';
        const opened = this.#open(index, custom ? 'custom_call' : 'tool_call', { opens: 'tool_call', id: String(block['id'] ?? ''), name, kind: custom ? 'custom' : 'function' }, custom ? '' : given);
        if (custom) this.#blocks.get(index)!.json = given;
        return opened;
      }
      default:
        this.#blocks.set(index, null);
        return [];
    }
  }

  #open(index: unknown, kind: Block['kind'], how: Opening, text: unknown): ReplyEvent[] {
    const part = this.#next;
    this.#next += 1;
    this.#blocks.set(index, { part, kind });
    const opened: ReplyEvent = { type: 'part', choice: 0, part, ...how };
    return typeof text === 'string' && text !== '' ? [opened, { type: 'delta', choice: 0, part, text }] : [opened];
  }

  #delta(index: unknown, delta: unknown): ReplyEvent[] {
    const block = this.#blocks.get(index);
    if (block === undefined) throw new BadReply('a piece of its answer belongs to no block');
    if (block === null || !isObject(delta)) return [];
    const { part } = block;
    switch (delta['type']) {
      case 'text_delta':
        return textDelta(part, delta['text']);
      case 'thinking_delta':
        return textDelta(part, delta['thinking']);
      case 'input_json_delta':
        if (block.kind === 'tool_call') return textDelta(part, delta['partial_json']);
        block.json = (block.json ?? '') + String(delta['partial_json'] ?? '');
        return [];
      case 'signature_delta':
        block.sealed = { dialect: 'messages', kind: 'signature', value: (block.sealed?.value ?? '') + String(delta['signature'] ?? '') };
        return [];
      case 'citations_delta':
        if (isObject(delta['citation'])) (block.annotations ??= []).push(delta['citation']);
        return [];
      default:
        return [];
    }
  }

  #stop(index: unknown): ReplyEvent[] {
    const block = this.#blocks.get(index);
    this.#blocks.delete(index);
    if (!block) return [];
    const { part } = block;
    const end: ReplyEvent = { type: 'part_end', choice: 0, part, ...(block.sealed && { sealed: block.sealed }), ...(block.annotations && { annotations: block.annotations }) };
    return block.kind === 'custom_call' ? [...textDelta(part, customInput(block.json ?? '')), end] : [end];
  }
}

type Opening =
  | { readonly opens: 'text' | 'reasoning' }
  | { readonly opens: 'tool_call'; readonly id: string; readonly name: string; readonly kind: 'function' | 'custom' };

function textDelta(part: number, text: unknown): ReplyEvent[] {
  return typeof text === 'string' && text !== '' ? [{ type: 'delta', choice: 0, part, text }] : [];
}
