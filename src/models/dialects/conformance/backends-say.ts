import { EventStreamCodec } from '@smithy/eventstream-codec';
import type { BACKEND_DIALECTS } from '../dialects.ts';
import { pieces, type Told } from './told.ts';

/** An answer in a backend's published wire form. Written by hand after the types named at each; no server made them. */
export interface Said {
  readonly whole: string;
  readonly stream: Buffer;
}

type Json = Record<string, unknown>;

export const SAYS: Readonly<Record<keyof typeof BACKEND_DIALECTS, (told: Told) => Said>> = { chat, responses, messages, gemini, bedrock };

const data = (value: Json) => `data: ${JSON.stringify(value)}\n\n`;
const event = (value: Json) => `event: ${String(value['type'])}\n${data(value)}`;

/** openai 7.57, `ChatCompletion` and `ChatCompletionChunk`; `reasoning_content` as vLLM writes it. */
function chat({ thought, text, calls, end, tokens }: Told): Said {
  const usage = {
    prompt_tokens: tokens.input + tokens.cached, completion_tokens: tokens.output + tokens.thought, total_tokens: tokens.input + tokens.cached + tokens.output + tokens.thought,
    prompt_tokens_details: { cached_tokens: tokens.cached }, completion_tokens_details: { reasoning_tokens: tokens.thought },
  };
  const head = { id: 'chatcmpl-1', created: 1, model: 'm' };
  const message = {
    role: 'assistant', content: text === '' ? null : text, ...(thought !== '' && { reasoning_content: thought }),
    ...(calls.length > 0 && { tool_calls: calls.map(({ name, input }, at) => ({ id: `call_${at}`, type: 'function', function: { name, arguments: input } })) }),
  };
  const chunk = (delta: Json, finish: string | null = null) => data({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] });
  const begun = calls.map(({ name }, index) => chunk({ tool_calls: [{ index, id: `call_${index}`, type: 'function', function: { name, arguments: '' } }] }));
  // Arguments of several calls come in turns.
  const written = [0, 1].flatMap((at) => calls.flatMap(({ input }, index) => (pieces(input)[at] === undefined ? [] : [chunk({ tool_calls: [{ index, function: { arguments: pieces(input)[at] } }] })])));
  const stream = [
    chunk({ role: 'assistant', content: '' }), ...pieces(thought).map((piece) => chunk({ reasoning_content: piece })), ...pieces(text).map((piece) => chunk({ content: piece })),
    ...begun, ...written, chunk({}, end), data({ ...head, object: 'chat.completion.chunk', choices: [], usage }), 'data: [DONE]\n\n',
  ];
  return { whole: JSON.stringify({ ...head, object: 'chat.completion', choices: [{ index: 0, message, logprobs: null, finish_reason: end }], usage }), stream: Buffer.from(stream.join('')) };
}

/** openai 7.57, `Response` and `ResponseStreamEvent`. */
function responses({ thought, text, calls, end, tokens }: Told): Said {
  const usage = {
    input_tokens: tokens.input + tokens.cached, input_tokens_details: { cached_tokens: tokens.cached }, output_tokens: tokens.output + tokens.thought,
    output_tokens_details: { reasoning_tokens: tokens.thought }, total_tokens: tokens.input + tokens.cached + tokens.output + tokens.thought,
  };
  const incomplete = end === 'length';
  const shell = { id: 'resp_1', object: 'response', created_at: 1, model: 'm', error: null, incomplete_details: incomplete ? { reason: 'max_output_tokens' } : null, metadata: {}, tools: [], parallel_tool_calls: true };
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
    const part = { type: 'output_text', text, annotations: [], logprobs: [] };
    const item = { type: 'message', id: 'msg_1', status: 'completed', role: 'assistant', content: [part] };
    const place = { item_id: 'msg_1', output_index: at, content_index: 0 };
    events.push(
      { type: 'response.output_item.added', output_index: at, item: { ...item, status: 'in_progress', content: [] } }, { type: 'response.content_part.added', ...place, part: { ...part, text: '' } },
      ...pieces(text).map((delta) => ({ type: 'response.output_text.delta', ...place, delta, logprobs: [] })),
      { type: 'response.output_text.done', ...place, text, logprobs: [] }, { type: 'response.content_part.done', ...place, part }, { type: 'response.output_item.done', output_index: at, item },
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

/** @anthropic-ai/sdk 1.14, `Message` and `RawMessageStreamEvent`. Thoughts are counted within the output. */
function messages({ thought, text, calls, end, tokens }: Told): Said {
  const stop = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' }[end];
  const usage = { input_tokens: tokens.input, cache_read_input_tokens: tokens.cached, cache_creation_input_tokens: 0, output_tokens: tokens.output + tokens.thought };
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
    { type: 'message_start', message: { ...head, content: [], stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 0 } } }, { type: 'ping' },
    ...content.flatMap((block, index) => [{ type: 'content_block_start', index, content_block: empty(block) }, ...deltas(block, index).map((delta) => ({ type: 'content_block_delta', index, delta })), { type: 'content_block_stop', index }]),
    { type: 'message_delta', delta: { stop_reason: stop, stop_sequence: null }, usage: { output_tokens: usage.output_tokens } }, { type: 'message_stop' },
  ];
  return { whole: JSON.stringify({ ...head, content, stop_reason: stop, stop_sequence: null, usage }), stream: Buffer.from(events.map(event).join('')) };
}

/** @google/genai 2.32, `GenerateContentResponse`. Calls come whole, and the reason is STOP for them too. */
function gemini({ thought, text, calls, end, tokens }: Told): Said {
  const usageMetadata = {
    promptTokenCount: tokens.input + tokens.cached, cachedContentTokenCount: tokens.cached, candidatesTokenCount: tokens.output, thoughtsTokenCount: tokens.thought,
    totalTokenCount: tokens.input + tokens.cached + tokens.output + tokens.thought,
  };
  const functionCalls = calls.map(({ name, input }, at) => ({ functionCall: { id: `call_${at}`, name, args: JSON.parse(input) as unknown } }));
  const answer = (parts: Json[], more: Json = {}) => ({ candidates: [{ content: { role: 'model', parts }, index: 0, ...more }], modelVersion: 'm', responseId: 'r1' });
  const finish = { finishReason: end === 'length' ? 'MAX_TOKENS' : 'STOP' };
  const whole = answer([...(thought === '' ? [] : [{ text: thought, thought: true }]), ...(text === '' ? [] : [{ text }]), ...functionCalls], finish);
  const stream = [
    ...pieces(thought).map((piece) => answer([{ text: piece, thought: true }])), ...pieces(text).map((piece) => answer([{ text: piece }])), ...functionCalls.map((part) => answer([part])),
    { ...answer([{ text: '' }], finish), usageMetadata },
  ];
  return { whole: JSON.stringify({ ...whole, usageMetadata }), stream: Buffer.from(stream.map(data).join('')) };
}

const codec = new EventStreamCodec((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(), (text) => Buffer.from(text));

/** @aws-sdk/client-bedrock-runtime 3.1164, `ConverseResponse` and `ConverseStreamOutput`, framed by Amazon's own codec. */
function bedrock({ thought, text, calls, end, tokens }: Told): Said {
  const usage = { inputTokens: tokens.input, outputTokens: tokens.output + tokens.thought, totalTokens: 0, cacheReadInputTokens: tokens.cached, cacheWriteInputTokens: 0 };
  const stopReason = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' }[end];
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
  frames.push(frame('messageStop', { stopReason }), frame('metadata', { usage, metrics: { latencyMs: 1 } }));
  return { whole: JSON.stringify({ output: { message: { role: 'assistant', content } }, stopReason, usage, metrics: { latencyMs: 1 } }), stream: Buffer.concat(frames) };
}
