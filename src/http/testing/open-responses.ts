import { z } from 'zod';

/**
 * The forms that the Open Responses specification demands of a server (repository openresponses/openresponses, as of commit
 * 0cb939ccf839234347b4f0c317569b49fad8fd0e and the later cases for phases, compaction and WebSockets), written anew from reading them.
 */
const whole = z.number().int();
const logprob = z.object({ token: z.string(), logprob: z.number(), bytes: z.array(whole), top_logprobs: z.array(z.unknown()) });
const outputText = z.object({ type: z.literal('output_text'), text: z.string(), annotations: z.array(z.unknown()), logprobs: z.array(logprob) });
const content = z.discriminatedUnion('type', [
  outputText, z.object({ type: z.literal('refusal'), refusal: z.string() }), z.object({ type: z.literal('input_text'), text: z.string() }), z.object({ type: z.literal('reasoning_text'), text: z.string() }),
  z.object({ type: z.literal('summary_text'), text: z.string() }),
]);
const status = z.enum(['in_progress', 'completed', 'incomplete']);

export const outputItem = z.discriminatedUnion('type', [
  z.object({ type: z.literal('message'), id: z.string(), status, role: z.enum(['assistant', 'user', 'system', 'developer']), content: z.array(content), phase: z.enum(['commentary', 'final_answer']).nullish() }),
  z.object({ type: z.literal('function_call'), id: z.string(), call_id: z.string(), name: z.string(), arguments: z.string(), status }),
  z.object({ type: z.literal('reasoning'), id: z.string(), summary: z.array(content), content: z.array(content).optional(), encrypted_content: z.string().nullish() }),
  z.object({ type: z.literal('compaction'), id: z.string(), encrypted_content: z.string() }),
]);

const tool = z.object({ type: z.string(), name: z.string().optional(), description: z.string().nullish(), parameters: z.record(z.string(), z.unknown()).nullish(), strict: z.boolean().nullish() });
const usage = z.object({
  input_tokens: whole, output_tokens: whole, total_tokens: whole, input_tokens_details: z.object({ cached_tokens: whole }), output_tokens_details: z.object({ reasoning_tokens: whole }),
});

export const responseResource = z.object({
  id: z.string().min(1), object: z.literal('response'), created_at: whole, completed_at: whole.nullable(), status: z.string(), incomplete_details: z.object({ reason: z.string() }).nullable(),
  model: z.string(), previous_response_id: z.string().nullable(), instructions: z.string().nullable(), output: z.array(outputItem), error: z.object({ code: z.string(), message: z.string() }).nullable(),
  tools: z.array(tool), tool_choice: z.union([z.enum(['none', 'auto', 'required']), z.object({ type: z.string() })]), truncation: z.enum(['auto', 'disabled']), parallel_tool_calls: z.boolean(),
  text: z.object({ format: z.object({ type: z.string() }), verbosity: z.enum(['low', 'medium', 'high']).optional() }), top_p: z.number(), presence_penalty: z.number(), frequency_penalty: z.number(), top_logprobs: whole, temperature: z.number(),
  reasoning: z.object({ effort: z.string().nullable(), summary: z.string().nullable() }).nullable(), usage: usage.nullable(), max_output_tokens: whole.nullable(), max_tool_calls: whole.nullable(),
  store: z.boolean(), background: z.boolean(), service_tier: z.string(), metadata: z.record(z.string(), z.string()), safety_identifier: z.string().nullable(), prompt_cache_key: z.string().nullable(),
});
export type ResponseResource = z.infer<typeof responseResource>;

export const compactResource = z.object({ id: z.string(), object: z.literal('response.compaction'), created_at: whole, output: z.array(outputItem), usage });

const numbered = { sequence_number: whole };
const item = { ...numbered, item_id: z.string(), output_index: whole };
const part = { ...item, content_index: whole };
const event = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) => z.object({ type: z.literal(type), ...shape });
const about = <T extends string>(type: T) => event(type, { ...numbered, response: responseResource });

export const streamingEvent = z.discriminatedUnion('type', [
  about('response.created'), about('response.queued'), about('response.in_progress'), about('response.completed'), about('response.failed'), about('response.incomplete'),
  event('response.output_item.added', { ...numbered, output_index: whole, item: outputItem }), event('response.output_item.done', { ...numbered, output_index: whole, item: outputItem }),
  event('response.content_part.added', { ...part, part: content }), event('response.content_part.done', { ...part, part: content }),
  event('response.output_text.delta', { ...part, delta: z.string(), logprobs: z.array(logprob) }), event('response.output_text.done', { ...part, text: z.string(), logprobs: z.array(logprob) }),
  event('response.refusal.delta', { ...part, delta: z.string() }), event('response.refusal.done', { ...part, refusal: z.string() }),
  event('response.function_call_arguments.delta', { ...item, delta: z.string() }), event('response.function_call_arguments.done', { ...item, arguments: z.string() }),
  event('error', { ...numbered, code: z.string().nullable(), message: z.string(), param: z.string().nullable() }),
]);
export type StreamingEvent = z.infer<typeof streamingEvent>;
