import { either, flag, invalid, list, never, number, object, oneOf, text, texts, whole, type Check } from '../../request/fields.ts';
import { isObject, type JsonObject } from '../../request/json.ts';

/** Far above any model's limit; what a model may really make is its alias's limit. */
const MOST_TOKENS = 10_000_000;

const thinking: Check = (value) => {
  if (!isObject(value)) return 'must be an object';
  const type = value['type'];
  if (type === 'enabled') return whole(1, MOST_TOKENS)(value['budget_tokens']) === undefined ? undefined : 'must have budget_tokens, a whole number of at least 1';
  return type === 'disabled' || type === 'adaptive' || type === 'between_tools' ? undefined : 'must have the type enabled, disabled, adaptive or between_tools';
};

const toolChoice: Check = (value) => {
  if (!isObject(value)) return 'must be an object';
  const type = value['type'];
  if (value['disable_parallel_tool_use'] != null && typeof value['disable_parallel_tool_use'] !== 'boolean') return 'must have true or false as disable_parallel_tool_use';
  if (type === 'tool') return typeof value['name'] === 'string' && value['name'] !== '' ? undefined : 'must have the name of a tool';
  return type === 'auto' || type === 'any' || type === 'none' ? undefined : 'must have the type auto, any, tool or none';
};

const jsonFormat: Check = (value) =>
  isObject(value) && value['type'] === 'json_schema' && isObject(value['schema']) ? undefined : 'must have the type json_schema and an object as schema';

const outputConfig: Check = (value) => {
  if (!isObject(value)) return 'must be an object';
  if (value['effort'] != null && typeof value['effort'] !== 'string') return 'must have a string as effort';
  const problem = value['format'] == null ? undefined : jsonFormat(value['format']);
  return problem === undefined ? undefined : `must have a format that is right: it ${problem}`;
};

const metadata: Check = (value) => {
  if (!isObject(value)) return 'must be an object';
  if (value['user_id'] != null && text(1_000)(value['user_id']) !== undefined) return 'must have a string of at most 1000 characters as user_id';
  const pairs = Object.entries(value).filter(([name]) => name !== 'user_id');
  return pairs.length <= 16 && pairs.every(([name, word]) => name.length <= 64 && typeof word === 'string' && word.length <= 512)
    ? undefined : 'must hold, beside user_id, at most 16 pairs of a name (64 characters) and a string (512 characters)';
};

/** Edits that only shorten the prompt are taken. Compaction is a model's call of its own, and its tokens stand outside of the usage. */
const contextManagement: Check = (value) => {
  if (!isObject(value)) return 'must be an object';
  const edits = value['edits'];
  if (edits == null) return undefined;
  if (!Array.isArray(edits)) return 'must have a list as edits';
  return edits.every((edit) => isObject(edit) && typeof edit['type'] === 'string' && edit['type'].startsWith('clear_')) ? undefined : 'can hold edits that clear something (clear_…) only: other ones are not metered here';
};

const otherPrice = 'it has another price than the one that the hold is made for';
const keptElsewhere = 'it names what is kept in the backend\'s account, which callers share';
const runElsewhere = 'what a backend calls by itself is not metered';

/**
 * The fields of Anthropic's Messages API (API reference and @anthropic-ai/sdk 1.14, beta fields included). A field that is not
 * listed goes to backends of the same dialect untouched.
 */
export const MESSAGES_FIELDS: ReadonlyMap<string, Check> = new Map(Object.entries({
  // Read by the parser itself.
  model: text(200), messages: list(100_000), system: either(text(50_000_000), list(10_000)), max_tokens: whole(0, MOST_TOKENS), stream: flag,
  // Sampling.
  temperature: number(0, 1), top_p: number(0, 1), top_k: whole(0, 1_000_000), stop_sequences: texts(1_000, 10_000),
  // Tools, thinking and the form of the answer.
  tools: list(1_000), tool_choice: toolChoice, thinking, output_config: outputConfig, output_format: jsonFormat,
  // Words about the call. The last three tiers are this server's own; Anthropic's API has the first two.
  metadata, service_tier: oneOf('auto', 'standard_only', 'default', 'priority', 'flex'), cache_control: object, diagnostics: object, context_management: contextManagement,
  // What would reach past the call's price, or into another caller's things.
  speed: (value) => (value === 'standard' ? undefined : `must be standard: ${otherPrice}`),
  inference_geo: (value) => (value === 'global' ? undefined : `must be global: ${otherPrice}`),
  fallbacks: never('give the alias several targets instead'), fallback_credit_token: never(otherPrice), billing_policy: never(otherPrice), compaction: never(runElsewhere),
  container: never(keptElsewhere), mcp_servers: never(runElsewhere),
}));

/** Which of the two places holds the schema of the answer: the field of today or the one of the beta. */
export function formatOf(body: JsonObject): JsonObject | null {
  const config = body['output_config'];
  const format = (isObject(config) ? config['format'] : undefined) ?? body['output_format'];
  return isObject(format) ? format : null;
}

/** Checks every known field. Fields that are null count as absent. @throws TandemError invalid_request */
export function checkFields(body: JsonObject): void {
  // `for in` also meets a field named __proto__ when a parser made it a field of its own.
  for (const field in body) {
    const value = body[field];
    if (field === '__proto__') throw invalid('body', 'must not hold __proto__');
    if (value === null) continue;
    const problem = MESSAGES_FIELDS.get(field)?.(value);
    if (problem !== undefined) throw invalid(field, problem);
  }
}
