import { either, flag, list, never, number, object, oneOf, text, texts, whole, type Check } from '../../request/fields.ts';
import { isObject } from '../../request/json.ts';

/** Far above any model's limit; what a model may really make is its alias's limit. */
const MOST_TOKENS = 10_000_000;
const MOST_ITEMS = 100_000;

const useMaxOutputTokens = never('use max_output_tokens, which the hold is made for');

const metadata: Check = (value) => {
  if (!isObject(value)) return 'must be an object';
  const pairs = Object.entries(value);
  return pairs.length <= 16 && pairs.every(([key, item]) => key.length <= 64 && typeof item === 'string' && item.length <= 512)
    ? undefined : 'must be at most 16 pairs of a name (64 characters) and a string (512 characters)';
};

const input: Check = (value) => (typeof value === 'string' ? undefined : list(MOST_ITEMS)(value) && 'must be a string or a list of items');

const textConfig: Check = (value) => {
  if (!isObject(value)) return 'must be an object';
  if (value['verbosity'] != null && typeof value['verbosity'] !== 'string') return 'must have a string as verbosity';
  const format = value['format'];
  if (format == null) return undefined;
  if (!isObject(format)) return 'must have an object as format';
  if (format['type'] === 'text' || format['type'] === 'json_object') return undefined;
  if (format['type'] !== 'json_schema') return 'must have a format of the type text, json_object or json_schema';
  return typeof format['name'] === 'string' && isObject(format['schema']) ? undefined : 'must have a name and an object as schema in a format of the type json_schema';
};

const reasoning: Check = (value) => {
  if (!isObject(value)) return 'must be an object';
  const wrong = ['effort', 'summary', 'generate_summary'].find((field) => value[field] != null && typeof value[field] !== 'string');
  return wrong === undefined ? undefined : `must have a string as ${wrong}`;
};

const streamOptions: Check = (value) =>
  isObject(value) && (value['include_obfuscation'] == null || typeof value['include_obfuscation'] === 'boolean') ? undefined : 'must be an object with true or false as include_obfuscation';

/**
 * The fields of OpenAI's Responses API (the types of its SDK 7.57) and of the Open Responses specification. A field that is not listed
 * goes to backends of the same dialect untouched, and nowhere else. `previous_response_id` and `background` are looked at before
 * the dialect sees a body: here they are only told again.
 */
export const RESPONSES_FIELDS: ReadonlyMap<string, Check> = new Map(Object.entries({
  model: text(200), input, instructions: text(Number.MAX_SAFE_INTEGER),
  max_output_tokens: whole(1, MOST_TOKENS), stream: flag, stream_options: streamOptions,
  // Sampling.
  temperature: number(0, 2), top_p: number(0, 1), presence_penalty: number(-2, 2), frequency_penalty: number(-2, 2), top_logprobs: whole(0, 20),
  text: textConfig, reasoning, truncation: oneOf('auto', 'disabled'),
  // Tools.
  tools: list(1_000), tool_choice: either(oneOf('none', 'auto', 'required'), object), parallel_tool_calls: flag, max_tool_calls: whole(0, 10_000),
  include: texts(32, 200),
  // What is kept, and how it runs.
  store: flag, background: flag, previous_response_id: text(200),
  conversation: never('conversations are not kept here; use previous_response_id'),
  prompt: never('prompts are not kept here; send the text in instructions and input'),
  context_management: never('a compaction in the middle of a call has no bound; compact with POST /v1/responses/compact'),
  moderation: never('moderation is not metered'), access_programs: never('it is for OpenAI\'s own accounts'),
  // Words about the call.
  user: text(1_000), safety_identifier: text(1_000), prompt_cache_key: text(1_000), prompt_cache_retention: text(20), prompt_cache_options: object, metadata,
  service_tier: oneOf('auto', 'default', 'priority', 'flex'),
  // Other servers' names for the output limit, which would override the one that the hold was made for.
  max_tokens: useMaxOutputTokens, max_completion_tokens: useMaxOutputTokens, n_predict: useMaxOutputTokens, max_new_tokens: useMaxOutputTokens, num_predict: useMaxOutputTokens,
  n: never('one call makes one answer'), best_of: never('one call makes one answer'),
  chat_template: never('a template of one\'s own has no bound'), kv_transfer_params: never('it directs the backend\'s own network'),
}));
