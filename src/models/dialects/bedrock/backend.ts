import { BadReply } from '../../neutral/bad-reply.ts';
import { inputBound, outputLimit } from '../../neutral/bounds.ts';
import type { BackendDialect, ReplyReader } from '../../neutral/dialect.ts';
import { exactJson } from '../../neutral/exact-json.ts';
import { choicesOfEvents } from '../../neutral/part-stream.ts';
import type { ReplyEvent } from '../../neutral/reply.ts';
import type { Conversation, NeutralRequest } from '../../neutral/request.ts';
import { bedrockEmbeddings } from '../embeddings/bedrock.ts';
import { foreignMedia } from '../foreign-media.ts';
import { unknownField } from '../unknown-field.ts';
import { FaultLast } from '../../remote/fault-last.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { EventFrames } from './event-frames.ts';
import { BEDROCK_LOSSES } from './losses.ts';
import { FORMATS, toMessages, type BedrockMessage } from './messages.ts';
import { bedrockProbe } from './probe.ts';
import { BedrockResponse } from './response.ts';
import { signBedrock } from './sign.ts';
import { toolConfig } from './tool-config.ts';

/** Models that say which stop text they met are asked to; a path that a model does not have is ignored (Converse's API reference). */
const STOP_PATHS = ['/stop_sequence'];
/** `ImageFormat` and `DocumentFormat`. */
const TAKES = { image: (type: string) => /^image\/(png|jpe?g|gif|webp)$/.test(type), file: (type: string) => FORMATS[type] !== undefined };

/**
 * Amazon Bedrock's Converse and ConverseStream, as `@aws-sdk/client-bedrock-runtime` 3.1164.0 speaks them. The backend's address is
 * the service's own: `https://bedrock-runtime.us-east-1.amazonaws.com`.
 */
export const bedrockBackend: BackendDialect = {
  name: 'bedrock',
  embeddings: bedrockEmbeddings,
  native: null,
  losses: BEDROCK_LOSSES,
  needsBytes: true,
  afterClientLeft: 'read on',
  basePath: '',
  streamType: 'application/vnd.amazon.eventstream',

  cannot(request) {
    if (request.needs.native) return request.needs.native.what;
    if (request.choices > 1) return 'n';
    const conversation = request.conversation();
    const { sampling, format, toolChoice, turns, rest } = conversation;
    if (sampling.logitBias && Object.keys(sampling.logitBias).length > 0) return 'logit_bias';
    if (sampling.logprobs) return 'logprobs';
    if ((sampling.frequencyPenalty ?? 0) !== 0) return 'frequency_penalty';
    if ((sampling.presencePenalty ?? 0) !== 0) return 'presence_penalty';
    if (format.type === 'json') return 'JSON without a schema';
    // Converse answers 400 to earlier calls or their results where the request has no toolConfig.
    if (toolConfig(conversation) === null && turns.some(({ parts }) => parts.some(({ type }) => type === 'tool_call' || type === 'tool_result'))) {
      return toolChoice?.mode === 'none' ? 'tool_choice none after tools were called' : 'earlier calls of tools without the tools';
    }
    return foreignMedia(request, TAKES) ?? unknownField(rest);
  },

  request(request, target) {
    const conversation = request.conversation();
    const limit = outputLimit(request, target);
    const { system, messages } = toMessages(conversation.turns);
    const tools = toolConfig(conversation);
    const { temperature, topP } = conversation.sampling;
    const more = additionalFields(conversation, messages);
    const output = outputConfig(conversation);
    const body = Buffer.from(JSON.stringify({
      messages, ...(system.length > 0 && { system }),
      inferenceConfig: { maxTokens: limit, ...(temperature !== undefined && { temperature }), ...(topP !== undefined && { topP }), ...(conversation.stop.length > 0 && { stopSequences: conversation.stop }) },
      ...(conversation.stop.length > 0 && { additionalModelResponseFieldPaths: STOP_PATHS }),
      ...(tools && { toolConfig: tools }), ...(more && { additionalModelRequestFields: more }), ...(output && { outputConfig: output }),
    }));
    return {
      method: 'POST', path: `/model/${encodeURIComponent(target.model)}/${request.stream ? 'converse-stream' : 'converse'}`, headers: [], body,
      inputBound: inputBound(request, body.length, tools === null ? 0 : Buffer.byteLength(JSON.stringify(tools)), target),
      outputBound: limit, textBytes: Math.max(0, body.length - request.media.characters),
    };
  },

  whole(text, request) {
    const response = new BedrockResponse(request);
    let value: unknown;
    try {
      value = exactJson(text);
    } catch {
      throw new BadReply('its answer is not valid JSON');
    }
    response.whole(value);
    return { choices: choicesOfEvents(response.parts.take()), usage: response.usage, native: null, serviceTier: null };
  },

  reader: (request) => new BedrockReader(request),

  errorMessage(body) {
    try {
      const value: unknown = JSON.parse(body);
      const message = isObject(value) ? (value['message'] ?? value['Message']) : undefined;
      return typeof message === 'string' ? message : undefined;
    } catch {
      return undefined;
    }
  },

  sign: signBedrock,
  probe: bedrockProbe,
};

class BedrockReader extends FaultLast implements ReplyReader {
  readonly #response: BedrockResponse;
  readonly #frames = new EventFrames();

  constructor(request: NeutralRequest) {
    super();
    this.#response = new BedrockResponse(request);
  }

  get usage() { return this.#response.usage; }
  get rawUsage() { return this.#response.rawUsage; }
  get pieces() { return this.#response.parts.pieces; }
  get textBytes() { return this.#response.parts.textBytes; }
  get finish() { return this.#response.finish; }
  get done() { return this.#response.done; }

  protected read(chunk: Buffer): void {
    for (const frame of this.#frames.push(chunk)) this.#response.event(frame);
  }

  protected close(): void {
    if (this.#response.finish === null || !this.#frames.whole) throw new BadReply('its answer ended in the middle');
  }

  protected taken(): readonly ReplyEvent[] {
    return this.#response.parts.take();
  }
}

/**
 * What only some models know, under Anthropic's names. Thinking by a budget is left out where the last answer calls a tool without its thought, which
 * those models refuse.
 */
function additionalFields({ sampling, reasoning }: Conversation, messages: readonly BedrockMessage[]): JsonObject | null {
  const fields: { [field: string]: unknown } = {};
  if (sampling.topK !== undefined) fields['top_k'] = sampling.topK;
  if (reasoning?.budgetTokens != null && !callsUnthought(messages)) fields['thinking'] = { type: 'enabled', budget_tokens: reasoning.budgetTokens };
  else if (reasoning?.mode === 'disabled' || reasoning?.mode === 'adaptive') fields['thinking'] = { type: reasoning.mode };
  return Object.keys(fields).length === 0 ? null : fields;
}

function callsUnthought(messages: readonly BedrockMessage[]): boolean {
  const content = messages.findLast(({ role }) => role === 'assistant')?.content ?? [];
  return content[0]?.['reasoningContent'] === undefined && content.some(({ toolUse }) => toolUse !== undefined);
}

function outputConfig({ format, reasoning }: Conversation): JsonObject | null {
  const effort = reasoning?.effort ?? null;
  if (format.type !== 'schema') return effort === null ? null : { effort };
  const { schema, name, description } = format;
  return { ...(effort !== null && { effort }), textFormat: { type: 'json_schema', structure: { jsonSchema: { schema: JSON.stringify(schema), name, ...(description !== undefined && { description }) } } } };
}
