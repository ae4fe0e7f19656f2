/**
 * FIXTURES of Anthropic's Messages API, for what cannot run here: in the forms that their API reference publishes ("Messages",
 * "Streaming messages", "Errors", read 2026-11) and with every field of @anthropic-ai/sdk 1.14's types. Texts are our own.
 */
export const event = (value: { readonly type: string; readonly [field: string]: unknown }): string => `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;

const noStop = { stop_reason: null, stop_sequence: null, stop_details: null };
const delta = (index: number, value: object): string => event({ type: 'content_block_delta', index, delta: value });
const start = (index: number, block: object): string => event({ type: 'content_block_start', index, content_block: block });
const stop = (index: number): string => event({ type: 'content_block_stop', index });

/** Usage with every bucket: 21 new, 100 read, 30 and 12 written, 46 out of which 16 were thought. */
export const USAGE = {
  input_tokens: 21, cache_creation_input_tokens: 42, cache_read_input_tokens: 100, cache_creation: { ephemeral_5m_input_tokens: 30, ephemeral_1h_input_tokens: 12 }, output_tokens: 46,
  output_tokens_details: { thinking_tokens: 16 }, inference_geo: null, server_tool_use: null, service_tier: 'standard', speed: null,
};

export const MESSAGE = {
  id: 'msg_01XFDUDYJgAACzvnptvVoYEL', type: 'message', role: 'assistant', model: 'claude-sonnet-5-5', container: null, diagnostics: null,
  content: [
    { type: 'thinking', thinking: 'The user asks for the weather.', signature: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds' },
    { type: 'redacted_thinking', data: 'EmwKAhgBEgy3va3pzix/LafPsn4aDFIT2Xlxh0L5L8rLVyIwxtE3rAFBa8cr3qpPkNRj2YfWXGmKDxH4mPnZ5sQ7' },
    { type: 'text', text: 'I shall look it up.', citations: null },
    { type: 'tool_use', id: 'toolu_01D7FLrfh4GYq7yT1ULFeyMV', name: 'get_weather', input: { location: 'Paris, FR' }, caller: { type: 'direct' } },
  ],
  stop_reason: 'tool_use', stop_sequence: null, stop_details: null, usage: USAGE,
};

export const STREAM = [
  event({ type: 'message_start', message: { ...MESSAGE, content: [], ...noStop, usage: { ...USAGE, output_tokens: 1, output_tokens_details: null } } }),
  start(0, { type: 'thinking', thinking: '', signature: '' }), event({ type: 'ping' }),
  delta(0, { type: 'thinking_delta', thinking: 'The user asks ' }), delta(0, { type: 'thinking_delta', thinking: 'for the weather.' }),
  delta(0, { type: 'signature_delta', signature: MESSAGE.content[0]!.signature }), stop(0),
  start(1, MESSAGE.content[1]!), stop(1),
  start(2, { type: 'text', text: '', citations: null }), delta(2, { type: 'text_delta', text: 'I shall ' }), delta(2, { type: 'text_delta', text: 'look it up.' }), stop(2),
  start(3, { type: 'tool_use', id: 'toolu_01D7FLrfh4GYq7yT1ULFeyMV', name: 'get_weather', input: {}, caller: { type: 'direct' } }),
  delta(3, { type: 'input_json_delta', partial_json: '' }), delta(3, { type: 'input_json_delta', partial_json: '{"location":' }), delta(3, { type: 'input_json_delta', partial_json: ' "Paris, FR"}' }), stop(3),
  event({
    type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null, stop_details: null, container: null },
    usage: { input_tokens: 21, cache_creation_input_tokens: null, cache_read_input_tokens: null, output_tokens: 46, output_tokens_details: { thinking_tokens: 16 }, server_tool_use: null },
  }),
  event({ type: 'message_stop' }),
];

/** The error that their reference shows inside a stream. */
export const OVERLOADED = event({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
export const ERROR_400 = { type: 'error', error: { type: 'invalid_request_error', message: 'messages: roles must alternate' }, request_id: 'req_011CSHoEeqs5C35K2UUqR7Fy' };

export const WEATHER_TOOL = {
  name: 'get_weather', description: 'The weather of a place', input_schema: { type: 'object', properties: { location: { type: 'string' } }, required: ['location'] },
};

/** A body with every kind of block that has a neutral form. */
export const FULL_BODY = {
  model: 'team/big', max_tokens: 1000, system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } }], stop_sequences: ['END'],
  thinking: { type: 'enabled', budget_tokens: 1024 }, tools: [WEATHER_TOOL], tool_choice: { type: 'auto', disable_parallel_tool_use: true }, metadata: { user_id: 'u-1' },
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'Which weather is this?' }, { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } }] },
    { role: 'assistant', content: MESSAGE.content },
    {
      role: 'user', content: [
        { type: 'tool_result', tool_use_id: 'toolu_01D7FLrfh4GYq7yT1ULFeyMV', is_error: true, content: [{ type: 'text', text: 'no such place' }, { type: 'image', source: { type: 'url', url: 'https://pictures.example/sky.png' } }] },
        { type: 'document', title: 'Climate', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBERi0=' }, cache_control: { type: 'ephemeral' } }, { type: 'text', text: 'Try again' },
      ],
    },
  ],
};
