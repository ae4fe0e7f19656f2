import { CHAT_FIELDS } from './chat-fields.ts';
import { invalid } from './fields.ts';
import { isObject, type JsonObject } from './json.ts';
import { checkMessages, type MessageFacts } from './messages.ts';

/** A chat request whose known fields are all of their right kind and within their ranges. */
export interface ChatRequest {
  /** The body as it was sent; unknown fields included, nulls too. */
  readonly body: JsonObject;
  readonly model: string;
  readonly messages: readonly JsonObject[];
  readonly facts: Readonly<MessageFacts>;
  readonly stream: boolean;
  /** Whether the caller wants the chunk with the usage at the stream's end. */
  readonly includeUsage: boolean;
  /** How many answers (`n`). */
  readonly choices: number;
  /** The caller's limit of output tokens for each choice; null: the alias's own. */
  readonly maxTokens: number | null;
  /** Under which name the caller gave it. */
  readonly capField: 'max_tokens' | 'max_completion_tokens' | null;
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
  const stream = body['stream'] === true;
  const options = body['stream_options'];
  if (isObject(options) && !stream) throw invalid('stream_options', 'is only for streamed answers (stream: true)');
  return {
    body, model, messages, facts, stream,
    includeUsage: isObject(options) && options['include_usage'] === true,
    choices: (body['n'] ?? 1) as number,
    maxTokens: (newCap ?? oldCap) as number | null,
    capField: newCap !== null ? 'max_completion_tokens' : oldCap !== null ? 'max_tokens' : null,
  };
}
