import type { CallerDialect, ReplyWriter } from '../../neutral/dialect.ts';
import type { Conversation, NeutralRequest } from '../../neutral/request.ts';
import { invalid, oneOf, text, whole, type Check } from '../../request/fields.ts';
import { isObject, type JsonObject } from '../../request/json.ts';

/** OpenAI's bounds: texts in one request, and dimensions that any model has. */
const MOST_INPUTS = 2_048;
const MOST_DIMENSIONS = 65_536;
const MOST_CHARACTERS = 10_000_000;

const tokens = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every((token) => typeof token === 'number' && Number.isSafeInteger(token) && token >= 0);

const input: Check = (value) => {
  if (value === '' || (Array.isArray(value) && (value.length === 0 || value.includes('')))) return 'must not be empty';
  if (typeof value === 'string') return value.length <= MOST_CHARACTERS ? undefined : `must be at most ${MOST_CHARACTERS} characters long`;
  if (tokens(value)) return undefined;
  if (!Array.isArray(value)) return 'must be a string, or a list of strings or of tokens';
  if (value.length > MOST_INPUTS) return `must hold at most ${MOST_INPUTS} texts`;
  return value.every((item) => typeof item === 'string') || value.every(tokens) ? undefined : 'must hold strings only, or lists of tokens only';
};

const FIELDS: ReadonlyMap<string, Check> = new Map(Object.entries({
  model: text(200), input, encoding_format: oneOf('float', 'base64'), dimensions: whole(1, MOST_DIMENSIONS), user: text(1_000),
}));

const NO_CONVERSATION: Conversation = {
  turns: [], tools: [], toolChoice: null, parallelToolCalls: null, stop: [], format: { type: 'text' }, sampling: {}, reasoning: null, verbosity: null, rest: {},
};

/** OpenAI's `POST /v1/embeddings`, and other servers' further fields, which go to them untouched. */
export const embeddingsCaller: CallerDialect = {
  name: 'embeddings',

  parse(body): NeutralRequest {
    if (!isObject(body)) throw invalid('body', 'must be a JSON object');
    for (const field in body) {
      if (field === '__proto__') throw invalid('body', 'must not hold __proto__');
      const problem = body[field] === null ? undefined : FIELDS.get(field)?.(body[field]);
      if (problem !== undefined) throw invalid(field, problem);
    }
    const { model, user } = body;
    if (typeof model !== 'string' || model === '') throw invalid('model', 'must be the name of a model; see /v1/models');
    if (body['input'] == null) throw invalid('input', 'must be a string, or a list of strings or of tokens');
    return {
      dialect: 'embeddings', body, model, stream: false, includeUsage: false, choices: 1, maxOutputTokens: null, capField: null,
      needs: { tools: false, images: false, files: false, schema: false, reasoning: false, logprobs: false, native: null },
      media: { images: 0, files: 0, characters: 0 }, turnCount: inputsOf(body).length, user: typeof user === 'string' ? user : null, metadata: {}, serviceTier: 'auto', cacheKey: null,
      conversation: () => NO_CONVERSATION,
    };
  },

  writer: (_request, facts): ReplyWriter => ({
    whole: ({ native }, { counts, receipt }) => {
      const { input: fresh, cacheRead } = counts;
      return JSON.stringify({ ...native, object: 'list', model: facts.alias, usage: { prompt_tokens: fresh + cacheRead, total_tokens: fresh + cacheRead }, ...(receipt && { tandem: receipt }) });
    },
    // Embeddings are never streamed.
    event: () => '',
    end: () => '',
    error: () => '',
  }),
};

/** The texts (or lists of tokens) that are to be embedded, one or many. */
export function inputsOf(body: JsonObject): readonly unknown[] {
  const value = body['input'];
  return Array.isArray(value) && !tokens(value) ? (value as unknown[]) : [value];
}
