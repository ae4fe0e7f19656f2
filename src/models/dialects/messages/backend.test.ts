import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BadReply } from '../../neutral/bad-reply.ts';
import type { Conversation, NeutralRequest } from '../../neutral/request.ts';
import type { TargetFacts } from '../../neutral/dialect.ts';
import type { Part, Turn } from '../../neutral/parts.ts';
import { wrapThought } from '../../neutral/sealed.ts';
import { messagesBackend } from './backend.ts';
import { ERROR_400, FULL_BODY, MESSAGE, OVERLOADED, STREAM, USAGE, WEATHER_TOOL, event } from '../../testing/anthropic-fixtures.ts';
import { parseMessages } from './parse.ts';

const TARGET: TargetFacts = { model: 'claude-sonnet-5-5', contextTokens: null, maxOutputTokens: 4000, capField: 'max_tokens', options: {} };
const COUNTS = { input: 21, cacheRead: 100, cacheWrite: 30, cacheWriteLong: 12, output: 30, reasoning: 16 };
const native = parseMessages(FULL_BODY);

/** A request of another dialect: only its conversation is read. */
function other(conversation: Partial<Conversation>, request: Partial<NeutralRequest> = {}): NeutralRequest {
  const full: Conversation = { turns: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }], tools: [], toolChoice: null, parallelToolCalls: null, stop: [], format: { type: 'text' }, sampling: {}, reasoning: null, verbosity: null, rest: {}, ...conversation };
  return { ...native, dialect: 'chat', body: {}, needs: { ...native.needs, tools: full.tools.length > 0 }, user: null, maxOutputTokens: null, capField: null, capDemanded: false, ...request, conversation: () => full };
}

const sent = (request: NeutralRequest, target: Partial<TargetFacts> = {}) => JSON.parse(messagesBackend.request(request, { ...TARGET, ...target }).body.toString()) as Record<string, unknown>;

describe('a request of another dialect', () => {
  test('has its system words in front, roles that take turns, and results first', () => {
    const body = sent(other({
      turns: [
        { role: 'developer', parts: [{ type: 'text', text: 'Be brief.' }] }, { role: 'user', parts: [{ type: 'text', text: 'a' }] }, { role: 'user', parts: [{ type: 'text', text: '' }, { type: 'text', text: 'b' }] },
        { role: 'assistant', parts: [{ type: 'tool_call', id: 'call.1', name: 'look', input: '{"n":1}', kind: 'function' }] }, { role: 'user', parts: [{ type: 'text', text: 'wait' }] },
        { role: 'tool', parts: [{ type: 'tool_result', callId: 'call.1', content: [{ type: 'text', text: 'found' }], isError: false }] }, { role: 'system', parts: [{ type: 'text', text: 'Be quick.' }] },
      ],
    }));
    expect(body['system']).toEqual([{ type: 'text', text: 'Be brief.' }, { type: 'text', text: 'Be quick.' }]);
    expect(body['messages']).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }] }, { role: 'assistant', content: [{ type: 'tool_use', id: 'call_1', name: 'look', input: { n: 1 } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', content: [{ type: 'text', text: 'found' }] }, { type: 'text', text: 'wait' }] },
    ]);
    expect(messagesBackend.request(other({ turns: [{ role: 'assistant', parts: [{ type: 'tool_call', id: 'a', name: 'b', input: '{"n":12345678901234567890}', kind: 'function' }] }] }), TARGET).body.toString()).toContain('{"n":12345678901234567890}');
  });

  test('always has a limit, and says tools, choice, stop and sampling in Anthropic\'s words', () => {
    const body = sent(other({
      tools: [{ type: 'function', name: 'get_weather', parameters: { properties: {} }, strict: true }, { type: 'custom', name: 'patch', description: 'Patches.', format: { type: 'grammar', syntax: 'lark' } }],
      toolChoice: { mode: 'required' }, parallelToolCalls: false, stop: ['END'], sampling: { temperature: 1.5, topP: 0.5, topK: 3, seed: 1 },
    }, { stream: true, user: 'u-1' }));
    expect(body).toEqual({
      model: 'claude-sonnet-5-5', max_tokens: 4000, stream: true, messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }], stop_sequences: ['END'], temperature: 1, top_k: 3, metadata: { user_id: 'u-1' },
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
      tools: [
        { name: 'get_weather', input_schema: { type: 'object', properties: {} }, strict: true },
        { name: 'patch', description: 'Patches. The text follows: {"type":"grammar","syntax":"lark"}', input_schema: { type: 'object', properties: { input: { type: 'string' } }, required: ['input'] } },
      ],
    });
  });

  test.each([
    [{ effort: 'none' }, {}, { thinking: { type: 'disabled' } }], [{ effort: 'minimal' }, {}, { thinking: { type: 'adaptive' }, output_config: { effort: 'low' } }],
    [{ effort: 'xhigh', summary: 'auto' }, {}, { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'xhigh' } }], [{ budgetTokens: 100 }, {}, { thinking: { type: 'enabled', budget_tokens: 1024 } }],
    [{ budgetTokens: 9_000 }, {}, { thinking: { type: 'enabled', budget_tokens: 3_999 } }], [{ effort: 'high' }, { options: { thinking: 'budget' } }, { thinking: { type: 'enabled', budget_tokens: 3_200 } }],
    [{ effort: 'high' }, { options: { thinking: 'budget' }, maxOutputTokens: 500 }, {}],
  ])('says a wish to think (%j, %j) as %j', (wish, target, expected) => {
    const { thinking, output_config } = sent(other({ reasoning: { effort: null, budgetTokens: null, summary: null, mode: null, ...wish } }), target);
    expect({ ...(thinking !== undefined && { thinking }), ...(output_config !== undefined && { output_config }) }).toEqual(expected);
  });

  test('asks for no thought by a budget where the call before has none to show', () => {
    const call: Part = { type: 'tool_call', id: 't1', name: 'f', input: '{}', kind: 'function' };
    const thought: Part = { type: 'reasoning', text: 'hm', form: 'text', sealed: { dialect: 'messages', kind: 'signature', value: 'EqQB' } };
    const asked = (parts: readonly Part[], options: Record<string, string>) => sent(other({
      turns: [{ role: 'user', parts: [{ type: 'text', text: 'Go' }] }, { role: 'assistant', parts }, { role: 'tool', parts: [{ type: 'tool_result', callId: 't1', isError: false, content: [{ type: 'text', text: '1' }] }] }],
      tools: [{ type: 'function', name: 'f' }], reasoning: { effort: 'high', budgetTokens: null, summary: null, mode: null }, sampling: { temperature: 0.5 },
    }), { options });
    expect(asked([call], { thinking: 'budget' })).toMatchObject({ temperature: 0.5 });
    expect(asked([call], { thinking: 'budget' })['thinking']).toBeUndefined();
    expect(asked([thought, call], { thinking: 'budget' })).toMatchObject({ thinking: { type: 'enabled' } });
    expect(asked([{ type: 'text', text: 'x' }], { thinking: 'budget' })).toMatchObject({ thinking: { type: 'enabled' } });
    expect(asked([call], {})).toMatchObject({ thinking: { type: 'adaptive' } });
  });

  test('gives a schema, and drops what cannot stand beside thinking', () => {
    const body = sent(other({ format: { type: 'schema', name: 'x', schema: { type: 'object' }, strict: true }, reasoning: { effort: 'low', budgetTokens: null, summary: null, mode: null }, sampling: { temperature: 0.5 } }));
    expect(body['output_config']).toEqual({ effort: 'low', format: { type: 'json_schema', schema: { type: 'object' } } });
    expect(body['temperature']).toBeUndefined();
  });

  test.each<[string | null, Partial<Conversation>, Partial<NeutralRequest>]>([
    [null, {}, {}], ['several answers (n)', {}, { choices: 2 }], ['logprobs', {}, { needs: { ...native.needs, logprobs: true } }], ['logit_bias', { sampling: { logitBias: { 1: 5 } } }, {}],
    ['JSON without a schema (response_format json_object)', { format: { type: 'json' } }, {}], ['web_search_options', { rest: { web_search_options: {} } }, {}], [null, { rest: { store: false } }, {}],
    ['a web search call', {}, { needs: { ...native.needs, native: { dialect: 'responses', what: 'a web search call' } } }],
  ])('names what cannot be carried: %s', (what, conversation, request) => {
    expect(messagesBackend.cannot(other(conversation, request))).toBe(what);
  });

  test('sends back its own thoughts only', () => {
    const parts: Part[] = [
      { type: 'reasoning', text: 'mine', form: 'text', sealed: { dialect: 'messages', kind: 'signature', value: 'EqQB' } }, { type: 'reasoning', text: '', form: 'text', sealed: { dialect: 'messages', kind: 'redacted', value: 'Emw' } },
      { type: 'reasoning', text: 'theirs', form: 'text', sealed: { dialect: 'responses', kind: 'encrypted', value: 'gA' } }, { type: 'reasoning', text: 'bare', form: 'text' }, { type: 'text', text: 'x' },
    ];
    expect(sent(other({ turns: [{ role: 'assistant', parts }] }))['messages']).toEqual([
      { role: 'assistant', content: [{ type: 'thinking', thinking: 'mine', signature: 'EqQB' }, { type: 'redacted_thinking', data: 'Emw' }, { type: 'text', text: 'x' }] },
    ]);
  });
});

describe('a request of the same dialect', () => {
  test('whose last call another vendor thought about goes on without a thought, and one that lacks its own is Anthropic\'s to refuse', () => {
    const foreign = wrapThought({ sealed: { dialect: 'gemini', kind: 'signature', value: 's' }, id: null });
    const thinking = (block: object | null) => {
      const content = [...(block ? [block] : []), { type: 'tool_use', id: 't1', name: 'f', input: {} }];
      const body = { model: 'm', max_tokens: 5_000, thinking: { type: 'enabled', budget_tokens: 2_000 }, tools: [{ name: 'f', input_schema: {} }], messages: [{ role: 'user', content: 'Go' }, { role: 'assistant', content }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: '1' }] }] };
      return (JSON.parse(messagesBackend.request(parseMessages(body), TARGET).body.toString()) as { thinking?: unknown }).thinking;
    };
    expect(thinking({ type: 'thinking', thinking: '', signature: foreign })).toBeUndefined();
    expect(thinking({ type: 'thinking', thinking: 'hm', signature: 'EqQB' })).toBeDefined();
    expect(thinking(null)).toBeDefined();
  });

  test('is sent as it came, under the backend\'s model', () => {
    const body = { ...FULL_BODY, cache_control: { type: 'ephemeral' }, context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] }, some_new_field: [1] };
    const out = messagesBackend.request(parseMessages(body, { 'anthropic-beta': 'context-management-2025-06-27' }), TARGET);
    expect(JSON.parse(out.body.toString())).toEqual({ ...body, model: 'claude-sonnet-5-5' });
    expect(out.headers).toEqual(['anthropic-beta', 'context-management-2025-06-27']);
    expect(messagesBackend.headers).toEqual(['anthropic-version', '2023-06-01']);
    expect(out).toMatchObject({ path: '/messages', outputBound: 1000 });
    expect(messagesBackend.keyHeaders?.('k')).toEqual(['x-api-key', 'k']);
  });

  test('is lowered to what the target makes, thinking included, and loses tiers that are ours and earlier ids', () => {
    const body = sent(parseMessages({ ...FULL_BODY, max_tokens: 32_000, thinking: { type: 'enabled', budget_tokens: 31_999 }, service_tier: 'flex', diagnostics: { previous_message_id: 'msg_1' }, metadata: { user_id: 'u-1', scenario: 'search' } }));
    expect(body['metadata']).toEqual({ user_id: 'u-1' });
    expect(body).toMatchObject({ max_tokens: 4000, thinking: { type: 'enabled', budget_tokens: 3999 } });
    expect(body).not.toHaveProperty('service_tier');
    expect(body).not.toHaveProperty('diagnostics');
  });

  test('loses the thoughts of other vendors, whose signatures would be refused', () => {
    const foreign = { type: 'thinking', thinking: 'x', signature: wrapThought({ sealed: null, id: null }) };
    const messages = [{ role: 'user', content: 'a' }, { role: 'assistant', content: [foreign] }, { role: 'assistant', content: [foreign, MESSAGE.content[0], { type: 'text', text: 'b' }] }];
    expect(sent(parseMessages({ ...FULL_BODY, messages }))['messages']).toEqual([messages[0], { role: 'assistant', content: [MESSAGE.content[0], { type: 'text', text: 'b' }] }]);
  });
});

describe('a whole reply', () => {
  test('is read with its parts, its end and every bucket of its usage', () => {
    const reply = messagesBackend.whole(JSON.stringify(MESSAGE), other({}), {});
    expect(reply).toMatchObject({ usage: COUNTS, native: null, serviceTier: 'standard', choices: [{ finish: 'tool_calls', stopText: null }] });
    expect(reply.choices[0]!.parts).toEqual([
      { type: 'reasoning', text: 'The user asks for the weather.', form: 'text', sealed: { dialect: 'messages', kind: 'signature', value: MESSAGE.content[0]!.signature } },
      { type: 'reasoning', text: '', form: 'text', sealed: { dialect: 'messages', kind: 'redacted', value: MESSAGE.content[1]!.data } }, { type: 'text', text: 'I shall look it up.' },
      { type: 'tool_call', id: 'toolu_01D7FLrfh4GYq7yT1ULFeyMV', name: 'get_weather', input: '{"location":"Paris, FR"}', kind: 'function' },
    ]);
    expect(messagesBackend.whole(JSON.stringify(MESSAGE), native, {}).native).toEqual(MESSAGE);
  });

  test('without usage is unknown, and with a usage of zero is zero', () => {
    expect(messagesBackend.whole(JSON.stringify({ ...MESSAGE, usage: undefined }), native, {}).usage).toBeNull();
    expect(messagesBackend.whole(JSON.stringify({ ...MESSAGE, usage: { ...USAGE, input_tokens: -1 } }), native, {}).usage).toBeNull();
    expect(messagesBackend.whole(JSON.stringify({ ...MESSAGE, usage: { input_tokens: 0, output_tokens: 0 } }), native, {}).usage).toEqual({ input: 0, cacheRead: 0, output: 0, reasoning: 0 });
  });

  test('gives the input of a custom tool as the text that it is', () => {
    const patch = { ...MESSAGE, content: [{ type: 'tool_use', id: 'a', name: 'patch', input: { input: '*** Begin' } }] };
    const request = other({ tools: [{ type: 'custom', name: 'patch' }] });
    expect(messagesBackend.whole(JSON.stringify(patch), request, {}).choices[0]!.parts).toEqual([{ type: 'tool_call', id: 'a', name: 'patch', input: '*** Begin', kind: 'custom' }]);
  });

  test.each(['', '[]', '{}', '{"content":"x"}', JSON.stringify(ERROR_400)])('that is none is told as such: %s', (text) => {
    expect(() => messagesBackend.whole(text, native, {})).toThrow(BadReply);
  });

  test('of a failing status says why', () => {
    expect(messagesBackend.errorMessage(JSON.stringify(ERROR_400))).toBe('messages: roles must alternate');
    expect(messagesBackend.errorMessage('<html>')).toBeUndefined();
  });
});

describe('a streamed reply', () => {
  const bytes = Buffer.from(STREAM.join(''));

  test('is read alike wherever it is cut', () => {
    const whole = messagesBackend.reader(other({})).push(bytes);
    fc.assert(fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
      const reader = messagesBackend.reader(other({}));
      const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const events = places.slice(1).flatMap((to, at) => [...reader.push(bytes.subarray(places[at], to))]);
      expect([...events, ...reader.end()]).toEqual(whole);
      expect(reader).toMatchObject({ usage: COUNTS, finish: 'tool_calls', done: true, pieces: 6 });
    }), { numRuns: 100 });
    expect(whole.map((one) => (one.type === 'part' ? `part ${one.opens}` : one.type))).toEqual([
      'part reasoning', 'delta', 'delta', 'part_end', 'part reasoning', 'part_end', 'part text', 'delta', 'delta', 'part_end', 'part tool_call', 'delta', 'delta', 'part_end', 'finish',
    ]);
  });

  test('that is cut is no answer, whatever had come', () => {
    for (let end = 0; end < STREAM.length - 2; end += 1) {
      const reader = messagesBackend.reader(native);
      reader.push(Buffer.from(STREAM.slice(0, end).join('')));
      expect(() => reader.end()).toThrow(BadReply);
      expect(reader.usage).toBeNull();
    }
  });

  test('with an error inside is told with the backend\'s words, and whether it is busy', () => {
    const reader = messagesBackend.reader(native);
    expect(reader.push(Buffer.from(STREAM[0]! + OVERLOADED))).toHaveLength(1);
    expect(reader.failure).toMatchObject({ said: 'Overloaded', busy: true });
    expect(() => reader.push(Buffer.from(STREAM[1]!))).toThrow(BadReply);
  });

  test.each(['data: x\n\n', 'data: []\n\n', 'data: {}\n\n', 'data: {"type":"a\\nb"}\n\n', event({ type: 'message_start' }), event({ type: 'message_stop' }), event({ type: 'content_block_start', index: 0 }), event({ type: 'content_block_delta', index: 3, delta: {} })])('of garbage is none: %s', (text) => {
    expect(() => messagesBackend.reader(other({})).push(Buffer.from(text))).toThrow(BadReply);
  });

  test('gives a custom tool\'s text once its JSON is whole', () => {
    const reader = messagesBackend.reader(other({ tools: [{ type: 'custom', name: 'get_weather' }] }));
    const events = reader.push(Buffer.from(STREAM.join('').replace('{\\"location\\":', '{\\"input\\":')));
    expect(events.filter((one) => one.type === 'delta').at(-1)).toMatchObject({ text: 'Paris, FR' });
  });
});

describe('a round trip', () => {
  const text = fc.string({ minLength: 1 });
  const cache = fc.option(fc.constantFrom({ ttl: null }, { ttl: '5m' as const }, { ttl: '1h' as const }), { nil: undefined });
  const marked = <T>(value: T, mark: { ttl: '5m' | '1h' | null } | undefined) => (mark ? { ...value, cache: mark } : value);
  const source = fc.oneof(fc.record({ kind: fc.constant('base64' as const), mediaType: fc.constantFrom('image/png', 'application/pdf'), data: fc.base64String() }), fc.constant({ kind: 'url' as const, url: 'https://a.example/x' }));
  const content = fc.oneof(
    fc.tuple(text, cache).map(([words, mark]) => marked({ type: 'text' as const, text: words }, mark)), fc.tuple(source, cache).map(([from, mark]) => marked({ type: 'image' as const, source: from }, mark)),
    fc.tuple(source, text, cache).map(([from, name, mark]) => marked({ type: 'file' as const, source: from, name }, mark)),
  );
  const id = fc.stringMatching(/^[\w-]{1,20}$/);
  const said = fc.oneof(
    content.filter((part) => part.type === 'text'), fc.record({ type: fc.constant('tool_call' as const), id, name: id, input: fc.dictionary(fc.string(), fc.jsonValue()).map((input) => JSON.stringify(input)), kind: fc.constant('function' as const) }),
    fc.record({ type: fc.constant('reasoning' as const), text: fc.string(), form: fc.constant('text' as const), sealed: fc.record({ dialect: fc.constant('messages' as const), kind: fc.constant('signature' as const), value: fc.stringMatching(/^[A-Za-z0-9+/]{1,20}$/) }) }),
  );
  const result = fc.record({ type: fc.constant('tool_result' as const), callId: id, isError: fc.boolean(), content: fc.array(content) });
  const turns: fc.Arbitrary<Turn[]> = fc.array(fc.tuple(fc.array(result, { maxLength: 2 }), fc.array(content, { minLength: 1, maxLength: 3 }), fc.array(said, { minLength: 1, maxLength: 3 })), { minLength: 1, maxLength: 3 })
    .map((rounds) => rounds.flatMap(([results, user, assistant]): Turn[] => [...(results.length > 0 ? [{ role: 'tool' as const, parts: results }] : []), { role: 'user', parts: user }, { role: 'assistant', parts: assistant }]));

  test('through Anthropic\'s form keeps everything that it has a word for', () => {
    fc.assert(fc.property(turns, fc.array(text, { maxLength: 2 }), (list, system) => {
      const full: Turn[] = [...(system.length > 0 ? [{ role: 'system' as const, parts: system.map((words) => ({ type: 'text' as const, text: words })) }] : []), ...list];
      const body = sent(other({ turns: full, stop: ['END'], tools: [{ type: 'function', name: 'get_weather', parameters: WEATHER_TOOL.input_schema }], toolChoice: { mode: 'one', name: 'get_weather' }, parallelToolCalls: false }));
      expect(parseMessages(body).conversation()).toMatchObject({ turns: full, stop: ['END'], tools: [{ name: 'get_weather', parameters: WEATHER_TOOL.input_schema }], toolChoice: { mode: 'one', name: 'get_weather' }, parallelToolCalls: false });
    }), { numRuns: 200 });
  });
});

describe('a count of tokens', () => {
  test('asks with what a model reads, and nothing that only shapes an answer', () => {
    const out = messagesBackend.count!.request(parseMessages({ ...FULL_BODY, stream: true, temperature: 0.5 }), TARGET);
    expect(out).toMatchObject({ path: '/messages/count_tokens', headers: [] });
    const { system, messages, tools, tool_choice, thinking } = FULL_BODY;
    expect(JSON.parse(out.body.toString())).toEqual({ model: 'claude-sonnet-5-5', system, messages, tools, tool_choice, thinking });
  });

  test('is a whole number or no answer', () => {
    expect(messagesBackend.count!.read('{"input_tokens":0}')).toBe(0);
    for (const text of ['', '{}', '{"input_tokens":-1}', '{"input_tokens":1.5}', '{"input_tokens":"3"}']) expect(() => messagesBackend.count!.read(text)).toThrow(BadReply);
  });
});
