import { TandemError } from '../../../base/index.ts';
import type { ChatMessage, GenerateRequest } from '../../local/index.ts';
import type { ChatRequest } from '../../request/chat-request.ts';
import { isObject, type JsonObject } from '../../request/json.ts';

/** What a chat asks of the local engine, apart from limits and ids, which the call gives. */
export type LocalAsk = Pick<GenerateRequest, 'messages' | 'temperature' | 'topP' | 'seed' | 'stop' | 'jsonSchema' | 'jsonObject' | 'frequencyPenalty' | 'presencePenalty'>;

/** Fields that the engine follows, and fields that ask nothing of a model. */
const TAKEN = new Set([
  'model', 'messages', 'max_tokens', 'max_completion_tokens', 'stream', 'stream_options', 'temperature', 'top_p', 'frequency_penalty', 'presence_penalty',
  'seed', 'stop', 'response_format', 'user', 'safety_identifier', 'prompt_cache_key', 'prompt_cache_retention', 'prompt_cache_options', 'metadata', 'service_tier', 'store', 'modalities', 'parallel_tool_calls',
]);

/** Fields that are harmless in the form that asks for nothing. */
const ASKS_NOTHING: ReadonlyMap<string, (value: unknown) => boolean> = new Map(Object.entries({
  n: (value: unknown) => value === 1,
  logprobs: (value: unknown) => value === false,
  top_logprobs: (value: unknown) => value === 0,
  tools: (value: unknown) => Array.isArray(value) && value.length === 0,
  functions: (value: unknown) => Array.isArray(value) && value.length === 0,
  tool_choice: (value: unknown) => value === 'none' || value === 'auto',
  function_call: (value: unknown) => value === 'none' || value === 'auto',
  logit_bias: (value: unknown) => isObject(value) && Object.keys(value).length === 0,
  reasoning_effort: (value: unknown) => value === 'none',
  verbosity: (value: unknown) => value === 'medium',
}));

/**
 * Turns a chat into what the local engine is asked.
 * @throws TandemError unsupported_parameter naming the first thing that it cannot do.
 */
export function chatAsk(request: ChatRequest): LocalAsk {
  const { body, facts } = request;
  for (const field in body) {
    const value = body[field];
    if (value === null || TAKEN.has(field) || ASKS_NOTHING.get(field)?.(value)) continue;
    throw unsupported(request, field, 'the local engine cannot do that');
  }
  if (facts.beyondText !== null) throw unsupported(request, facts.beyondText, `it holds ${facts.beyondTextKind}, and the local engine reads text only`);
  const stop = body['stop'];
  const format = body['response_format'];
  const schema = isObject(format) && isObject(format['json_schema']) ? format['json_schema']['schema'] : undefined;
  return {
    messages: request.messages.map(plainMessage),
    ...optional('temperature', body['temperature']),
    ...optional('topP', body['top_p']),
    ...optional('seed', body['seed']),
    ...optional('frequencyPenalty', body['frequency_penalty']),
    ...optional('presencePenalty', body['presence_penalty']),
    ...(stop != null && { stop: typeof stop === 'string' ? [stop] : (stop as string[]) }),
    ...(isObject(schema) && { jsonSchema: schema }),
    ...(isObject(format) && (format['type'] === 'json_object' || (format['type'] === 'json_schema' && !isObject(schema))) && { jsonObject: true }),
  };
}

function optional<const K extends 'temperature' | 'topP' | 'seed' | 'frequencyPenalty' | 'presencePenalty'>(name: K, value: unknown): { [N in K]?: number } {
  return (typeof value === 'number' ? { [name]: value } : {}) as { [N in K]?: number };
}

function plainMessage(message: JsonObject): ChatMessage {
  const role = message['role'];
  const content = message['content'];
  return {
    role: role === 'assistant' || role === 'user' ? role : 'system',
    content: typeof content === 'string' ? content : Array.isArray(content) ? content.map(partText).join('\n') : String(message['refusal'] ?? ''),
  };
}

function partText(part: JsonObject): string {
  return String(part['text'] ?? part['refusal'] ?? '');
}

function unsupported(request: ChatRequest, field: string, reason: string): TandemError {
  return new TandemError('unsupported_parameter', { param: field, params: { field, model: request.model, reason } });
}
