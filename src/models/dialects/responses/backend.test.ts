import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BadReply } from '../../neutral/bad-reply.ts';
import type { Turn } from '../../neutral/parts.ts';
import type { Conversation, NeutralRequest } from '../../neutral/request.ts';
import type { ReplyEvent } from '../../neutral/reply.ts';
import { wrapThought } from '../../neutral/sealed.ts';
import type { JsonObject } from '../../request/json.ts';
import { responsesBackend } from './backend.ts';
import { responsesCaller } from './caller.ts';
import { ERROR_EVENT, RESPONSE, STREAM, TOOLS_RESPONSE, TOOLS_STREAM } from './fixtures.ts';

const target = { model: 'gpt-x', contextTokens: null, maxOutputTokens: 1000, capField: 'max_tokens' as const, options: {} };
const own = (more: object = {}) => responsesCaller.parse({ model: 'm', input: 'hi', ...more });
const sent = (request: NeutralRequest) => JSON.parse(responsesBackend.request(request, target).body.toString()) as JsonObject;

const plain: Conversation = {
  turns: [], tools: [], toolChoice: null, parallelToolCalls: null, stop: [], format: { type: 'text' }, sampling: {}, reasoning: null, verbosity: null, rest: {},
};
/** A request that came in another dialect. */
const foreign = (conversation: Partial<Conversation>, more: Partial<NeutralRequest> = {}): NeutralRequest => ({
  dialect: 'messages', body: {}, model: 'm', stream: false, includeUsage: true, choices: 1, maxOutputTokens: 50, capField: 'max_tokens',
  needs: { tools: false, images: false, files: false, schema: false, reasoning: false, logprobs: false, native: null }, media: { images: 0, files: 0, characters: 0 }, turnCount: 1,
  user: null, metadata: {}, serviceTier: 'auto', cacheKey: null, conversation: () => ({ ...plain, ...conversation }), ...more,
});

describe('a request in the same dialect', () => {
  test('goes on untouched but for model, limit and what is kept where', () => {
    const body = { input: [{ role: 'user', content: 'x' }], temperature: 0.5, new_field: { deep: 1 }, previous_response_id: 'resp_1', background: false, service_tier: 'flex', store: true };
    expect(sent(own(body))).toEqual({ model: 'gpt-x', input: body.input, temperature: 0.5, new_field: { deep: 1 }, store: false, max_output_tokens: 1000 });
    expect(responsesBackend.request(own({ max_output_tokens: 7 }), target)).toMatchObject({ path: '/responses', outputBound: 7 });
    expect(() => responsesBackend.request(own({ max_output_tokens: 5000 }), target)).toThrow(/max_output_tokens/);
  });

  test('asks for the state of thoughts where there may be some', () => {
    expect(sent(own({ reasoning: { effort: 'low' }, include: ['message.output_text.logprobs'] }))['include']).toEqual(['message.output_text.logprobs', 'reasoning.encrypted_content']);
    expect(sent(own())).not.toHaveProperty('include');
  });

  test('brings each thought back to its maker only', () => {
    const thought = (more: object) => ({ type: 'reasoning', id: 'rs_1', summary: [], ...more });
    const wrapped = (dialect: 'messages' | 'responses') => wrapThought({ sealed: { dialect, kind: 'encrypted', value: 'state' }, id: 'rs_first' });
    expect(sent(own({ input: [{ role: 'user', content: 'x' }, thought({}), thought({ encrypted_content: 'own' }), thought({ encrypted_content: wrapped('messages') }), thought({ encrypted_content: wrapped('responses') })] }))['input']).toEqual([
      { role: 'user', content: 'x' }, thought({ encrypted_content: 'own' }), thought({ id: 'rs_first', encrypted_content: 'state' }),
    ]);
  });

  test('bounds what can be read and written', () => {
    const { inputBound, textBytes, body } = responsesBackend.request(own({ input: [{ role: 'user', content: [{ type: 'input_image', image_url: `data:image/png;base64,${'A'.repeat(50_000)}` }] }] }), target);
    expect(body.length).toBeGreaterThan(50_000);
    expect([textBytes < 1_000, inputBound > 16_384, inputBound < 20_000]).toEqual([true, true, true]);
  });
});

describe('a request from another dialect', () => {
  test('is written with all that has a word here', () => {
    expect(sent(foreign({
      turns: [
        { role: 'system', parts: [{ type: 'text', text: 'Be brief.' }] },
        { role: 'user', parts: [{ type: 'text', text: 'What is it?' }, { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' }, detail: 'low' }, { type: 'file', source: { kind: 'url', url: 'https://example.com/a.pdf' } }] },
        { role: 'assistant', parts: [
          { type: 'reasoning', text: 'lost', form: 'text', sealed: { dialect: 'messages', kind: 'signature', value: 's' } }, { type: 'reasoning', text: 'kept', form: 'summary', id: 'rs_1', sealed: { dialect: 'responses', kind: 'encrypted', value: 'e' } },
          { type: 'text', text: 'I look.' }, { type: 'tool_call', id: 'c1', name: 'f', input: '{}', kind: 'function' },
        ] },
        { role: 'tool', parts: [{ type: 'tool_result', callId: 'c1', content: [{ type: 'text', text: 'sun' }], isError: false }] },
      ],
      tools: [{ type: 'function', name: 'f', parameters: { type: 'object' }, strict: true }, { type: 'custom', name: 'g' }], toolChoice: { mode: 'allowed', names: ['f', 'g'], required: false }, parallelToolCalls: false,
      format: { type: 'schema', name: 's', schema: { type: 'object' }, strict: null }, sampling: { temperature: 0, topP: 1, logprobs: { top: 2 } }, reasoning: { effort: null, budgetTokens: 5_000, summary: null, mode: 'enabled' }, verbosity: 'low',
    }, { stream: true, user: 'u', metadata: { a: 'b' }, cacheKey: 'k', needs: { ...own().needs, reasoning: true } }))).toEqual({
      model: 'gpt-x', instructions: 'Be brief.', max_output_tokens: 50, store: false, stream: true, temperature: 0, top_p: 1, top_logprobs: 2, parallel_tool_calls: false,
      input: [
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'What is it?' }, { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'low' }, { type: 'input_file', file_url: 'https://example.com/a.pdf' }] },
        { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'kept' }], encrypted_content: 'e' },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'I look.', annotations: [] }] },
        { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' }, { type: 'function_call_output', call_id: 'c1', output: 'sun' },
      ],
      tools: [{ type: 'function', name: 'f', description: null, parameters: { type: 'object' }, strict: true }, { type: 'custom', name: 'g' }],
      tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'f' }, { type: 'custom', name: 'g' }] },
      text: { format: { type: 'json_schema', name: 's', schema: { type: 'object' } }, verbosity: 'low' }, reasoning: { effort: 'medium' },
      include: ['reasoning.encrypted_content', 'message.output_text.logprobs'], safety_identifier: 'u', metadata: { a: 'b' }, prompt_cache_key: 'k',
    });
  });

  test.each<[string, NeutralRequest]>([
    ['stop texts', foreign({ stop: ['x'] })], ['n above 1', foreign({}, { choices: 2 })], ['logit_bias', foreign({ sampling: { logitBias: { 5: 1 } } })], ['penalties', foreign({ sampling: { presencePenalty: 1 } })],
    ['a search', foreign({}, { needs: { ...own().needs, native: { dialect: 'messages', what: 'a search' } } })],
  ])('that needs %s cannot be carried', (what, request) => {
    expect(responsesBackend.cannot(request)).toBe(what);
    if (request.needs.native === null) expect(() => responsesBackend.request(request, target)).toThrow(expect.objectContaining({ code: 'unsupported_parameter' }));
  });
});

test('what a caller of this dialect says comes to a backend of this dialect the same by way of the neutral form', () => {
  const text = fc.string({ minLength: 1 });
  const item = fc.oneof(
    fc.record({ type: fc.constant('message'), role: fc.constantFrom('user', 'system', 'developer'), content: fc.array(fc.record({ type: fc.constant('input_text'), text }), { minLength: 1 }) }),
    fc.record({ type: fc.constant('message'), role: fc.constant('assistant'), content: fc.array(fc.oneof(fc.record({ type: fc.constant('output_text'), text, annotations: fc.constant([]) }), fc.record({ type: fc.constant('refusal'), refusal: text })), { minLength: 1 }) }),
    fc.record({ type: fc.constant('function_call'), call_id: text, name: text, arguments: fc.string() }),
    fc.record({ type: fc.constant('custom_tool_call'), call_id: text, name: text, input: fc.string() }),
    fc.record({ type: fc.constant('function_call_output'), call_id: text, output: text }),
    fc.record({ type: fc.constant('reasoning'), id: text, summary: fc.array(fc.record({ type: fc.constant('summary_text'), text }), { maxLength: 2 }), encrypted_content: text.filter((state) => !state.startsWith('tandem1.')) }),
  );
  fc.assert(fc.property(fc.array(item, { minLength: 1 }), (input) => {
    const request = own({ instructions: 'Be brief.', input });
    const written = sent({ ...request, dialect: 'chat' });
    expect(written['instructions']).toBe('Be brief.');
    // A message that follows a call stands in the same turn, and two thoughts of one id are one: neither changes what is said.
    const flat = (items: unknown) => (items as JsonObject[]).flatMap((one) => (one['type'] === 'message' ? (one['content'] as JsonObject[]).map((part) => [one['role'], part]) : [one]));
    const distinct = input.every((one, at) => one.type !== 'reasoning' || input[at - 1]?.type !== 'reasoning' || (input[at - 1] as { id: string }).id !== (one as { id: string }).id);
    if (distinct) expect(flat(written['input'])).toEqual(flat(input));
  }), { numRuns: 300 });
});

describe('a whole reply', () => {
  test('is read into parts, with its usage in disjoint buckets', () => {
    const reply = responsesBackend.whole(JSON.stringify(TOOLS_RESPONSE), foreign({}), {});
    expect(reply).toMatchObject({ native: null, usage: { input: 36, cacheRead: 64, output: 40, reasoning: 20 }, choices: [{ finish: 'tool_calls', logprobs: null }] });
    expect(reply.choices[0]!.parts).toEqual([
      { type: 'reasoning', text: 'Two cities, two calls.', form: 'summary', id: 'rs_6820f383d7c08191846711c5df8233bc', sealed: { dialect: 'responses', kind: 'encrypted', value: 'gAAAAABo+state/of=the-thought' } },
      { type: 'tool_call', id: 'call_12345xyz', name: 'get_weather', input: '{"location":"Paris"}', kind: 'function' }, { type: 'tool_call', id: 'call_67890abc', name: 'get_weather', input: '{"location":"Bogotá"}', kind: 'function' },
    ]);
    expect(responsesBackend.whole(JSON.stringify(RESPONSE), own(), {})).toMatchObject({ native: RESPONSE, choices: [{ finish: 'stop' }] });
  });

  test.each<[string, unknown, string]>([
    ['incomplete', { ...RESPONSE, status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }, 'length'], ['filtered', { ...RESPONSE, status: 'incomplete', incomplete_details: { reason: 'content_filter' } }, 'content_filter'],
    ['refused', { ...RESPONSE, output: [{ type: 'message', role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] }] }, 'refusal'],
  ])('that is %s says so', (_what, response, finish) => {
    expect(responsesBackend.whole(JSON.stringify(response), foreign({}), {}).choices[0]!.finish).toBe(finish);
  });

  test.each<[string, string]>([
    ['garbage', '<html>'], ['no object', '[]'], ['no output', '{}'], ['failed', JSON.stringify({ ...RESPONSE, status: 'failed', error: { code: 'server_error', message: 'boom' } })], ['queued', JSON.stringify({ ...RESPONSE, status: 'queued' })],
    ['a malformed call', JSON.stringify({ ...RESPONSE, output: [{ type: 'function_call' }] })], ['a search for another dialect', JSON.stringify({ ...RESPONSE, output: [{ type: 'web_search_call' }] })],
  ])('that is %s is no answer', (_what, text) => {
    expect(() => responsesBackend.whole(text, foreign({}), {})).toThrow(BadReply);
  });

  test('without a usage that makes sense has none, and one of zero is zero', () => {
    const usage = (value: unknown) => responsesBackend.whole(JSON.stringify({ ...RESPONSE, usage: value }), own(), {}).usage;
    expect([usage(null), usage({ input_tokens: -1, output_tokens: 1 }), usage({ input_tokens: 1.5, output_tokens: 1 }), usage({ input_tokens: 0, output_tokens: 0 })]).toEqual([null, null, null, { input: 0, cacheRead: 0, output: 0, reasoning: 0 }]);
    expect(usage({ input_tokens: 10, output_tokens: 1, input_tokens_details: { cached_tokens: 2, cache_write_tokens: 5, cache_write_tokens_details: { ttl_30m_tokens: 4, ttl_12h_tokens: 1 } } })).toEqual({ input: 3, cacheRead: 2, cacheWrite: 4, cacheWriteLong: 1, output: 1, reasoning: 0 });
  });
});

describe('a streamed reply', () => {
  const read = (bytes: Buffer, request: NeutralRequest, size: number) => {
    const reader = responsesBackend.reader(request);
    const events: ReplyEvent[] = [];
    for (let at = 0; at < bytes.length; at += size) events.push(...reader.push(bytes.subarray(at, at + size)));
    events.push(...reader.end());
    return { reader, events };
  };

  test('is the same wherever its bytes are cut', () => {
    const bytes = Buffer.from(TOOLS_STREAM.join('').replaceAll('Paris', 'Bogotá'));
    const whole = read(bytes, foreign({}), bytes.length).events;
    fc.assert(fc.property(fc.integer({ min: 1, max: 200 }), (size) => { expect(read(bytes, foreign({}), size).events).toEqual(whole); }), { numRuns: 50 });
  });

  test('comes as neutral parts to other dialects', () => {
    const { reader, events } = read(Buffer.from(TOOLS_STREAM.join('')), foreign({}), 4096);
    expect(events).toEqual([
      { type: 'part', choice: 0, part: 0, opens: 'reasoning', form: 'summary' }, { type: 'delta', choice: 0, part: 0, text: 'Two cities' }, { type: 'part_end', choice: 0, part: 0, form: 'summary', sealed: { dialect: 'responses', kind: 'encrypted', value: 'state==' } },
      { type: 'part', choice: 0, part: 1, opens: 'tool_call', id: 'call_1', name: 'get_weather', kind: 'function' }, { type: 'part', choice: 0, part: 2, opens: 'tool_call', id: 'call_2', name: 'get_time', kind: 'function' },
      { type: 'delta', choice: 0, part: 1, text: '{"city":' }, { type: 'delta', choice: 0, part: 2, text: '{}' }, { type: 'delta', choice: 0, part: 1, text: '"Paris"}' },
      { type: 'part_end', choice: 0, part: 1 }, { type: 'part_end', choice: 0, part: 2 }, { type: 'finish', choice: 0, reason: 'tool_calls', stopText: null },
    ]);
    expect(reader).toMatchObject({ done: true, finish: 'tool_calls', pieces: 4, usage: { cacheRead: 64, reasoning: 20 } });
  });

  test('comes as it is to a caller of the same dialect', () => {
    const { reader, events } = read(Buffer.from(STREAM.join('')), own(), 4096);
    expect(events.map((event) => event.type === 'native' && event.value['type'])).toEqual(STREAM.map((frame) => /^event: (.*)$/m.exec(frame)![1]));
    expect(reader).toMatchObject({ pieces: 2, textBytes: 8, usage: { input: 9, output: 2 }, rawUsage: { total_tokens: 11 } });
  });

  test('that is cut, broken or tells an error is no answer', () => {
    const push = (text: string) => () => responsesBackend.reader(foreign({})).push(Buffer.from(text));
    expect(push(ERROR_EVENT)).toThrow(expect.objectContaining({ said: 'Rate limit reached', busy: true }));
    expect(push('data: {"type":"response.failed","response":{"error":{"code":"server_error","message":"boom"}}}\n\n')).toThrow(expect.objectContaining({ said: 'boom' }));
    expect(push('data: {nope\n\n')).toThrow(BadReply);
    const reader = responsesBackend.reader(own());
    reader.push(Buffer.from(STREAM.slice(0, 6).join('')));
    expect(() => reader.end()).toThrow(/ended in the middle/);
    const marked = responsesBackend.reader(own());
    marked.push(Buffer.from(`${STREAM.slice(0, 6).join('')}data: [DONE]\n\n`));
    expect(() => marked.end()).toThrow(/ended in the middle/);
  });
});

test('a turn from another dialect and its way back are the same', () => {
  const turns: Turn[] = [{ role: 'user', parts: [{ type: 'text', text: 'a' }] }, { role: 'assistant', parts: [{ type: 'text', text: 'b' }, { type: 'tool_call', id: 'c', name: 'f', input: '{}', kind: 'function' }] }];
  const written = sent(foreign({ turns }));
  expect(responsesCaller.parse({ ...written, model: 'm' }).conversation().turns).toEqual(turns);
});
