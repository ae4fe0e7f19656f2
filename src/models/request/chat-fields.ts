import { either, flag, list, never, number, object, oneOf, text, texts, whole, type Check } from './fields.ts';
import { isObject } from './json.ts';

/** Far above any model's limit; what a model may really make is its alias's limit. */
const MOST_TOKENS = 10_000_000;
/** Each choice may be as long as the output limit, so the hold is multiplied by them. */
/** As OpenAI's API has it. */
const MOST_CHOICES = 128;

const outputCap = whole(1, MOST_TOKENS);
const useMaxTokens = never('use max_tokens, which the hold is made for');

const logitBias: Check = (value) =>
  isObject(value) && Object.values(value).every((bias) => typeof bias === 'number' && bias >= -100 && bias <= 100) ? undefined : 'must be an object of numbers from -100 to 100';

const metadata: Check = (value) => {
  if (!isObject(value)) return 'must be an object';
  const pairs = Object.entries(value);
  return pairs.length <= 16 && pairs.every(([key, item]) => key.length <= 64 && typeof item === 'string' && item.length <= 512)
    ? undefined : 'must be at most 16 pairs of a name (64 characters) and a string (512 characters)';
};

const responseFormat: Check = (value) => {
  if (!isObject(value)) return 'must be an object';
  if (value['type'] === 'text' || value['type'] === 'json_object') return undefined;
  if (value['type'] !== 'json_schema') return 'must have the type text, json_object or json_schema';
  const schema = value['json_schema'];
  if (!isObject(schema) || typeof schema['name'] !== 'string') return 'must have json_schema with a name';
  return schema['schema'] == null || isObject(schema['schema']) ? undefined : 'must have an object as json_schema.schema';
};

const streamOptions: Check = (value) => {
  if (!isObject(value)) return 'must be an object';
  return value['include_usage'] == null || typeof value['include_usage'] === 'boolean' ? undefined : 'must have true or false as include_usage';
};

/**
 * The fields of OpenAI's chat completions (API reference of 2026-11) and the few of other servers that would
 * reach past a call's limits. A field that is not listed goes to OpenAI-compatible backends untouched.
 */
export const CHAT_FIELDS: ReadonlyMap<string, Check> = new Map(Object.entries({
  // Read by the parser itself.
  model: text(200), messages: list(100_000),
  max_tokens: outputCap, max_completion_tokens: outputCap, n: whole(1, MOST_CHOICES), stream: flag, stream_options: streamOptions,
  // Sampling.
  temperature: number(0, 2), top_p: number(0, 1), frequency_penalty: number(-2, 2), presence_penalty: number(-2, 2),
  seed: whole(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER), stop: either(text(10_000), texts(16, 10_000)),
  logit_bias: logitBias, logprobs: flag, top_logprobs: whole(0, 20), response_format: responseFormat,
  // Tools and reasoning.
  tools: list(1_000), tool_choice: either(oneOf('none', 'auto', 'required'), object), parallel_tool_calls: flag,
  functions: list(1_000), function_call: either(oneOf('none', 'auto'), object),
  reasoning_effort: text(20), verbosity: text(20), prediction: object,
  // Words about the call.
  user: text(1_000), safety_identifier: text(1_000), prompt_cache_key: text(1_000), prompt_cache_retention: text(20), prompt_cache_options: object, metadata,
  service_tier: oneOf('auto', 'default', 'priority', 'flex'),
  store: (value) => (value === false ? undefined : 'must be false: chat completions are not stored here'),
  modalities: (value) => (Array.isArray(value) && value.length === 1 && value[0] === 'text' ? undefined : 'must be ["text"]: audio is not metered here'),
  audio: never('audio is not metered'), web_search_options: never('searches are not metered'), moderation: never('moderation is not metered'),
  // Other servers' names for the output limit, which would override the one that the hold was made for.
  n_predict: useMaxTokens, max_new_tokens: useMaxTokens, max_output_tokens: useMaxTokens, num_predict: useMaxTokens, best_of: never('use n'),
  // vLLM: a template of the caller's own has no bound, and a transfer address makes the backend call it.
  chat_template: never('a template of one\'s own has no bound'), kv_transfer_params: never('it directs the backend\'s own network'),
}));
