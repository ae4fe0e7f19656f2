import { readConversation } from '../dialects/chat/conversation.ts';
import type { Conversation, Needs, NeutralRequest } from '../neutral/request.ts';
import { CHAT_FIELDS } from './chat-fields.ts';
import { invalid } from './fields.ts';
import { isObject, type JsonObject } from './json.ts';
import { checkMessages, type MessageFacts } from './messages.ts';

/** A chat request whose known fields are all of their right kind and within their ranges. */
export class ChatRequest implements NeutralRequest {
  readonly dialect = 'chat';
  readonly body: JsonObject;
  readonly model: string;
  readonly messages: readonly JsonObject[];
  readonly facts: Readonly<MessageFacts>;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly choices: number;
  readonly maxOutputTokens: number | null;
  readonly capField: 'max_tokens' | 'max_completion_tokens' | null;
  readonly needs: Needs;
  readonly media: NeutralRequest['media'];
  readonly fileIds?: readonly string[];
  readonly turnCount: number;
  readonly user: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly serviceTier: NeutralRequest['serviceTier'];
  readonly cacheKey: string | null;

  /** @param body checked; fields that are null count as absent. */
  constructor(body: JsonObject, model: string, messages: readonly JsonObject[], facts: Readonly<MessageFacts>) {
    const newCap = body['max_completion_tokens'] ?? null;
    const oldCap = body['max_tokens'] ?? null;
    const options = body['stream_options'];
    this.body = body;
    this.model = model;
    this.messages = messages;
    this.facts = facts;
    this.stream = body['stream'] === true;
    this.includeUsage = isObject(options) && options['include_usage'] === true;
    this.choices = (body['n'] ?? 1) as number;
    this.maxOutputTokens = (newCap ?? oldCap) as number | null;
    this.capField = newCap !== null ? 'max_completion_tokens' : oldCap !== null ? 'max_tokens' : null;
    this.needs = needsOf(body, facts);
    this.media = { images: facts.images, files: facts.files, characters: facts.imageCharacters };
    if (facts.fileIds !== null) this.fileIds = facts.fileIds;
    this.turnCount = messages.length;
    this.user = (body['safety_identifier'] ?? body['user'] ?? null) as string | null;
    this.metadata = (body['metadata'] ?? NO_METADATA) as Record<string, string>;
    this.serviceTier = (body['service_tier'] ?? 'auto') as NeutralRequest['serviceTier'];
    this.cacheKey = (body['prompt_cache_key'] ?? null) as string | null;
  }

  conversation(): Conversation {
    return readConversation(this.body);
  }
}

const NO_METADATA = {};

function needsOf(body: JsonObject, facts: Readonly<MessageFacts>): Needs {
  const tools: readonly unknown[] = (body['tools'] ?? body['functions'] ?? []) as unknown[];
  const strange = tools.find((tool) => isObject(tool) && tool['type'] !== undefined && tool['type'] !== 'function' && tool['type'] !== 'custom');
  const format = body['response_format'];
  const effort = body['reasoning_effort'] ?? null;
  return {
    tools: tools.length > 0 || facts.tools, images: facts.images > 0, files: facts.files > 0, schema: isObject(format) && format['type'] === 'json_schema',
    reasoning: effort !== null && effort !== 'none', logprobs: body['logprobs'] === true,
    native: isObject(strange) ? { dialect: 'chat', what: `a tool of the type ${String(strange['type'])}` } : null,
  };
}

/**
 * Checks a parsed body of `POST /v1/chat/completions`. Fields that are null count as absent, as OpenAI's do.
 * @throws TandemError invalid_request with the field in OpenAI's notation.
 */
export function parseChatRequest(body: unknown): ChatRequest {
  if (!isObject(body)) throw invalid('body', 'must be a JSON object');
  // `for in` also meets a field named __proto__ when a parser made it a field of its own.
  for (const field in body) {
    const value = body[field];
    if (field === '__proto__') throw invalid('body', 'must not hold __proto__');
    if (value === null) continue;
    const problem = CHAT_FIELDS.get(field)?.(value);
    if (problem !== undefined) throw invalid(field, problem);
  }
  const { model, messages } = body;
  if (typeof model !== 'string' || model === '') throw invalid('model', 'must be the name of a model; see /v1/models');
  if (!Array.isArray(messages)) throw invalid('messages', 'must be a list of messages');
  const facts = checkMessages(messages);
  const oldCap = body['max_tokens'] ?? null;
  const newCap = body['max_completion_tokens'] ?? null;
  if (oldCap !== null && newCap !== null && oldCap !== newCap) throw invalid('max_tokens', 'differs from max_completion_tokens; send one of them');
  if (isObject(body['stream_options']) && body['stream'] !== true) throw invalid('stream_options', 'is only for streamed answers (stream: true)');
  return new ChatRequest(body, model, messages, facts);
}
