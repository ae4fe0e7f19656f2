import type { CallerDialect } from '../../neutral/dialect.ts';
import type { Conversation, Needs, NeutralRequest, OutputFormat, ReasoningWish, Sampling, Tool } from '../../neutral/request.ts';
import type { Turn } from '../../neutral/parts.ts';
import { invalid } from '../../request/fields.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { RESPONSES_FIELDS } from './fields.ts';
import { includes } from './includes.ts';
import { readInput, type ReadInput } from './read-items.ts';
import { isNativeChoice, readToolChoice, readTools } from './tools.ts';
import { withFiles } from './with-files.ts';
import { ResponseWriter } from './writer.ts';

/** `POST /v1/responses`. Its body holds the whole conversation by then: what `previous_response_id` stands for was put before the input. */
export const responsesCaller: CallerDialect = {
  name: 'responses',
  parse: parseResponses,
  writer: (request, facts) => new ResponseWriter(request, facts),
  withFiles,
};

/** Fields that the neutral form has words for, that are only told again, or that say nothing to a model. */
const SAID = new Set([
  'model', 'input', 'instructions', 'max_output_tokens', 'stream', 'stream_options', 'temperature', 'top_p', 'presence_penalty', 'frequency_penalty', 'top_logprobs', 'text',
  'reasoning', 'tools', 'tool_choice', 'parallel_tool_calls', 'include', 'store', 'background', 'previous_response_id', 'user', 'safety_identifier', 'prompt_cache_key', 'metadata', 'service_tier',
]);

/**
 * Checks a parsed body. Fields that are null count as absent, as OpenAI's do.
 * @throws TandemError invalid_request with the field in OpenAI's notation.
 */
function parseResponses(body: unknown): NeutralRequest {
  if (!isObject(body)) throw invalid('body', 'must be a JSON object');
  // `for in` also meets a field named __proto__ when a parser made it a field of its own.
  for (const field in body) {
    const value = body[field];
    if (field === '__proto__') throw invalid('body', 'must not hold __proto__');
    if (value === null) continue;
    const problem = RESPONSES_FIELDS.get(field)?.(value);
    if (problem !== undefined) throw invalid(field, problem);
  }
  const { model, metadata } = body;
  if (typeof model !== 'string' || model === '') throw invalid('model', 'must be the name of a model; see /v1/models');
  const read = readInput(body['input'] ?? undefined);
  if (read.turns.length === 0 && body['instructions'] == null) throw invalid('input', 'must hold at least one item');
  if (isObject(body['stream_options']) && body['stream'] !== true) throw invalid('stream_options', 'is only for streamed answers (stream: true)');
  const tools = readTools((body['tools'] ?? []) as unknown[]);
  const choice = readToolChoice(body['tool_choice']);
  const { facts } = read;
  return {
    dialect: 'responses', body, model, stream: body['stream'] === true, includeUsage: true, choices: 1,
    maxOutputTokens: (body['max_output_tokens'] ?? null) as number | null, capField: body['max_output_tokens'] == null ? null : 'max_output_tokens',
    needs: needsOf(body, read, tools),
    ...(facts.fileIds !== null && { fileIds: facts.fileIds }),
    media: { images: facts.images, files: facts.files, characters: facts.characters },
    turnCount: read.turns.length + (body['instructions'] == null ? 0 : 1),
    user: (body['safety_identifier'] ?? body['user'] ?? null) as string | null,
    metadata: (metadata ?? {}) as Record<string, string>,
    serviceTier: (body['service_tier'] ?? 'auto') as NeutralRequest['serviceTier'],
    cacheKey: (body['prompt_cache_key'] ?? null) as string | null,
    conversation: (): Conversation => ({
      turns: withInstructions(body['instructions'], read.turns), tools, toolChoice: choice,
      parallelToolCalls: (body['parallel_tool_calls'] ?? null) as boolean | null,
      stop: [], format: formatOf(body), sampling: samplingOf(body), reasoning: reasoningOf(body), verbosity: textOf(body, 'verbosity'), rest: restOf(body),
    }),
  };
}

function needsOf(body: JsonObject, { facts }: ReadInput, tools: readonly Tool[]): Needs {
  const native = facts.native ?? tools.find((tool) => tool.type === 'native')?.what ?? (isNativeChoice(body['tool_choice']) ? 'the choice of a tool of the backend\'s own' : null);
  const effort = reasoningOf(body)?.effort ?? null;
  return {
    tools: facts.tools || tools.length > 0, images: facts.images > 0, files: facts.files > 0, schema: formatOf(body).type === 'schema',
    reasoning: effort !== null && effort !== 'none', logprobs: samplingOf(body).logprobs !== undefined,
    native: native === null ? null : { dialect: 'responses', what: native },
  };
}

function withInstructions(instructions: unknown, turns: readonly Turn[]): readonly Turn[] {
  return typeof instructions === 'string' && instructions !== '' ? [{ role: 'system', parts: [{ type: 'text', text: instructions }] }, ...turns] : turns;
}

function formatOf(body: JsonObject): OutputFormat {
  const format = isObject(body['text']) ? body['text']['format'] : undefined;
  if (!isObject(format) || format['type'] === 'text') return { type: 'text' };
  if (format['type'] === 'json_object') return { type: 'json' };
  const { name, schema, strict, description } = format;
  return {
    type: 'schema', name: name as string, schema: schema as JsonObject, strict: typeof strict === 'boolean' ? strict : null,
    ...(typeof description === 'string' && { description }),
  };
}

function samplingOf(body: JsonObject): Sampling {
  const number = (field: string): number | undefined => (typeof body[field] === 'number' ? body[field] : undefined);
  const [temperature, topP, presencePenalty, frequencyPenalty, top] = ['temperature', 'top_p', 'presence_penalty', 'frequency_penalty', 'top_logprobs'].map(number);
  const wanted = includes(body, 'message.output_text.logprobs') || (top ?? 0) > 0;
  return {
    ...(temperature !== undefined && { temperature }), ...(topP !== undefined && { topP }), ...(presencePenalty !== undefined && { presencePenalty }),
    ...(frequencyPenalty !== undefined && { frequencyPenalty }), ...(wanted && { logprobs: { top: top ?? 0 } }),
  };
}

function reasoningOf(body: JsonObject): ReasoningWish | null {
  const wish = body['reasoning'];
  if (!isObject(wish)) return null;
  const word = (value: unknown) => (typeof value === 'string' ? value : null);
  return { effort: word(wish['effort']), budgetTokens: null, summary: word(wish['summary'] ?? wish['generate_summary']), mode: null };
}

function textOf(body: JsonObject, field: string): string | null {
  const value = isObject(body['text']) ? body['text'][field] : undefined;
  return typeof value === 'string' ? value : null;
}

function restOf(body: JsonObject): Record<string, unknown> {
  const rest: Record<string, unknown> = {};
  for (const field in body) if (!SAID.has(field) && body[field] != null) rest[field] = body[field];
  return rest;
}
