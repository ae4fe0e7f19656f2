import { BadReply } from '../../neutral/bad-reply.ts';
import { PartStream } from '../../neutral/part-stream.ts';
import type { FinishReason } from '../../neutral/reply.ts';
import type { NeutralRequest } from '../../neutral/request.ts';
import type { TokenCounts } from '../../quantities.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { readGeminiUsage } from './usage.ts';

const FILTERED = new Set(['SAFETY', 'RECITATION', 'LANGUAGE', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII', 'IMAGE_SAFETY', 'IMAGE_PROHIBITED_CONTENT', 'IMAGE_RECITATION', 'NO_IMAGE', 'IMAGE_OTHER']);
const BROKEN: Readonly<Record<string, string>> = {
  MALFORMED_FUNCTION_CALL: 'the model wrote a call of a tool that cannot be read', UNEXPECTED_TOOL_CALL: 'the model called a tool that was not offered', TOO_MANY_TOOL_CALLS: 'the model called tools without end',
};

/** Takes responses of generateContent: the whole one, or each of a stream, whose later ones add to the earlier. */
export class GeminiResponse {
  readonly parts = new PartStream();
  usage: TokenCounts | null = null;
  rawUsage: JsonObject | null = null;
  finish: FinishReason | null = null;
  readonly #custom: ReadonlySet<string>;
  readonly #turnCount: number;
  readonly #called = new Set<number>();
  /** Candidates that have begun and not said why they end. */
  readonly #open = new Set<number>();
  #calls = 0;

  constructor(request: NeutralRequest) {
    this.#custom = new Set(request.conversation().tools.filter((tool) => tool.type === 'custom').map((tool) => tool.name));
    this.#turnCount = request.turnCount;
  }

  /** Whether every candidate that began has ended. */
  get ended(): boolean {
    return this.finish !== null && this.#open.size === 0;
  }

  /** @throws BadReply */
  take(value: unknown): void {
    if (!isObject(value)) throw new BadReply('its answer is not made of JSON objects');
    if (value['error'] !== undefined) throw inBand(value['error']);
    const usage = readGeminiUsage(value['usageMetadata']);
    if (usage) {
      this.usage = usage;
      this.rawUsage = value['usageMetadata'] as JsonObject;
    }
    const feedback = value['promptFeedback'];
    if (isObject(feedback) && typeof feedback['blockReason'] === 'string') this.#end(0, 'content_filter');
    const candidates = value['candidates'];
    if (candidates === undefined) return;
    if (!Array.isArray(candidates)) throw new BadReply('its answer has no list of candidates');
    const prefix = typeof value['responseId'] === 'string' ? value['responseId'] : `call_${this.#turnCount}`;
    for (const candidate of candidates) this.#candidate(candidate, prefix);
  }

  #candidate(candidate: unknown, prefix: string): void {
    if (!isObject(candidate)) throw new BadReply('a candidate of its answer is not an object');
    const index = typeof candidate['index'] === 'number' ? candidate['index'] : 0;
    if (!Number.isSafeInteger(index) || index < 0 || index > 127) throw new BadReply('a candidate of its answer has no sensible number');
    this.#open.add(index);
    const content = candidate['content'];
    const parts = isObject(content) && Array.isArray(content['parts']) ? content['parts'] : [];
    const logprobs = readLogprobs(candidate['logprobsResult']);
    parts.forEach((part: unknown, at) => this.#part(index, part, prefix, at === parts.length - 1 ? logprobs : undefined));
    const reason = candidate['finishReason'];
    if (typeof reason !== 'string') return;
    const broken = BROKEN[reason];
    if (broken !== undefined) throw new BadReply(broken);
    this.#end(index, reason === 'MAX_TOKENS' ? 'length' : FILTERED.has(reason) ? 'content_filter' : this.#called.has(index) ? 'tool_calls' : 'stop');
  }

  #part(index: number, part: unknown, prefix: string, logprobs: JsonObject | undefined): void {
    if (!isObject(part)) throw new BadReply('a part of its answer is not an object');
    const signature = part['thoughtSignature'];
    const call = part['functionCall'];
    if (isObject(call)) {
      if (typeof signature === 'string') this.#seal(index, signature);
      this.#call(index, call, prefix);
      return;
    }
    const text = part['text'];
    if (typeof text === 'string') this.parts.text(index, part['thought'] === true ? 'reasoning' : 'text', text, logprobs);
    if (typeof signature === 'string') this.#seal(index, signature);
  }

  /** State that goes back to Gemini beside what follows it. */
  #seal(index: number, value: string): void {
    this.parts.seal(index, { dialect: 'gemini', kind: 'signature', value });
  }

  #call(index: number, call: JsonObject, prefix: string): void {
    const name = call['name'];
    if (typeof name !== 'string') throw new BadReply('it called a tool without a name');
    this.#called.add(index);
    this.#calls += 1;
    const id = typeof call['id'] === 'string' && call['id'] !== '' ? call['id'] : `${prefix}-${this.#calls}`;
    const args = isObject(call['args']) ? call['args'] : {};
    const custom = this.#custom.has(name);
    const part = this.parts.tool(index, { id, name, kind: custom ? 'custom' : 'function' });
    this.parts.toolInput(index, part, custom && typeof args['input'] === 'string' ? args['input'] : JSON.stringify(args));
    this.parts.endTool(index, part);
  }

  #end(index: number, reason: FinishReason): void {
    this.#open.delete(index);
    this.finish ??= reason;
    this.parts.finish(index, reason);
  }
}

/** `{code, message, status}`, as Google's APIs write errors. */
export function inBand(error: unknown): BadReply {
  const { message, status } = isObject(error) ? error : {};
  return new BadReply('it reported an error', { ...(typeof message === 'string' && { said: message }), busy: status === 'RESOURCE_EXHAUSTED' || status === 'UNAVAILABLE', refused: status === 'INVALID_ARGUMENT' });
}

/** In the form of chat completions, which is the neutral one. */
function readLogprobs(result: unknown): JsonObject | undefined {
  if (!isObject(result) || !Array.isArray(result['chosenCandidates'])) return undefined;
  const top = Array.isArray(result['topCandidates']) ? result['topCandidates'] : [];
  return {
    content: result['chosenCandidates'].filter(isObject).map((chosen, at) => {
      const others: unknown = isObject(top[at]) ? top[at]['candidates'] : undefined;
      return { ...token(chosen), top_logprobs: Array.isArray(others) ? others.filter(isObject).map(token) : [] };
    }),
  };
}

function token(one: JsonObject): { token: unknown; logprob: unknown; bytes: number[] } {
  const text = typeof one['token'] === 'string' ? one['token'] : '';
  return { token: text, logprob: one['logProbability'] ?? null, bytes: [...Buffer.from(text)] };
}
