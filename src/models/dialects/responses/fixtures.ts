/**
 * Responses and event streams as OpenAI's API reference publishes them (platform.openai.com/docs/api-reference/responses and
 * /responses-streaming, types of its SDK 7.57), shortened in the text of the answers only. No server made them for these tests.
 */
export const RESPONSE = {
  id: 'resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b', object: 'response', created_at: 1741476542, status: 'completed', completed_at: 1741476543, error: null, incomplete_details: null,
  instructions: null, max_output_tokens: null, model: 'gpt-4.1-2025-04-14',
  output: [{
    type: 'message', id: 'msg_67ccd2bf17f0819081ff3bb2cf6508e60bb6a6b452d3795b', status: 'completed', role: 'assistant',
    content: [{ type: 'output_text', text: 'In a peaceful grove beneath a silver moon, a unicorn woke.', annotations: [], logprobs: [] }],
  }],
  parallel_tool_calls: true, previous_response_id: null, reasoning: { effort: null, summary: null }, store: true, temperature: 1.0, text: { format: { type: 'text' } },
  tool_choice: 'auto', tools: [], top_p: 1.0, truncation: 'disabled',
  usage: { input_tokens: 36, input_tokens_details: { cached_tokens: 0 }, output_tokens: 87, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 123 },
  user: null, metadata: {},
};

/** A reasoning model that calls two tools at once; the state of its thought is shown since it was asked for. */
export const TOOLS_RESPONSE = {
  ...RESPONSE,
  output: [
    { type: 'reasoning', id: 'rs_6820f383d7c08191846711c5df8233bc', summary: [{ type: 'summary_text', text: 'Two cities, two calls.' }], encrypted_content: 'gAAAAABo+state/of=the-thought' },
    { type: 'function_call', id: 'fc_12345xyz', call_id: 'call_12345xyz', name: 'get_weather', arguments: '{"location":"Paris"}', status: 'completed' },
    { type: 'function_call', id: 'fc_67890abc', call_id: 'call_67890abc', name: 'get_weather', arguments: '{"location":"Bogotá"}', status: 'completed' },
  ],
  usage: { input_tokens: 100, input_tokens_details: { cached_tokens: 64 }, output_tokens: 60, output_tokens_details: { reasoning_tokens: 20 }, total_tokens: 160 },
};

export function event(data: { readonly type: string; readonly [field: string]: unknown }): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}

const item = { id: 'msg_1', type: 'message', status: 'in_progress', role: 'assistant', content: [] };
const part = { type: 'output_text', text: '', annotations: [], logprobs: [] };
const place = { item_id: 'msg_1', output_index: 0, content_index: 0 };
const running = { ...RESPONSE, status: 'in_progress', completed_at: null, output: [], usage: null };

export const EVENTS = [
  { type: 'response.created', response: running }, { type: 'response.in_progress', response: running },
  { type: 'response.output_item.added', output_index: 0, item }, { type: 'response.content_part.added', ...place, part },
  { type: 'response.output_text.delta', ...place, delta: 'Hi', logprobs: [] }, { type: 'response.output_text.delta', ...place, delta: ' there', logprobs: [] },
  { type: 'response.output_text.done', ...place, text: 'Hi there', logprobs: [] }, { type: 'response.content_part.done', ...place, part: { ...part, text: 'Hi there' } },
  { type: 'response.output_item.done', output_index: 0, item: { ...item, status: 'completed', content: [{ ...part, text: 'Hi there' }] } },
  { type: 'response.completed', response: { ...RESPONSE, output: [{ ...item, status: 'completed', content: [{ ...part, text: 'Hi there' }] }], usage: { ...RESPONSE.usage, input_tokens: 9, output_tokens: 2, total_tokens: 11 } } },
].map((data, sequence_number) => ({ ...data, sequence_number }));

export const STREAM = EVENTS.map(event);

const thought = { id: 'rs_1', type: 'reasoning', summary: [] };
const call = (at: number, name: string) => ({ id: `fc_${at}`, type: 'function_call', call_id: `call_${at}`, name, arguments: '', status: 'in_progress' });

/** A thought with a summary and state, then two calls whose arguments come in pieces. */
export const TOOLS_STREAM = [
  { type: 'response.created', response: running },
  { type: 'response.output_item.added', output_index: 0, item: thought },
  { type: 'response.reasoning_summary_part.added', item_id: 'rs_1', output_index: 0, summary_index: 0, part: { type: 'summary_text', text: '' } },
  { type: 'response.reasoning_summary_text.delta', item_id: 'rs_1', output_index: 0, summary_index: 0, delta: 'Two cities' },
  { type: 'response.reasoning_summary_text.done', item_id: 'rs_1', output_index: 0, summary_index: 0, text: 'Two cities' },
  { type: 'response.output_item.done', output_index: 0, item: { ...thought, summary: [{ type: 'summary_text', text: 'Two cities' }], encrypted_content: 'state==' } },
  { type: 'response.output_item.added', output_index: 1, item: call(1, 'get_weather') },
  { type: 'response.output_item.added', output_index: 2, item: call(2, 'get_time') },
  { type: 'response.function_call_arguments.delta', item_id: 'fc_1', output_index: 1, delta: '{"city":' },
  { type: 'response.function_call_arguments.delta', item_id: 'fc_2', output_index: 2, delta: '{}' },
  { type: 'response.function_call_arguments.delta', item_id: 'fc_1', output_index: 1, delta: '"Paris"}' },
  { type: 'response.output_item.done', output_index: 1, item: { ...call(1, 'get_weather'), arguments: '{"city":"Paris"}', status: 'completed' } },
  { type: 'response.output_item.done', output_index: 2, item: { ...call(2, 'get_time'), arguments: '{}', status: 'completed' } },
  { type: 'response.completed', response: TOOLS_RESPONSE },
].map((data, sequence_number) => event({ ...data, sequence_number }));

/** An error in the middle, as OpenAI's stream tells it. */
export const ERROR_EVENT = event({ type: 'error', code: 'rate_limit_exceeded', message: 'Rate limit reached', param: null, sequence_number: 3 });
