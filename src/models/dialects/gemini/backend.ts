import { BadReply } from '../../neutral/bad-reply.ts';
import { inputBound, outputLimit } from '../../neutral/bounds.ts';
import type { BackendDialect, ReplyReader } from '../../neutral/dialect.ts';
import { exactJson } from '../../neutral/exact-json.ts';
import { choicesOfEvents } from '../../neutral/part-stream.ts';
import type { ReplyEvent } from '../../neutral/reply.ts';
import type { NeutralRequest, Tool, ToolChoice } from '../../neutral/request.ts';
import { geminiEmbeddings } from '../embeddings/gemini.ts';
import { listedIn } from '../list-models.ts';
import { unknownField } from '../unknown-field.ts';
import { FaultLast } from '../../remote/fault-last.ts';
import { SseParser } from '../../remote/sse-parser.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { toContents } from './contents.ts';
import { demandsSignatures, generationConfig } from './generation-config.ts';
import { GEMINI_LOSSES } from './losses.ts';
import { GeminiResponse } from './response.ts';

/**
 * Google's generateContent and streamGenerateContent (v1beta), as `@google/genai` 2.32.0 speaks them. The backend's address
 * ends where `/models` follows: `https://generativelanguage.googleapis.com/v1beta`.
 */
export const geminiBackend: BackendDialect = {
  name: 'gemini',
  embeddings: geminiEmbeddings,
  native: null,
  losses: GEMINI_LOSSES,
  needsBytes: true,
  basePath: '/v1beta',

  cannot(request) {
    const { native } = request.needs;
    if (native) return native.what;
    const { sampling, rest } = request.conversation();
    if (sampling.logitBias && Object.keys(sampling.logitBias).length > 0) return 'logit_bias';
    return unknownField(rest);
  },

  request(request, target) {
    const conversation = request.conversation();
    const limit = outputLimit(request, target);
    const { system, contents } = toContents(conversation.turns, demandsSignatures(target.model));
    const tools = declarations(conversation.tools);
    const body = Buffer.from(JSON.stringify({
      contents,
      ...(system.length > 0 && { systemInstruction: { parts: system } }),
      ...(tools.length > 0 && { tools: [{ functionDeclarations: tools }], ...(conversation.toolChoice && { toolConfig: { functionCallingConfig: calling(conversation.toolChoice) } }) }),
      generationConfig: generationConfig(request, conversation, target.model, limit),
    }));
    const model = target.model.includes('/') ? target.model : `models/${target.model}`;
    return {
      method: 'POST', path: `/${model.split('/').map(encodeURIComponent).join('/')}:${request.stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`, headers: [], body,
      inputBound: inputBound(request, body.length, tools.length === 0 ? 0 : Buffer.byteLength(JSON.stringify(tools)), target),
      outputBound: limit * request.choices, textBytes: Math.max(0, body.length - request.media.characters),
    };
  },

  whole(text, request) {
    const value = parse(text);
    const response = new GeminiResponse(request);
    response.take(value);
    if (!response.ended) throw new BadReply('its answer has no end');
    return { choices: choicesOfEvents(response.parts.take()), usage: response.usage, native: null, serviceTier: null };
  },

  reader: (request) => new GeminiReader(request),

  errorMessage(body) {
    const value = tryParse(body);
    const error = Array.isArray(value) ? (value[0] as unknown) : value;
    const inner = isObject(error) ? error['error'] : undefined;
    return isObject(inner) && typeof inner['message'] === 'string' ? inner['message'] : undefined;
  },

  // A key that it does not know is INVALID_ARGUMENT to Google, which is no fault of the caller's.
  errorStatus: (status, body) => (status === 400 && body.includes('"API_KEY_INVALID"') ? 401 : status),

  // A `google.rpc.RetryInfo` among the error's details; there is no header.
  retryAfterSeconds(body) {
    const delay = /"retryDelay":\s*"(\d{1,6}(?:\.\d+)?)s"/.exec(body);
    return delay ? Math.ceil(Number(delay[1])) : undefined;
  },

  keyHeaders: (key) => ['x-goog-api-key', key],
  probe: listedIn('/models?pageSize=1000', 'models', 'name'),
};

class GeminiReader extends FaultLast implements ReplyReader {
  readonly #response: GeminiResponse;
  readonly #parser = new SseParser((data) => this.#response.take(parse(data)));
  done = false;

  constructor(request: NeutralRequest) {
    super();
    this.#response = new GeminiResponse(request);
  }

  get usage() { return this.#response.usage; }
  get rawUsage() { return this.#response.rawUsage; }
  get pieces() { return this.#response.parts.pieces; }
  get textBytes() { return this.#response.parts.textBytes; }
  get finish() { return this.#response.finish; }

  protected read(chunk: Buffer): void {
    this.#parser.push(chunk);
  }

  /** The stream has no mark of its end: it is whole when each candidate has said why it ended. */
  protected close(): void {
    if (!this.#response.ended) throw new BadReply('its answer ended in the middle');
    this.done = true;
  }

  protected taken(): readonly ReplyEvent[] {
    return this.#response.parts.take();
  }
}

function declarations(tools: readonly Tool[]): JsonObject[] {
  return tools.flatMap((tool): JsonObject[] => {
    if (tool.type === 'native') return [];
    if (tool.type === 'function') return [{ name: tool.name, ...(tool.description !== undefined && { description: tool.description }), ...(tool.parameters && { parametersJsonSchema: tool.parameters }) }];
    const grammar = tool.format === undefined ? '' : ` The text follows: ${JSON.stringify(tool.format)}`;
    return [{ name: tool.name, description: `${tool.description ?? ''}${grammar}`.trim(), parametersJsonSchema: { type: 'object', properties: { input: { type: 'string' } }, required: ['input'] } }];
  });
}

function calling(choice: ToolChoice): JsonObject {
  switch (choice.mode) {
    case 'auto':
      return { mode: 'AUTO' };
    case 'none':
      return { mode: 'NONE' };
    case 'required':
      return { mode: 'ANY' };
    case 'one':
      return { mode: 'ANY', allowedFunctionNames: [choice.name] };
    case 'allowed':
      return { mode: choice.required ? 'ANY' : 'VALIDATED', allowedFunctionNames: choice.names };
  }
}

function parse(text: string): unknown {
  const value = tryParse(text);
  if (value === undefined) throw new BadReply('its answer is not made of valid JSON');
  return value;
}

function tryParse(text: string): unknown {
  try {
    // Arguments of a call are passed on as they stand; everything else is calculated with.
    return text.includes('"functionCall"') ? exactJson(text) : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

