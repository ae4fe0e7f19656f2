import type { ServerResponse } from 'node:http';
import { FakeBackend, type SeenRequest } from '../../models/testing/fake-backend.ts';

/** What a stand-in says: it calls the first tool it is given and has no result of yet, and else says words. */
type Said = { readonly text: string } | { readonly call: { readonly id: string; readonly name: string; readonly input: string } };

/**
 * STAND-INS for model servers on real sockets, in OpenAI's published wire forms (chat completions and responses, the types of its SDK
 * 7.57). They prove nothing about a model; they prove what goes over the wire.
 */
export async function startStandIns(): Promise<{ readonly chatUrl: string; readonly responsesUrl: string; readonly seen: () => readonly SeenRequest[]; stop(): Promise<void> }> {
  const chat = new FakeBackend();
  const responses = new FakeBackend();
  chat.answer = (response, { body }) => answerChat(response, body);
  responses.answer = (response, { body }) => answerResponses(response, body);
  return {
    chatUrl: await chat.start(), responsesUrl: await responses.start(),
    seen: () => [...chat.requests, ...responses.requests],
    stop: async () => void (await Promise.all([chat.stop(), responses.stop()])),
  };
}

const WORDS = ['Paris', ' is', ' the', ' capital.'];

/** JSON where a schema is asked for, an echo of the number of messages else. */
function say(tools: unknown, hasResult: boolean, schema: boolean): Said {
  const [tool] = Array.isArray(tools) ? (tools as { name?: string; function?: { name: string } }[]) : [];
  if (tool && !hasResult) return { call: { id: 'call_stand_in', name: tool.function?.name ?? tool.name!, input: '{"location":"San Francisco, CA"}' } };
  return { text: schema ? '{"city":"Paris","population":2100000}' : WORDS.join('') };
}

const pieces = (text: string) => text.match(/.{1,8}/gs) ?? [];

function answerChat(response: ServerResponse, body: Record<string, unknown>): void {
  const messages = body['messages'] as { role: string }[];
  const said = say(body['tools'], messages.some(({ role }) => role === 'tool'), (body['response_format'] as { type?: string } | undefined)?.type === 'json_schema');
  const usage = { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25, prompt_tokens_details: { cached_tokens: 4 } };
  const finish = 'call' in said ? 'tool_calls' : 'stop';
  if (body['stream'] !== true) {
    const message = 'call' in said
      ? { role: 'assistant', content: null, tool_calls: [{ id: said.call.id, type: 'function', function: { name: said.call.name, arguments: said.call.input } }] } : { role: 'assistant', content: said.text };
    return json(response, { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'stand-in', choices: [{ index: 0, message, finish_reason: finish }], usage });
  }
  const chunk = (delta: object, reason: string | null = null) => ({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'stand-in', choices: [{ index: 0, delta, finish_reason: reason }] });
  const deltas = 'call' in said
    ? [{ tool_calls: [{ index: 0, id: said.call.id, type: 'function', function: { name: said.call.name, arguments: '' } }] }, ...pieces(said.call.input).map((text) => ({ tool_calls: [{ index: 0, function: { arguments: text } }] }))]
    : pieces(said.text).map((content) => ({ content }));
  stream(response, [...deltas.map((delta) => chunk(delta)), chunk({}, finish), { ...chunk({}), choices: [], usage }].map((data) => `data: ${JSON.stringify(data)}\n\n`).concat('data: [DONE]\n\n'));
}

function answerResponses(response: ServerResponse, body: Record<string, unknown>): void {
  const input = body['input'];
  const hasResult = Array.isArray(input) && (input as { type?: string }[]).some(({ type }) => type === 'function_call_output');
  const said = say(body['tools'], hasResult, ((body['text'] as { format?: { type?: string } } | undefined)?.format?.type) === 'json_schema');
  const item = 'call' in said
    ? { id: 'fc_stand_in', type: 'function_call', status: 'completed', call_id: said.call.id, name: said.call.name, arguments: said.call.input }
    : { id: 'msg_stand_in', type: 'message', status: 'completed', role: 'assistant', content: [{ type: 'output_text', text: said.text, annotations: [], logprobs: [] }] };
  const head = { id: 'resp_stand_in', object: 'response', created_at: 1, model: 'stand-in', error: null, incomplete_details: null, tools: body['tools'] ?? [], tool_choice: body['tool_choice'] ?? 'auto' };
  const whole = { ...head, status: 'completed', completed_at: 2, output: [item], usage: { input_tokens: 20, input_tokens_details: { cached_tokens: 4 }, output_tokens: 5, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 25 } };
  if (body['stream'] !== true) return json(response, whole);
  const place = { item_id: item.id, output_index: 0 };
  const text = { ...place, content_index: 0 };
  const part = { type: 'output_text', text: '', annotations: [], logprobs: [] };
  const middle = 'call' in said ? [
    ...pieces(said.call.input).map((delta) => ({ type: 'response.function_call_arguments.delta', ...place, delta })), { type: 'response.function_call_arguments.done', ...place, arguments: said.call.input },
  ] : [
    { type: 'response.content_part.added', ...text, part }, ...pieces(said.text).map((delta) => ({ type: 'response.output_text.delta', ...text, delta, logprobs: [] })),
    { type: 'response.output_text.done', ...text, text: said.text, logprobs: [] }, { type: 'response.content_part.done', ...text, part: { ...part, text: said.text } },
  ];
  const begun = { ...item, status: 'in_progress', ...('call' in said ? { arguments: '' } : { content: [] }) };
  const running = { ...head, status: 'in_progress', completed_at: null, output: [], usage: null };
  stream(response, [
    { type: 'response.created', response: running }, { type: 'response.in_progress', response: running }, { type: 'response.output_item.added', output_index: 0, item: begun },
    ...middle, { type: 'response.output_item.done', output_index: 0, item }, { type: 'response.completed', response: whole },
  ].map((data, at) => `event: ${data.type}\ndata: ${JSON.stringify({ ...data, sequence_number: at })}\n\n`));
}

function json(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function stream(response: ServerResponse, frames: readonly string[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const frame of frames) response.write(frame);
  response.end();
}
