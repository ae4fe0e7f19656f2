import type { ChatMessage } from '../local-engine.ts';

/** What a body of chat completions asks of the engine. */
export interface ChatAsk {
  readonly messages: readonly ChatMessage[];
  readonly maxTokens: number;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly temperature?: number;
  readonly topP?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
}

/** A request that this engine cannot carry; the message is the caller's to read. */
export class BadAsk extends Error {}

/** Fields that are followed, and fields that ask nothing of a model. */
const TAKEN = new Set([
  'model', 'messages', 'max_tokens', 'max_completion_tokens', 'stream', 'stream_options', 'temperature', 'top_p', 'frequency_penalty', 'presence_penalty', 'seed', 'stop', 'user', 'safety_identifier',
  'prompt_cache_key', 'prompt_cache_retention', 'metadata', 'store', 'modalities', 'parallel_tool_calls',
]);

type Body = Readonly<Record<string, unknown>>;

/** Reads a body that the gateway has checked already. What this engine cannot do is refused by name. @throws BadAsk. */
export function readAsk(body: Body): ChatAsk {
  for (const [field, value] of Object.entries(body)) {
    if (value === null || TAKEN.has(field) || asksNothing(field, value)) continue;
    throw new BadAsk(`This engine cannot follow ${field}.`);
  }
  const { messages, stop, stream_options: options } = body;
  if (!Array.isArray(messages) || messages.length === 0) throw new BadAsk('messages is empty.');
  const limit = body['max_completion_tokens'] ?? body['max_tokens'];
  return {
    messages: messages.map((one: unknown) => readMessage(one)), maxTokens: typeof limit === 'number' && limit >= 1 ? Math.floor(limit) : 1_024,
    stream: body['stream'] === true, includeUsage: typeof options === 'object' && options !== null && (options as Body)['include_usage'] === true,
    ...number(body, 'temperature', 'temperature'), ...number(body, 'top_p', 'topP'), ...number(body, 'seed', 'seed'),
    ...number(body, 'frequency_penalty', 'frequencyPenalty'), ...number(body, 'presence_penalty', 'presencePenalty'),
    ...(typeof stop === 'string' ? { stop: [stop] } : Array.isArray(stop) ? { stop: stop.filter((one) => typeof one === 'string') } : {}),
  };
}

function asksNothing(field: string, value: unknown): boolean {
  switch (field) {
    case 'n': return value === 1;
    case 'logprobs': return value === false;
    case 'top_logprobs': return value === 0;
    case 'tools': return Array.isArray(value) && value.length === 0;
    case 'tool_choice': return value === 'none' || value === 'auto';
    case 'response_format': return typeof value === 'object' && (value as Body)['type'] === 'text';
    default: return false;
  }
}

function readMessage(one: unknown): ChatMessage {
  const { role, content } = (one ?? {}) as Body;
  if (typeof content === 'string') return { role: roleOf(role), content };
  if (!Array.isArray(content)) throw new BadAsk('A message has no text.');
  const texts = content.map((part: unknown) => {
    const { text } = (part ?? {}) as Body;
    if (typeof text !== 'string') throw new BadAsk('This engine reads text only.');
    return text;
  });
  return { role: roleOf(role), content: texts.join('\n') };
}

function roleOf(role: unknown): ChatMessage['role'] {
  return role === 'assistant' || role === 'user' ? role : 'system';
}

function number<K extends keyof ChatAsk>(body: Body, field: string, name: K): { [N in K]?: number } {
  const value = body[field];
  return (typeof value === 'number' ? { [name]: value } : {}) as { [N in K]?: number };
}
