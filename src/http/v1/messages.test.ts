import Anthropic from '@anthropic-ai/sdk';
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema';
import { createAnthropic } from '@ai-sdk/anthropic';
import { generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TandemError } from '../../base/index.ts';
import { ERROR_400, MESSAGE, OVERLOADED, STREAM, WEATHER_TOOL, event } from '../../models/testing/anthropic-fixtures.ts';
import { ModelHouse } from '../testing/model-house.ts';
import { TEST_KEY } from '../testing/shell.ts';

const house = new ModelHouse();
let url = '';
let client: Anthropic;

beforeAll(async () => {
  url = await house.open(['openai-compatible', 'anthropic']);
  client = new Anthropic({ baseURL: url, apiKey: TEST_KEY, maxRetries: 0 });
});
afterAll(() => house.close());
beforeEach(() => { house.ledger.entries.length = 0; house.ledger.counted.length = 0; });

const CHAT = 'openai-compatible';
const CLAUDE = 'anthropic';
const LOCAL = 'local';
const hello = [{ role: 'user', content: 'Hello' }] as const;
const asking = (model: string) => ({ model, max_tokens: 100, messages: [...hello] });
const chat = () => house.server(CHAT);
const claude = () => house.server(CLAUDE);
/** What the stand-in of this kind was sent last. */
const sent = (kind: typeof CHAT | typeof CLAUDE) => house.server(kind).requests.at(-1)!;
const charged = () => house.ledger.only().settled?.quantities;

/** Chunks and completions in OpenAI's form (API reference, "The chat completion chunk object"), with vLLM's `reasoning_content`. */
const chunk = (delta: object, finish: string | null = null, more: object = {}) => `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], ...more })}\n\n`;
const usage = { prompt_tokens: 20, completion_tokens: 12, total_tokens: 32, prompt_tokens_details: { cached_tokens: 15 }, completion_tokens_details: { reasoning_tokens: 5 } };
const completion = (message: object, finish = 'stop') => ({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: null, ...message }, logprobs: null, finish_reason: finish }], usage });
const weatherCall = (id: string, args: string) => ({ id, type: 'function', function: { name: 'get_weather', arguments: args } });
const CHAT_STREAM = [
  chunk({ role: 'assistant', content: '' }), chunk({ reasoning_content: 'hm' }), chunk({ content: 'Hel' }), chunk({ content: 'lo\n\ndata: [DONE]\n\n' }),
  chunk({ tool_calls: [{ index: 0, ...weatherCall('call_1', '') }] }), chunk({ tool_calls: [{ index: 0, function: { arguments: '{"location":' } }] }), chunk({ tool_calls: [{ index: 0, function: { arguments: '"Paris"}' } }] }),
  chunk({ tool_calls: [{ index: 1, ...weatherCall('call_2', '{"location":"Oslo"}') }] }), chunk({}, 'tool_calls'), `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage })}\n\n`, 'data: [DONE]\n\n',
];

describe('@anthropic-ai/sdk, unmodified, on a backend that speaks chat completions', () => {
  test('gets a whole message, with what was read from a cache and what was thought', async () => {
    chat().json(200, completion({ content: 'Hello there', reasoning_content: 'hm' }));
    const message = await client.messages.create({ ...asking(CHAT), system: 'Be brief.', stop_sequences: ['END'], metadata: { user_id: 'u-1' } });
    expect(message).toMatchObject({
      type: 'message', role: 'assistant', model: CHAT, stop_reason: 'end_turn', content: [{ type: 'thinking', thinking: 'hm' }, { type: 'text', text: 'Hello there' }],
      usage: { input_tokens: 5, cache_read_input_tokens: 15, cache_creation_input_tokens: 0, output_tokens: 12, output_tokens_details: { thinking_tokens: 5 } },
    });
    expect(message.id).toMatch(/^msg_/);
    expect(sent(CHAT)).toMatchObject({ path: '/v1/chat/completions', body: { model: 'model-of-openai-compatible', stop: ['END'], messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Hello' }] } });
    expect(charged()).toEqual({ input: 5n, cache_read: 15n, output: 12n });
  });

  test('streams thoughts, text and two calls in blocks of their own (C19)', async () => {
    chat().stream(CHAT_STREAM);
    const stream = client.messages.stream({ ...asking(CHAT), tools: [WEATHER_TOOL as Anthropic.Tool] });
    const seen: string[] = [];
    stream.on('streamEvent', (one) => { seen.push(one.type === 'content_block_start' ? `start ${one.content_block.type}` : one.type === 'content_block_delta' ? one.delta.type : one.type); });
    const message = await stream.finalMessage();
    expect(seen).toEqual([
      'message_start', 'start thinking', 'thinking_delta', 'signature_delta', 'content_block_stop', 'start text', 'text_delta', 'text_delta', 'content_block_stop',
      'start tool_use', 'input_json_delta', 'input_json_delta', 'content_block_stop', 'start tool_use', 'input_json_delta', 'content_block_stop', 'message_delta', 'message_stop',
    ]);
    expect(message).toMatchObject({
      stop_reason: 'tool_use', usage: { input_tokens: 5, cache_read_input_tokens: 15, output_tokens: 12 },
      content: [{ type: 'thinking' }, { type: 'text', text: 'Hello\n\ndata: [DONE]\n\n' }, { type: 'tool_use', id: 'call_1', input: { location: 'Paris' } }, { type: 'tool_use', id: 'call_2', input: { location: 'Oslo' } }],
    });
  });

  test('runs tools to the end, with the results in messages of their own', async () => {
    let turn = 0;
    chat().answer = (response) => {
      turn += 1;
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(turn === 1 ? completion({ tool_calls: [weatherCall('call_1', '{"location":"Paris"}'), weatherCall('call_2', '{"location":"Oslo"}')] }, 'tool_calls') : completion({ content: 'Sunny in both' })));
    };
    const asked: string[] = [];
    const weather = betaTool({ name: 'get_weather', description: 'The weather', inputSchema: { type: 'object', properties: { location: { type: 'string' } }, required: ['location'] }, run: ({ location }) => { asked.push(location); return `sunny in ${location}`; } });
    const message = await client.beta.messages.toolRunner({ ...asking(CHAT), tools: [weather] });
    expect(asked.sort()).toEqual(['Oslo', 'Paris']);
    expect(message.content).toMatchObject([{ type: 'text', text: 'Sunny in both' }]);
    expect((sent(CHAT).body['messages'] as object[]).slice(1)).toMatchObject([
      { role: 'assistant', tool_calls: [{ id: 'call_1' }, { id: 'call_2' }] }, { role: 'tool', tool_call_id: 'call_1', content: 'sunny in Paris' }, { role: 'tool', tool_call_id: 'call_2', content: 'sunny in Oslo' },
    ]);
  });

  test('gets an answer by a schema', async () => {
    chat().json(200, completion({ content: '{"city":"Paris"}' }));
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
    await client.messages.create({ ...asking(CHAT), output_config: { format: { type: 'json_schema', schema } } });
    expect(sent(CHAT).body['response_format']).toMatchObject({ type: 'json_schema', json_schema: { schema, strict: true } });
  });

  test('throws when the stream breaks, and is charged for what came (C17)', async () => {
    chat().stream(CHAT_STREAM.slice(0, 4), { cut: true });
    const stream = client.messages.stream(asking(CHAT));
    await expect(stream.finalMessage()).rejects.toMatchObject({ type: 'api_error', error: { error: { details: { error_code: 'backend_failed' } } } });
    expect(house.ledger.only().settled).toMatchObject({ outcome: 'cut' });
  });

  test('sees the words of an error in its own classes', async () => {
    const wrong = new Anthropic({ baseURL: url, apiKey: 'wrong', maxRetries: 0 });
    await expect(wrong.messages.create(asking(CHAT))).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
    await expect(client.messages.create(asking('anthropicc'))).rejects.toMatchObject({ status: 404, type: 'not_found_error', errorCode: 'model_not_found' });
    const bad = await client.messages.create({ ...asking(CHAT), messages: [{ role: 'user', content: [{ type: 'text' } as Anthropic.TextBlockParam] }] }).catch((error: unknown) => error);
    expect(bad).toBeInstanceOf(Anthropic.BadRequestError);
    expect(bad).toMatchObject({ type: 'invalid_request_error', errorCode: 'invalid_request', message: expect.stringContaining('messages[0].content[0].text'), requestID: expect.stringMatching(/^[\w-]{36}$/) });
    await expect(client.messages.create({ ...asking(CHAT), tools: [{ type: 'web_search_20250305', name: 'web_search' }] })).rejects.toMatchObject({ status: 400, message: expect.stringContaining('tools[0].type') });
    await expect(client.messages.create({ ...asking(CHAT), tools: [{ type: 'bash_20250124', name: 'bash' }] })).rejects.toMatchObject({ status: 400, errorCode: 'unsupported_parameter', message: expect.stringContaining('bash_20250124') });
  });

  test('gets a count that says that it is a guess', async () => {
    const { data, response } = await client.messages.countTokens({ model: CHAT, messages: [...hello], tools: [WEATHER_TOOL as Anthropic.Tool] }).withResponse();
    expect(data.input_tokens).toBeGreaterThan(20);
    expect(response.headers.get('x-tandem-token-count')).toBe('estimate');
    // A request of the caller's limits, and nothing else.
    expect(house.ledger.entries).toHaveLength(0);
    expect(house.ledger.counted).toMatchObject([{ resource: CHAT }]);
  });
});

describe('@anthropic-ai/sdk, unmodified, on a backend of the same dialect', () => {
  test('gets the message as it came, under its own name', async () => {
    claude().json(200, MESSAGE);
    const message = await client.messages.create({ ...asking(CLAUDE), thinking: { type: 'enabled', budget_tokens: 1024 }, max_tokens: 2000, system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } }] });
    expect({ ...message, _request_id: undefined }).toEqual({ ...MESSAGE, id: message.id, model: CLAUDE, _request_id: undefined });
    expect(sent(CLAUDE)).toMatchObject({ path: '/v1/messages', headers: { 'x-api-key': 'sk-backend-secret', 'anthropic-version': '2023-06-01' }, body: { model: 'model-of-anthropic', max_tokens: 2000, system: [{ cache_control: { type: 'ephemeral', ttl: '1h' } }] } });
    expect(sent(CLAUDE).headers).not.toHaveProperty('authorization');
    // The test's price list knows no writes to a cache and no thinking: they count as input and output.
    expect(charged()).toEqual({ input: 63n, cache_read: 100n, output: 46n });
  });

  test('gets the stream as it came, and its signature', async () => {
    claude().stream(STREAM);
    const message = await client.messages.stream(asking(CLAUDE)).finalMessage();
    expect(message).toMatchObject({ content: MESSAGE.content, stop_reason: 'tool_use', usage: { input_tokens: 21, cache_creation_input_tokens: 42, cache_read_input_tokens: 100, output_tokens: 46 } });
    expect(charged()).toEqual({ input: 63n, cache_read: 100n, output: 46n });
  });

  test('passes features of a beta on that cost nothing else, and leaves the others out', async () => {
    claude().json(200, MESSAGE);
    await client.beta.messages.create({ ...asking(CLAUDE), betas: ['interleaved-thinking-2025-05-14', 'context-1m-2025-08-07'], context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] } });
    expect(sent(CLAUDE).headers['anthropic-beta']).toBe('interleaved-thinking-2025-05-14');
    expect(sent(CLAUDE).body['context_management']).toEqual({ edits: [{ type: 'clear_tool_uses_20250919' }] });
  });

  test('sees a refusal and an error inside an answer in the backend\'s words', async () => {
    claude().json(400, ERROR_400);
    await expect(client.messages.create(asking(CLAUDE))).rejects.toMatchObject({ status: 400, message: expect.stringContaining('roles must alternate') });
    claude().stream([...STREAM.slice(0, 5), event({ type: 'error', error: { type: 'api_error', message: 'Internal' } })]);
    await expect(client.messages.stream(asking(CLAUDE)).finalMessage()).rejects.toMatchObject({ type: 'api_error', message: expect.stringContaining('Internal') });
  });

  test('is asked for a count, and a guess stands in when it cannot', async () => {
    claude().json(200, { input_tokens: 14 });
    const counted = await client.messages.countTokens({ model: CLAUDE, messages: [...hello], system: 'Be brief.' }).withResponse();
    expect([counted.data.input_tokens, counted.response.headers.get('x-tandem-token-count')]).toEqual([14, 'backend']);
    expect(sent(CLAUDE)).toMatchObject({ path: '/v1/messages/count_tokens', body: { model: 'model-of-anthropic', system: 'Be brief.' } });
    claude().json(404, {});
    expect((await client.messages.countTokens({ model: CLAUDE, messages: [...hello] }).withResponse()).response.headers.get('x-tandem-token-count')).toBe('estimate');
    claude().json(400, ERROR_400);
    await expect(client.messages.countTokens({ model: CLAUDE, messages: [...hello] })).rejects.toMatchObject({ status: 400 });
  });
});

test('limits are told in Anthropic\'s names', async () => {
  house.ledger.limits = { requests: { limit: 50, remaining: 49, resetMs: 1_000, resetAtMs: Date.UTC(2026, 10, 25, 12) } };
  const { response } = await client.messages.countTokens({ model: LOCAL, messages: [...hello] }).withResponse();
  house.ledger.limits = null;
  expect(['limit', 'remaining', 'reset'].map((name) => response.headers.get(`anthropic-ratelimit-requests-${name}`))).toEqual(['50', '49', '2026-11-25T12:00:00Z']);
  house.ledger.refusal = new TandemError('limit_reached', { params: { limit: '1 requests a minute', holder: 'key ci' }, retryAfterSeconds: 7 });
  const refused = await client.messages.countTokens({ model: LOCAL, messages: [...hello] }).catch((error: unknown) => error);
  house.ledger.refusal = undefined;
  expect(refused).toBeInstanceOf(Anthropic.RateLimitError);
  expect(refused).toMatchObject({ status: 429, type: 'rate_limit_error', errorCode: 'limit_reached' });
  expect((refused as InstanceType<typeof Anthropic.RateLimitError>).headers.get('retry-after')).toBe('7');
});

describe('@anthropic-ai/sdk, unmodified, on the local engine', () => {
  test('answers whole and streamed, and counts with its own tokenizer', async () => {
    const message = await client.messages.create({ ...asking(LOCAL), system: 'Be brief.' });
    expect(message).toMatchObject({ model: LOCAL, stop_reason: 'end_turn', content: [{ type: 'text', text: 'You said: Hello' }] });
    const streamed = await client.messages.stream(asking(LOCAL)).finalMessage();
    expect(streamed.content).toMatchObject([{ type: 'text', text: 'You said: Hello' }]);
    const counted = await client.messages.countTokens({ model: LOCAL, messages: [...hello] }).withResponse();
    expect(counted.data.input_tokens).toBe(streamed.usage.input_tokens + (streamed.usage.cache_read_input_tokens ?? 0));
    expect(counted.response.headers.get('x-tandem-token-count')).toBe('tokenizer');
  });

  test('says which stop text it met', async () => {
    expect(await client.messages.create({ ...asking(LOCAL), stop_sequences: ['never', 'Hello'] })).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'Hello', content: [{ text: 'You said: ' }] });
    expect(await client.messages.stream({ ...asking(LOCAL), stop_sequences: ['Hello'] }).finalMessage()).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'Hello' });
  });

  test('says what it cannot do before money is held', async () => {
    await expect(client.messages.create({ ...asking(LOCAL), tools: [WEATHER_TOOL as Anthropic.Tool] })).rejects.toMatchObject({ status: 400, message: expect.stringContaining('tools') });
    expect(house.ledger.entries).toHaveLength(0);
  });
});

/** As Claude Code sends it: a large system prompt with cache marks, many tools, thinking, a long user id, beta headers and `?beta=true`. Made up here. */
describe('an agent like Claude Code', () => {
  const request = (model: string) => ({
    model, max_tokens: 32_000, stream: true, thinking: { type: 'enabled', budget_tokens: 31_999 }, metadata: { user_id: `user_${'a'.repeat(64)}_account__session_01900000-0000-7000-8000-000000000001` }, temperature: 1,
    system: [{ type: 'text', text: 'You are an agent.', cache_control: { type: 'ephemeral' } }, { type: 'text', text: 'Instructions. '.repeat(2_000), cache_control: { type: 'ephemeral' } }],
    tools: Array.from({ length: 20 }, (_, at) => ({ ...WEATHER_TOOL, name: `tool_${at}`, ...(at === 19 && { cache_control: { type: 'ephemeral' } }) })),
    context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
    messages: [
      { role: 'user', content: [{ type: 'text', text: '<system-reminder>Today is a day.</system-reminder>' }, { type: 'text', text: 'List the files', cache_control: { type: 'ephemeral' } }] },
      { role: 'assistant', content: [MESSAGE.content[0], { type: 'text', text: 'I look.' }, { type: 'tool_use', id: 'toolu_1', name: 'tool_0', input: { location: '.' } }] },
      { role: 'user', content: [{ tool_use_id: 'toolu_1', type: 'tool_result', content: 'a.ts\nb.ts', is_error: false, cache_control: { type: 'ephemeral' } }] },
    ],
  });
  const post = (model: string) => fetch(`${url}/v1/messages?beta=true`, {
    method: 'POST', body: JSON.stringify(request(model)),
    headers: { authorization: `Bearer ${TEST_KEY}`, 'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'anthropic-beta': 'claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27', 'anthropic-dangerous-direct-browser-access': 'true', 'x-app': 'cli' },
  });

  test('works on a backend that speaks chat completions', async () => {
    chat().stream(CHAT_STREAM);
    const reply = await post(CHAT);
    expect(reply.status).toBe(200);
    expect(await reply.text()).toMatch(/event: message_stop\ndata: .*\n\n$/);
    const { body } = sent(CHAT);
    expect(body).toMatchObject({ max_tokens: 4000, reasoning_effort: 'high', stream: true });
    expect(body['tools']).toHaveLength(20);
    expect((body['messages'] as { role: string }[]).map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool']);
  });

  test('works on a backend of its own dialect, within what the alias makes', async () => {
    claude().stream(STREAM);
    const reply = await post(CLAUDE);
    expect(await reply.text()).toContain('signature_delta');
    expect(sent(CLAUDE).body).toEqual({ ...request(CLAUDE), model: 'model-of-anthropic', max_tokens: 4000, thinking: { type: 'enabled', budget_tokens: 3999 } });
    expect(sent(CLAUDE).headers['anthropic-beta']).toBe('claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27');
  });

  test('is told by the local engine what it lacks', async () => {
    const reply = await post(LOCAL);
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ type: 'error', error: { type: 'invalid_request_error', message: expect.stringContaining('tools') }, request_id: reply.headers.get('request-id') });
  });
});

describe('a backend that is overloaded', () => {
  /** Its key rests afterwards, so each case has a house of its own. */
  const refusedBy = async (script: (house: ModelHouse) => void, model: string) => {
    const other = new ModelHouse();
    const origin = await other.open([CHAT, CLAUDE]);
    script(other);
    const refusal = await new Anthropic({ baseURL: origin, apiKey: TEST_KEY, maxRetries: 0 }).messages.stream(asking(model)).finalMessage().catch((error: unknown) => error);
    await other.close();
    return refusal;
  };

  test('is told as such before its answer and inside it', async () => {
    const overloaded = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };
    expect(await refusedBy((other) => { other.server(CLAUDE).json(529, overloaded); }, CLAUDE)).toMatchObject({ status: 529, type: 'overloaded_error' });
    expect(await refusedBy((other) => { other.server(CHAT).json(429, { error: { message: 'slow down' } }); }, CHAT)).toMatchObject({ status: 529, type: 'overloaded_error' });
    expect(await refusedBy((other) => { other.server(CLAUDE).stream([STREAM[0]!, event({ type: 'ping' }), OVERLOADED]); }, CLAUDE)).toMatchObject({ status: 529, type: 'overloaded_error' });
    expect(await refusedBy((other) => { other.server(CLAUDE).stream([...STREAM.slice(0, 5), OVERLOADED]); }, CLAUDE)).toMatchObject({ type: 'overloaded_error' });
  });
});

describe('a name that leads to backends of two dialects', () => {
  const dialogue = async (kinds: Parameters<ModelHouse['open']>[0], script: (house: ModelHouse, turn: number) => void) => {
    const other = new ModelHouse();
    const agent = new Anthropic({ baseURL: await other.open(kinds), apiKey: TEST_KEY, maxRetries: 0 });
    script(other, 1);
    const first = await agent.messages.stream(asking('in-order')).finalMessage();
    script(other, 2);
    const messages: Anthropic.MessageParam[] = [...hello, { role: 'assistant', content: first.content as Anthropic.ContentBlockParam[] }, { role: 'user', content: 'Go on' }];
    const second = await agent.messages.stream({ ...asking('in-order'), messages }).finalMessage();
    await other.close();
    return { first, second, claude: other.server(CLAUDE).requests, chat: other.server(CHAT).requests };
  };
  const text = CHAT_STREAM.filter((frame) => !frame.includes('tool_calls'));
  const plain = [...text.slice(0, -2), chunk({}, 'stop'), ...text.slice(-2)];

  test('goes on with the other one while nothing was delivered, and takes no vendor\'s thoughts to another', async () => {
    const { first, second, claude: asked } = await dialogue([CHAT, CLAUDE], (other, turn) => {
      other.server(CLAUDE).stream(STREAM);
      if (turn === 1) other.server(CHAT).stream(plain);
      else other.server(CHAT).json(500, {});
    });
    expect(first.content.map(({ type }) => type)).toEqual(['thinking', 'text']);
    expect(second.content).toMatchObject(MESSAGE.content);
    // The thought of the chat backend, whose signature Anthropic would refuse, was left out.
    expect(asked[0]!.body['messages']).toMatchObject([{ role: 'user' }, { role: 'assistant', content: [{ type: 'text' }] }, { role: 'user', content: 'Go on' }]);
    expect(asked).toHaveLength(1);
  });

  test('falls back from an answer that was refused inside its stream before a word of it', async () => {
    const { first, chat: asked } = await dialogue([CLAUDE, CHAT], (other) => {
      other.server(CLAUDE).stream([STREAM[0]!, OVERLOADED]);
      other.server(CHAT).stream(plain);
    });
    expect(first.content.map(({ type }) => type)).toEqual(['thinking', 'text']);
    expect(asked).toHaveLength(2);
  });
});

describe('GET /v1/models', () => {
  test('has Anthropic\'s form for callers that send its version, and OpenAI\'s for others', async () => {
    const listed: string[] = [];
    for await (const model of client.models.list({ limit: 2 })) listed.push(model.id);
    expect(listed).toEqual([CLAUDE, 'in-order', LOCAL, CHAT]);
    expect(await client.models.retrieve(CLAUDE)).toMatchObject({ type: 'model', id: CLAUDE, display_name: CLAUDE, max_tokens: 4000, created_at: '1970-01-01T00:00:00.000Z' });
    await expect(client.models.retrieve('nothing')).rejects.toBeInstanceOf(Anthropic.NotFoundError);
    const plain = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${TEST_KEY}` } });
    expect(await plain.json()).toMatchObject({ object: 'list' });
  });
});

describe('@ai-sdk/anthropic, through Vercel\'s ai', () => {
  const provider = () => createAnthropic({ baseURL: `${url}/v1`, apiKey: TEST_KEY });
  const weather = tool({ description: 'The weather', inputSchema: jsonSchema<{ location: string }>({ ...WEATHER_TOOL.input_schema, type: 'object' }), execute: ({ location }) => `sunny in ${location}` });

  test('generates text with tools', async () => {
    let turn = 0;
    chat().answer = (response) => {
      turn += 1;
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(turn === 1 ? completion({ tool_calls: [weatherCall('call_1', '{"location":"Paris"}')] }, 'tool_calls') : completion({ content: 'Sunny' })));
    };
    const { text, steps, usage: told } = await generateText({ model: provider()(CHAT), prompt: 'Weather?', tools: { get_weather: weather }, stopWhen: stepCountIs(3), maxRetries: 0 });
    expect([text, steps.length]).toEqual(['Sunny', 2]);
    expect(told.inputTokens).toBe(40);
  });

  test('streams text and thoughts from either kind of backend', async () => {
    chat().stream(CHAT_STREAM);
    const parts: string[] = [];
    for await (const part of streamText({ model: provider()(CHAT), prompt: 'Hi', tools: { get_weather: tool({ inputSchema: jsonSchema({ type: 'object' }) }) }, maxRetries: 0 }).fullStream) parts.push(part.type);
    expect(parts).toEqual(expect.arrayContaining(['reasoning-delta', 'text-delta', 'tool-call', 'finish']));
    expect(parts).not.toContain('error');
    claude().stream(STREAM);
    expect(await streamText({ model: provider()(CLAUDE), prompt: 'Hi', maxRetries: 0 }).text).toBe('I shall look it up.');
  });
});
