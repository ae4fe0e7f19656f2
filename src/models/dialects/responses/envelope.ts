import type { TandemError } from '../../../base/index.ts';
import type { ReplyFacts } from '../../neutral/dialect.ts';
import type { NeutralRequest } from '../../neutral/request.ts';
import { isObject, type JsonObject } from '../../request/json.ts';

/** A response object that is still being put together. */
export type Envelope = { [field: string]: unknown };

export const responseId = (id: string): string => `resp_${id}`;

/** What a response tells of the request whatever the backend says: the caller's own words, and what Tandem decides. */
export function ownFields({ body }: Pick<NeutralRequest, 'body'>, facts: ReplyFacts): Envelope {
  return {
    id: responseId(facts.id), object: 'response', created_at: Math.floor(facts.createdAtMs / 1000), model: facts.alias,
    background: body['background'] ?? false, store: body['store'] ?? true, previous_response_id: body['previous_response_id'] ?? null,
    instructions: body['instructions'] ?? null, max_output_tokens: body['max_output_tokens'] ?? null, metadata: body['metadata'] ?? {},
    service_tier: facts.serviceTier, user: body['user'] ?? null, safety_identifier: body['safety_identifier'] ?? null, prompt_cache_key: body['prompt_cache_key'] ?? null,
  };
}

/** A whole response object with nothing in it yet, with every field that OpenAI's has (SDK 7.57, `Response`) and that the Open Responses specification demands. */
export function envelope(request: Pick<NeutralRequest, 'body'>, facts: ReplyFacts): Envelope {
  const { body } = request;
  const reasoning = isObject(body['reasoning']) ? body['reasoning'] : {};
  return {
    ...ownFields(request, facts),
    status: 'in_progress', completed_at: null, error: null, incomplete_details: null, output: [], usage: null,
    max_tool_calls: body['max_tool_calls'] ?? null, parallel_tool_calls: body['parallel_tool_calls'] ?? true,
    reasoning: { effort: reasoning['effort'] ?? null, summary: reasoning['summary'] ?? reasoning['generate_summary'] ?? null },
    temperature: body['temperature'] ?? 1, top_p: body['top_p'] ?? 1, presence_penalty: body['presence_penalty'] ?? 0, frequency_penalty: body['frequency_penalty'] ?? 0,
    text: textOf(body), tool_choice: body['tool_choice'] ?? 'auto', tools: toolsOf(body), top_logprobs: body['top_logprobs'] ?? 0, truncation: body['truncation'] ?? 'disabled',
  };
}

function textOf(body: JsonObject): JsonObject {
  const text = isObject(body['text']) ? body['text'] : {};
  const format = isObject(text['format']) ? text['format'] : { type: 'text' };
  return {
    format: format['type'] === 'json_schema' ? { ...format, description: format['description'] ?? null, strict: format['strict'] ?? false } : format,
    verbosity: text['verbosity'] ?? 'medium',
  };
}

function toolsOf(body: JsonObject): unknown[] {
  const tools = Array.isArray(body['tools']) ? body['tools'] : [];
  return tools.map((tool: unknown) => (isObject(tool) && tool['type'] === 'function'
    ? { ...tool, description: tool['description'] ?? null, parameters: tool['parameters'] ?? null, strict: tool['strict'] ?? null } : tool));
}

/** The `error` of a failed response. Its codes are few: what is told besides stands in the message. */
export function responseError(error: TandemError): JsonObject {
  const code = error.type === 'rate_limit_error' || error.type === 'insufficient_quota' ? 'rate_limit_exceeded' : error.type === 'invalid_request_error' ? 'invalid_prompt' : 'server_error';
  return { code, message: `${error.message} ${error.next}` };
}
