import { BadReply } from '../../neutral/bad-reply.ts';
import { PartStream } from '../../neutral/part-stream.ts';
import type { FinishReason } from '../../neutral/reply.ts';
import type { NeutralRequest } from '../../neutral/request.ts';
import type { TokenCounts } from '../../quantities.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import type { EventFrame } from './event-frames.ts';

const FINISH: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop', stop_sequence: 'stop', max_tokens: 'length', model_context_window_exceeded: 'length', tool_use: 'tool_calls', guardrail_intervened: 'content_filter', content_filtered: 'content_filter',
};
const BROKEN: Readonly<Record<string, string>> = { malformed_model_output: 'the model wrote what cannot be read', malformed_tool_use: 'the model wrote a call of a tool that cannot be read' };

interface OpenTool {
  readonly part: number;
  /** Custom tools: their one text can only be taken out when the whole input is there. */
  custom: string | null;
}

/** Takes the blocks of one Converse answer, whole or as events of ConverseStream. */
export class BedrockResponse {
  readonly parts = new PartStream();
  usage: TokenCounts | null = null;
  rawUsage: JsonObject | null = null;
  finish: FinishReason | null = null;
  /** The metadata that closes a stream has come. */
  done = false;
  readonly #custom: ReadonlySet<string>;
  readonly #stop: readonly string[];
  readonly #tools = new Map<number, OpenTool>();

  constructor(request: NeutralRequest) {
    const { tools, stop } = request.conversation();
    this.#custom = new Set(tools.filter((tool) => tool.type === 'custom').map((tool) => tool.name));
    this.#stop = stop;
  }

  /** @throws BadReply */
  event({ type, value }: EventFrame): void {
    const index = typeof value['contentBlockIndex'] === 'number' ? value['contentBlockIndex'] : 0;
    switch (type) {
      case 'contentBlockStart': {
        const start = value['start'];
        if (isObject(start) && isObject(start['toolUse'])) this.#begin(index, start['toolUse']);
        return;
      }
      case 'contentBlockDelta':
        if (isObject(value['delta'])) this.#delta(index, value['delta']);
        return;
      case 'contentBlockStop':
        this.#close(index);
        return;
      case 'messageStop':
        this.#end(value);
        return;
      case 'metadata':
        this.#count(value['usage']);
        this.done = true;
    }
  }

  /** @throws BadReply when it is no whole answer. */
  whole(value: unknown): void {
    const output = isObject(value) ? value['output'] : undefined;
    const message = isObject(output) ? output['message'] : undefined;
    if (!isObject(value) || !isObject(message) || !Array.isArray(message['content'])) throw new BadReply('its answer holds no message');
    message['content'].filter(isObject).forEach((block, index) => this.#block(index, block));
    this.#end(value);
    this.#count(value['usage']);
  }

  #block(index: number, block: JsonObject): void {
    if (isObject(block['toolUse'])) {
      this.#begin(index, block['toolUse']);
      this.#input(index, JSON.stringify(block['toolUse']['input'] ?? {}));
    } else if (isObject(block['reasoningContent'])) {
      const { reasoningText, redactedContent } = block['reasoningContent'];
      if (isObject(reasoningText)) this.#reasoning(reasoningText['text'], reasoningText['signature'], undefined);
      else this.#reasoning(undefined, undefined, redactedContent);
    } else {
      this.#delta(index, block);
    }
    this.#close(index);
  }

  #delta(index: number, delta: JsonObject): void {
    const { text, toolUse, reasoningContent, citationsContent } = delta;
    if (typeof text === 'string') this.parts.text(0, 'text', text);
    else if (isObject(toolUse) && typeof toolUse['input'] === 'string') this.#input(index, toolUse['input']);
    else if (isObject(reasoningContent)) this.#reasoning(reasoningContent['text'], reasoningContent['signature'], reasoningContent['redactedContent']);
    else if (isObject(citationsContent) && Array.isArray(citationsContent['content'])) {
      for (const one of citationsContent['content']) if (isObject(one) && typeof one['text'] === 'string') this.parts.text(0, 'text', one['text']);
    }
  }

  #reasoning(text: unknown, signature: unknown, redacted: unknown): void {
    if (typeof text === 'string') this.parts.text(0, 'reasoning', text);
    if (typeof signature === 'string') this.parts.seal(0, { dialect: 'bedrock', kind: 'signature', value: signature });
    if (typeof redacted === 'string') this.parts.seal(0, { dialect: 'bedrock', kind: 'redacted', value: redacted });
  }

  #begin(index: number, { toolUseId, name }: JsonObject): void {
    if (typeof toolUseId !== 'string' || typeof name !== 'string') throw new BadReply('it called a tool without a name');
    const custom = this.#custom.has(name);
    this.#tools.set(index, { part: this.parts.tool(0, { id: toolUseId, name, kind: custom ? 'custom' : 'function' }), custom: custom ? '' : null });
  }

  #input(index: number, text: string): void {
    const tool = this.#tools.get(index);
    if (!tool) throw new BadReply('it wrote the input of a tool that it had not called');
    if (tool.custom === null) this.parts.toolInput(0, tool.part, text);
    else tool.custom += text;
  }

  #close(index: number): void {
    const tool = this.#tools.get(index);
    if (!tool) return this.parts.close(0);
    this.#tools.delete(index);
    if (tool.custom !== null) this.parts.toolInput(0, tool.part, customInput(tool.custom));
    this.parts.endTool(0, tool.part);
  }

  #end({ stopReason: reason, additionalModelResponseFields: more }: JsonObject): void {
    if (typeof reason !== 'string') throw new BadReply('its answer has no reason to end');
    if (BROKEN[reason] !== undefined) throw new BadReply(BROKEN[reason]);
    for (const index of this.#tools.keys()) this.#close(index);
    this.finish = FINISH[reason] ?? 'stop';
    this.parts.finish(0, this.finish, reason === 'stop_sequence' ? this.#stopText(more) : null);
  }

  /** Which of the stop texts was met: as the model says it, where it was asked to; else it is known only where there is one. */
  #stopText(more: unknown): string | null {
    const said = isObject(more) ? more['stop_sequence'] : undefined;
    return typeof said === 'string' ? said : this.#stop.length === 1 ? this.#stop[0]! : null;
  }

  /** Tokens read from a cache and written to one stand beside `inputTokens`, as in Anthropic's own API. */
  #count(usage: unknown): void {
    if (!isObject(usage)) return;
    const input = count(usage['inputTokens']);
    const output = count(usage['outputTokens']);
    if (input === null || output === null) return;
    const written = count(usage['cacheWriteInputTokens']) ?? 0;
    const details = Array.isArray(usage['cacheDetails']) ? usage['cacheDetails'].filter(isObject) : [];
    const long = Math.min(written, details.filter((one) => one['ttl'] === '1h').reduce((sum, one) => sum + (count(one['inputTokens']) ?? 0), 0));
    this.usage = { input, cacheRead: count(usage['cacheReadInputTokens']) ?? 0, cacheWrite: written - long, cacheWriteLong: long, output, reasoning: 0 };
    this.rawUsage = usage;
  }
}

function customInput(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    if (isObject(value) && typeof value['input'] === 'string') return value['input'];
  } catch {
    // Then it goes on as the model wrote it.
  }
  return json;
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
