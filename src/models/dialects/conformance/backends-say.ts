import { EventStreamCodec } from '@smithy/eventstream-codec';
import type { BACKEND_DIALECTS } from '../dialects.ts';
import { pieces, type Told } from './told.ts';

/** An answer in a backend's published wire form. Written by hand after the types named at each; no server made them. Null: its form has no words for that. */
export interface Said {
  readonly whole: string;
  readonly stream: Buffer;
}

type Json = Record<string, unknown>;

export const SAYS: Readonly<Record<keyof typeof BACKEND_DIALECTS, (told: Told) => Said | null>> = { chat, responses, messages, gemini, bedrock };

const data = (value: Json) => `data: ${JSON.stringify(value)}\n\n`;
const event = (value: Json) => `event: ${String(value['type'])}\n${data(value)}`;

/** openai 7.57, `ChatCompletion` and `ChatCompletionChunk`; `reasoning_content` and `stop_reason` as vLLM writes them. */
function chat({ thought, text, refusal, calls, end, stopText, logprobs, tokens }: Told): Said | null {
  if (tokens.written > 0) return null;
  const usage = {
    prompt_tokens: tokens.input + tokens.cached, completion_tokens: tokens.output + tokens.thought, total_tokens: tokens.input + tokens.cached + tokens.output + tokens.thought,
    prompt_tokens_details: { cached_tokens: tokens.cached }, completion_tokens_details: { reasoning_tokens: tokens.thought },
  };
  const head = { id: 'chatcmpl-1', created: 1, model: 'm' };
  const message = {
    role: 'assistant', content: text === '' ? null : text, refusal: refusal === '' ? null : refusal, ...(thought !== '' && { reasoning_content: thought }),
    ...(calls.length > 0 && { tool_calls: calls.map(({ name, input }, at) => ({ id: `call_${at}`, type: 'function', function: { name, arguments: input } })) }),
  };
  const finishReason = { stop: 'stop', length: 'length', tool_calls: 'tool_calls', filtered: 'content_filter', refusal: 'stop' }[end];
  const stopped = stopText === null ? {} : { stop_reason: stopText };
  const told = pieces(text).map((token, at) => (logprobs[at] === undefined ? null : { content: [{ token, logprob: logprobs[at], bytes: [...Buffer.from(token)], top_logprobs: [] }], refusal: null }));
  const chunk = (delta: Json, more: Json = {}) => data({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: null, ...more }] });
  const begun = calls.map(({ name }, index) => chunk({ tool_calls: [{ index, id: `call_${index}`, type: 'function', function: { name, arguments: '' } }] }));
  // Arguments of several calls come in turns.
  const written = [0, 1].flatMap((at) => calls.flatMap(({ input }, index) => (pieces(input)[at] === undefined ? [] : [chunk({ tool_calls: [{ index, function: { arguments: pieces(input)[at] } }] })])));
  const stream = [
    chunk({ role: 'assistant', content: '' }), ...pieces(thought).map((piece) => chunk({ reasoning_content: piece })), ...pieces(text).map((piece, at) => chunk({ content: piece }, { logprobs: told[at] })),
    ...pieces(refusal).map((piece) => chunk({ refusal: piece })), ...begun, ...written, chunk({}, { finish_reason: finishReason, ...stopped }), data({ ...head, object: 'chat.completion.chunk', choices: [], usage }), 'data: [DONE]\n\n',
  ];
  return { whole: JSON.stringify({ ...head, object: 'chat.completion', choices: [{ index: 0, message, logprobs: logprobs.length === 0 ? null : { content: told.flatMap((one) => one?.content ?? []), refusal: null }, finish_reason: finishReason, ...stopped }], usage }), stream: Buffer.from(stream.join('')) };
}

/** openai 7.57, `Response` and `ResponseStreamEvent`. */
function responses({ thought, text, refusal, calls, end, stopText, logprobs, tokens }: Told): Said | null {
  if (stopText !== null) return null;
  const usage = {
    input_tokens: tokens.input + tokens.cached + tokens.written, input_tokens_details: { cached_tokens: tokens.cached, cache_write_tokens: tokens.written }, output_tokens: tokens.output + tokens.thought,
    output_tokens_details: { reasoning_tokens: tokens.thought }, total_tokens: tokens.input + tokens.cached + tokens.written + tokens.output + tokens.thought,
  };
  const incomplete = end === 'length' || end === 'filtered';
  const shell = { id: 'resp_1', object: 'response', created_at: 1, model: 'm', error: null, incomplete_details: incomplete ? { reason: end === 'length' ? 'max_output_tokens' : 'content_filter' } : null, metadata: {}, tools: [], parallel_tool_calls: true };
  const output: Json[] = [];
  const events: Json[] = [{ type: 'response.created', response: { ...shell, status: 'in_progress', output: [], usage: null } }];
  if (thought !== '') {
    const item = { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: thought }] };
    events.push(
      { type: 'response.output_item.added', output_index: 0, item: { ...item, summary: [] } },
      ...pieces(thought).map((delta) => ({ type: 'response.reasoning_summary_text.delta', item_id: 'rs_1', output_index: 0, summary_index: 0, delta })),
      { type: 'response.output_item.done', output_index: 0, item },
    );
    output.push(item);
  }
  if (text !== '') {
    const at = output.length;
    const told = pieces(text).map((token, index) => (logprobs[index] === undefined ? [] : [{ token, logprob: logprobs[index], bytes: [...Buffer.from(token)], top_logprobs: [] }]));
    const part = { type: 'output_text', text, annotations: [], logprobs: told.flat() };
    const item = { type: 'message', id: 'msg_1', status: 'completed', role: 'assistant', content: [part] };
    const place = { item_id: 'msg_1', output_index: at, content_index: 0 };
    events.push(
      { type: 'response.output_item.added', output_index: at, item: { ...item, status: 'in_progress', content: [] } }, { type: 'response.content_part.added', ...place, part: { ...part, text: '', logprobs: [] } },
      ...pieces(text).map((delta, index) => ({ type: 'response.output_text.delta', ...place, delta, logprobs: told[index] })),
      { type: 'response.output_text.done', ...place, text, logprobs: told.flat() }, { type: 'response.content_part.done', ...place, part }, { type: 'response.output_item.done', output_index: at, item },
    );
    output.push(item);
  }
  if (refusal !== '') {
    const part = { type: 'refusal', refusal };
    const item = { type: 'message', id: 'msg_1', status: 'completed', role: 'assistant', content: [part] };
    const place = { item_id: 'msg_1', output_index: output.length, content_index: 0 };
    events.push(
      { type: 'response.output_item.added', output_index: output.length, item: { ...item, status: 'in_progress', content: [] } }, { type: 'response.content_part.added', ...place, part: { ...part, refusal: '' } },
      ...pieces(refusal).map((delta) => ({ type: 'response.refusal.delta', ...place, delta })),
      { type: 'response.refusal.done', ...place, refusal }, { type: 'response.content_part.done', ...place, part }, { type: 'response.output_item.done', output_index: output.length, item },
    );
    output.push(item);
  }
  const first = output.length;
  const items = calls.map(({ name, input }, at) => ({ type: 'function_call', id: `fc_${at}`, call_id: `call_${at}`, name, arguments: input, status: 'completed' }));
  items.forEach((item, at) => events.push({ type: 'response.output_item.added', output_index: first + at, item: { ...item, arguments: '', status: 'in_progress' } }));
  for (const half of [0, 1]) items.forEach((item, at) => { if (pieces(item.arguments)[half] !== undefined) events.push({ type: 'response.function_call_arguments.delta', item_id: item.id, output_index: first + at, delta: pieces(item.arguments)[half] }); });
  items.forEach((item, at) => events.push({ type: 'response.output_item.done', output_index: first + at, item }));
  output.push(...items);
  const response = { ...shell, status: incomplete ? 'incomplete' : 'completed', output, usage };
  events.push({ type: incomplete ? 'response.incomplete' : 'response.completed', response });
  return { whole: JSON.stringify(response), stream: Buffer.from(events.map((one, at) => event({ ...one, sequence_number: at })).join('')) };
}

/** @anthropic-ai/sdk 1.14, `Message` and `RawMessageStreamEvent`. A filter's end is a refusal there, whose words are a text. */
function messages({ thought, text: said, refusal, calls, end, stopText, logprobs, tokens }: Told): Said | null {
  if (logprobs.length > 0 || end === 'filtered') return null;
  const text = said + refusal;
  const stop = stopText !== null ? 'stop_sequence' : { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use', refusal: 'refusal' }[end];
  const usage = { input_tokens: tokens.input, cache_read_input_tokens: tokens.cached, cache_creation_input_tokens: tokens.written, output_tokens: tokens.output + tokens.thought, output_tokens_details: { thinking_tokens: tokens.thought } };
  const head = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm' };
  const content: Json[] = [
    ...(thought === '' ? [] : [{ type: 'thinking', thinking: thought, signature: 'sig' }]), ...(text === '' ? [] : [{ type: 'text', text }]),
    ...calls.map(({ name, input }, at) => ({ type: 'tool_use', id: `toolu_${at}`, name, input: JSON.parse(input) as unknown })),
  ];
  const deltas = (block: Json, at: number): Json[] => {
    if (block['type'] === 'thinking') return [...pieces(thought).map((thinking) => ({ type: 'thinking_delta', thinking })), { type: 'signature_delta', signature: 'sig' }];
    if (block['type'] === 'text') return pieces(text).map((piece) => ({ type: 'text_delta', text: piece }));
    return pieces(calls[at - (content.length - calls.length)]!.input).map((partial_json) => ({ type: 'input_json_delta', partial_json }));
  };
  const empty = (block: Json) => (block['type'] === 'thinking' ? { ...block, thinking: '', signature: '' } : block['type'] === 'text' ? { ...block, text: '' } : { ...block, input: {} });
  const events: Json[] = [
    { type: 'message_start', message: { ...head, content: [], stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 0, output_tokens_details: null } } }, { type: 'ping' },
    ...content.flatMap((block, index) => [{ type: 'content_block_start', index, content_block: empty(block) }, ...deltas(block, index).map((delta) => ({ type: 'content_block_delta', index, delta })), { type: 'content_block_stop', index }]),
    { type: 'message_delta', delta: { stop_reason: stop, stop_sequence: stopText }, usage: { output_tokens: usage.output_tokens, output_tokens_details: usage.output_tokens_details } }, { type: 'message_stop' },
  ];
  return { whole: JSON.stringify({ ...head, content, stop_reason: stop, stop_sequence: stopText, usage }), stream: Buffer.from(events.map(event).join('')) };
}

/** @google/genai 2.32, `GenerateContentResponse`. Calls come whole, and the reason is STOP for them too. */
function gemini({ thought, text, refusal, calls, end, stopText, logprobs, tokens }: Told): Said | null {
  if (stopText !== null || refusal !== '' || tokens.written > 0) return null;
  const usageMetadata = {
    promptTokenCount: tokens.input + tokens.cached, cachedContentTokenCount: tokens.cached, candidatesTokenCount: tokens.output, thoughtsTokenCount: tokens.thought,
    totalTokenCount: tokens.input + tokens.cached + tokens.output + tokens.thought,
  };
  const functionCalls = calls.map(({ name, input }, at) => ({ functionCall: { id: `call_${at}`, name, args: JSON.parse(input) as unknown } }));
  const answer = (parts: Json[], more: Json = {}) => ({ candidates: [{ content: { role: 'model', parts }, index: 0, ...more }], modelVersion: 'm', responseId: 'r1' });
  const finish = { finishReason: end === 'length' ? 'MAX_TOKENS' : end === 'filtered' ? 'SAFETY' : 'STOP' };
  const chosen = (from: number, to: number) => (logprobs.length === 0 ? {} : { logprobsResult: { chosenCandidates: pieces(text).slice(from, to).map((token, at) => ({ token, tokenId: at, logProbability: logprobs[from + at] })), topCandidates: [] } });
  const whole = answer([...(thought === '' ? [] : [{ text: thought, thought: true }]), ...(text === '' ? [] : [{ text }]), ...functionCalls], { ...finish, ...chosen(0, 2) });
  const stream = [
    ...pieces(thought).map((piece) => answer([{ text: piece, thought: true }])), ...pieces(text).map((piece, at) => answer([{ text: piece }], chosen(at, at + 1))), ...functionCalls.map((part) => answer([part])),
    { ...answer([{ text: '' }], finish), usageMetadata },
  ];
  return { whole: JSON.stringify({ ...whole, usageMetadata }), stream: Buffer.from(stream.map(data).join('')) };
}

const codec = new EventStreamCodec((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(), (text) => Buffer.from(text));

/** @aws-sdk/client-bedrock-runtime 3.1164, `ConverseResponse` and `ConverseStreamOutput`, framed by Amazon's own codec. */
function bedrock({ thought, text, refusal, calls, end, stopText, logprobs, tokens }: Told): Said | null {
  if (refusal !== '' || logprobs.length > 0) return null;
  const usage = { inputTokens: tokens.input, outputTokens: tokens.output + tokens.thought, totalTokens: 0, cacheReadInputTokens: tokens.cached, cacheWriteInputTokens: tokens.written };
  const stopReason = stopText !== null ? 'stop_sequence' : { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use', filtered: 'content_filtered', refusal: '' }[end];
  // As it is asked for by `additionalModelResponseFieldPaths`.
  const stopped = stopText === null ? {} : { additionalModelResponseFields: { stop_sequence: stopText } };
  const content: Json[] = [
    ...(thought === '' ? [] : [{ reasoningContent: { reasoningText: { text: thought, signature: 'sig' } } }]), ...(text === '' ? [] : [{ text }]),
    ...calls.map(({ name, input }, at) => ({ toolUse: { toolUseId: `t${at}`, name, input: JSON.parse(input) as unknown } })),
  ];
  const frame = (type: string, value: Json) => Buffer.from(codec.encode({
    headers: { ':message-type': { type: 'string', value: 'event' }, ':event-type': { type: 'string', value: type }, ':content-type': { type: 'string', value: 'application/json' } }, body: Buffer.from(JSON.stringify(value)),
  }));
  const frames = [frame('messageStart', { role: 'assistant' })];
  let at = 0;
  const block = (deltas: Json[], start?: Json) => {
    const contentBlockIndex = at++;
    if (start) frames.push(frame('contentBlockStart', { contentBlockIndex, start }));
    frames.push(...deltas.map((delta) => frame('contentBlockDelta', { contentBlockIndex, delta })), frame('contentBlockStop', { contentBlockIndex }));
  };
  if (thought !== '') block([...pieces(thought).map((piece) => ({ reasoningContent: { text: piece } })), { reasoningContent: { signature: 'sig' } }]);
  if (text !== '') block(pieces(text).map((piece) => ({ text: piece })));
  calls.forEach(({ name, input }, index) => block(pieces(input).map((piece) => ({ toolUse: { input: piece } })), { toolUse: { toolUseId: `t${index}`, name } }));
  frames.push(frame('messageStop', { stopReason, ...stopped }), frame('metadata', { usage, metrics: { latencyMs: 1 } }));
  return { whole: JSON.stringify({ output: { message: { role: 'assistant', content } }, stopReason, ...stopped, usage, metrics: { latencyMs: 1 } }), stream: Buffer.concat(frames) };
}
