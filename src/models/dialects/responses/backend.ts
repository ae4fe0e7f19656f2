import { TandemError } from '../../../base/index.ts';
import { inputBound, outputLimit } from '../../neutral/bounds.ts';
import type { BackendDialect, OutRequest, TargetFacts } from '../../neutral/dialect.ts';
import { unwrapThought } from '../../neutral/sealed.ts';
import type { Conversation, NeutralRequest, ReasoningWish } from '../../neutral/request.ts';
import { isObject, type JsonObject } from '../../request/json.ts';
import { RESPONSES_LOSSES } from './losses.ts';
import { ResponseReader } from './reader.ts';
import { readResponse } from './reply.ts';
import { summaryText, unwrapSummary } from './summary.ts';
import { writeTool, writeToolChoice } from './tools.ts';
import { writeInput } from './write-items.ts';

const ENCRYPTED = 'reasoning.encrypted_content';

/** A backend that speaks OpenAI's Responses API (OpenAI, Azure, vLLM and others). Nothing is kept there: `store` is always false. */
export const responsesBackend: BackendDialect = {
  name: 'responses',
  native: 'responses',
  losses: RESPONSES_LOSSES,
  cannot,
  request: (request, target) => (request.dialect === 'responses' ? nativeRequest(request, target) : neutralRequest(request, target)),
  whole: (text, request) => readResponse(text, request.dialect === 'responses'),
  reader: (request) => new ResponseReader(request.dialect === 'responses'),
  errorMessage,
};

function cannot(request: NeutralRequest): string | null {
  if (request.needs.native !== null && request.needs.native.dialect !== 'responses') return request.needs.native.what;
  if (request.dialect === 'responses') return null;
  if (request.choices > 1) return 'n above 1';
  const { stop, sampling } = request.conversation();
  if (stop.length > 0) return 'stop texts';
  if (sampling.logitBias && Object.keys(sampling.logitBias).length > 0) return 'logit_bias';
  return (sampling.presencePenalty ?? 0) !== 0 || (sampling.frequencyPenalty ?? 0) !== 0 ? 'penalties' : null;
}

/** What is decided here, and what stands for state that only this server has. */
const NOT_SENT = ['previous_response_id', 'background', 'service_tier', 'conversation', 'stream_options'] as const;

/**
 * The caller's body with the backend's model, an output limit always and `store` off. Where thoughts may come, their opaque state is
 * asked for, so that the next call can bring it back.
 */
function nativeRequest(request: NeutralRequest, target: TargetFacts): OutRequest {
  const cap = outputLimit(request, target);
  const body: { [field: string]: unknown } = { ...request.body, model: target.model, max_output_tokens: cap, store: false };
  for (const field of NOT_SENT) delete body[field];
  if (Array.isArray(body['input'])) body['input'] = body['input'].flatMap(sentItem);
  if (request.needs.reasoning) body['include'] = [...new Set([...(Array.isArray(body['include']) ? body['include'] : []), ENCRYPTED])];
  return toWire(request, target, body, cap);
}

/** Ids that were made here: the backend knows none of them. */
const OWN_ID = /^[a-z]{1,10}_[0-9a-f]{36}$/;

/** An item as its backend knows it. A thought goes back only to who made it: its state out of its wrapping, or not at all. */
function sentItem(item: unknown): unknown[] {
  if (!isObject(item)) return [item];
  const summary = item['type'] === 'compaction' ? unwrapSummary(item['encrypted_content']) : undefined;
  if (summary !== undefined) return [{ type: 'message', role: 'developer', content: [{ type: 'input_text', text: summaryText(summary) }] }];
  if (item['type'] !== 'reasoning') return [withoutOwnId(item)];
  const encrypted = item['encrypted_content'];
  if (typeof encrypted !== 'string') return Array.isArray(item['content']) && item['content'].length > 0 ? [item] : [];
  const wrapped = unwrapThought(encrypted);
  if (!wrapped) return [item];
  const { sealed, id } = wrapped;
  return sealed?.dialect === 'responses' ? [{ ...item, ...(id !== null && { id }), encrypted_content: sealed.value }] : [];
}

function withoutOwnId(item: JsonObject): JsonObject {
  const { id, ...rest } = item;
  return typeof id === 'string' && OWN_ID.test(id) ? rest : item;
}

function neutralRequest(request: NeutralRequest, target: TargetFacts): OutRequest {
  const lacking = cannot(request);
  if (lacking !== null) throw new TandemError('unsupported_parameter', { params: { field: lacking, model: request.model, reason: 'its backend speaks the Responses API, which has none' } });
  const cap = outputLimit(request, target);
  const conversation = request.conversation();
  const { tools, toolChoice, parallelToolCalls, sampling, reasoning } = conversation;
  const { instructions, input } = writeInput(conversation.turns);
  const include = [...(request.needs.reasoning ? [ENCRYPTED] : []), ...(sampling.logprobs ? ['message.output_text.logprobs'] : [])];
  const thinking = reasoning && writeReasoning(reasoning);
  const text = writeText(conversation);
  return toWire(request, target, {
    model: target.model, ...(instructions !== null && { instructions }), input, max_output_tokens: cap, store: false, ...(request.stream && { stream: true }),
    ...(tools.length > 0 && { tools: tools.map(writeTool) }), ...(toolChoice && { tool_choice: writeToolChoice(toolChoice, tools) }),
    ...(parallelToolCalls !== null && { parallel_tool_calls: parallelToolCalls }),
    ...(sampling.temperature !== undefined && { temperature: sampling.temperature }), ...(sampling.topP !== undefined && { top_p: sampling.topP }),
    ...(sampling.logprobs && { top_logprobs: sampling.logprobs.top }), ...(include.length > 0 && { include }),
    ...(thinking && { reasoning: thinking }), ...(text && { text }),
    ...(request.cacheKey !== null && { prompt_cache_key: request.cacheKey }), ...(request.user !== null && { safety_identifier: request.user }),
    ...(Object.keys(request.metadata).length > 0 && { metadata: request.metadata }),
  }, cap);
}

function writeText({ format, verbosity }: Conversation): JsonObject | null {
  if (format.type === 'text' && verbosity === null) return null;
  const written = format.type === 'text' ? { type: 'text' } : format.type === 'json' ? { type: 'json_object' } : {
    type: 'json_schema', name: format.name, schema: format.schema, ...(format.strict !== null && { strict: format.strict }), ...(format.description !== undefined && { description: format.description }),
  };
  return { format: written, ...(verbosity !== null && { verbosity }) };
}

/** Limits of the budgets for which the efforts stand, as the losses table tells. */
const LOW_BELOW = 4_096;
const MEDIUM_BELOW = 16_384;

function writeReasoning({ effort, budgetTokens, summary, mode }: ReasoningWish): JsonObject | null {
  const named = effort ?? (mode === 'disabled' ? 'none' : budgetTokens === null ? null : budgetTokens < LOW_BELOW ? 'low' : budgetTokens < MEDIUM_BELOW ? 'medium' : 'high');
  if (named === null && summary === null) return null;
  return { ...(named !== null && { effort: named }), ...(summary !== null && { summary }) };
}

function toWire(request: NeutralRequest, target: TargetFacts, body: JsonObject, cap: number): OutRequest {
  const bytes = Buffer.from(JSON.stringify(body));
  const toolBytes = body['tools'] == null ? 0 : Buffer.byteLength(JSON.stringify(body['tools']));
  return {
    method: 'POST', path: '/responses', headers: [], body: bytes,
    inputBound: inputBound(request, bytes.length, toolBytes, target), outputBound: cap, textBytes: Math.max(0, bytes.length - request.media.characters),
  };
}

/** OpenAI's envelope, or vLLM's form without one. */
function errorMessage(text: string): string | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(body)) return undefined;
  const error = body['error'];
  const message = [isObject(error) ? error['message'] : error, body['message'], body['detail']].find((one) => typeof one === 'string' && one !== '');
  return typeof message === 'string' ? message : undefined;
}
