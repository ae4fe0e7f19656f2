import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTandemError } from '../../../base/index.ts';
import { wrapThought } from '../../neutral/sealed.ts';
import { FULL_BODY, WEATHER_TOOL } from '../../testing/anthropic-fixtures.ts';
import { parseMessages } from './parse.ts';

const good = { model: 'm', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] };
const saying = (...content: unknown[]) => ({ ...good, messages: [{ role: 'user', content }] });
const answering = (...content: unknown[]) => ({ ...good, messages: [{ role: 'assistant', content }] });

function problem(body: unknown): string | undefined {
  try {
    parseMessages(body);
    return undefined;
  } catch (error) {
    if (!isTandemError(error, 'invalid_request')) throw error;
    return error.param;
  }
}

describe('a Messages request', () => {
  test('is read with what it needs and what bounds it', () => {
    const request = parseMessages({ ...FULL_BODY, stream: true });
    expect(request).toMatchObject({
      dialect: 'messages', model: 'team/big', stream: true, includeUsage: true, choices: 1, maxOutputTokens: 1000, capField: 'max_tokens', capDemanded: true, user: 'u-1', serviceTier: 'auto',
      needs: { tools: true, images: true, files: true, schema: false, reasoning: true, logprobs: false, native: null }, media: { images: 2, files: 1, characters: 20 }, turnCount: 5,
    });
    expect(request.body).toEqual({ ...FULL_BODY, stream: true });
  });

  test('becomes a conversation whose tool results have turns of their own', () => {
    const { turns, ...rest } = parseMessages(FULL_BODY).conversation();
    expect(turns.map(({ role, parts }) => [role, parts.map((part) => part.type)])).toEqual([
      ['system', ['text']], ['user', ['text', 'image']], ['assistant', ['reasoning', 'reasoning', 'text', 'tool_call']], ['tool', ['tool_result']], ['user', ['file', 'text']],
    ]);
    expect(turns[0]!.parts[0]).toEqual({ type: 'text', text: 'Be brief.', cache: { ttl: '1h' } });
    expect(turns[2]!.parts[0]).toMatchObject({ text: 'The user asks for the weather.', form: 'text', sealed: { dialect: 'messages', kind: 'signature' } });
    expect(turns[2]!.parts[1]).toMatchObject({ text: '', sealed: { dialect: 'messages', kind: 'redacted' } });
    expect(turns[2]!.parts[3]).toEqual({ type: 'tool_call', id: 'toolu_01D7FLrfh4GYq7yT1ULFeyMV', name: 'get_weather', input: '{"location":"Paris, FR"}', kind: 'function' });
    expect(turns[3]!.parts[0]).toMatchObject({ callId: 'toolu_01D7FLrfh4GYq7yT1ULFeyMV', isError: true, content: [{ type: 'text', text: 'no such place' }, { type: 'image', source: { kind: 'url' } }] });
    expect(turns[4]!.parts[0]).toEqual({ type: 'file', source: { kind: 'base64', mediaType: 'application/pdf', data: 'JVBERi0=' }, name: 'Climate', cache: { ttl: null } });
    expect(rest).toMatchObject({
      tools: [{ type: 'function', name: 'get_weather', parameters: WEATHER_TOOL.input_schema }], toolChoice: { mode: 'auto' }, parallelToolCalls: false, stop: ['END'], format: { type: 'text' },
      reasoning: { effort: null, budgetTokens: 1024, mode: 'enabled' }, rest: {},
    });
  });

  test('has labels of its own beside the user', () => {
    expect(parseMessages({ ...good, metadata: { user_id: 'u-1', tags: 'a,b', scenario: 'search' } })).toMatchObject({ user: 'u-1', metadata: { tags: 'a,b', scenario: 'search' } });
  });

  test('asks for a schema by either field, and for effort', () => {
    const schema = { type: 'object', properties: {} };
    for (const body of [{ ...good, output_format: { type: 'json_schema', schema } }, { ...good, output_config: { effort: 'max', format: { type: 'json_schema', schema } } }]) {
      expect(parseMessages(body).needs.schema).toBe(true);
      expect(parseMessages(body).conversation().format).toMatchObject({ type: 'schema', schema });
    }
    expect(parseMessages({ ...good, output_config: { effort: 'max' } }).conversation().reasoning).toMatchObject({ effort: 'xhigh', mode: null });
    expect(parseMessages({ ...good, thinking: { type: 'adaptive' } }).needs.reasoning).toBe(false);
  });

  test('gives documents of plain text and search results as text', () => {
    const body = saying(
      { type: 'document', title: 'A title', context: 'Of the year 2020', source: { type: 'text', media_type: 'text/plain', data: 'Long words' } },
      { type: 'search_result', title: 'Found', source: 'https://a.example', content: [{ type: 'text', text: 'one' }, { type: 'text', text: 'two' }] },
      { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'inner' }] } },
    );
    expect(parseMessages(body).conversation().turns[0]!.parts).toEqual([
      { type: 'text', text: 'A title\nOf the year 2020\nLong words' }, { type: 'text', text: 'Found\nhttps://a.example\none\ntwo' }, { type: 'text', text: 'inner' },
    ]);
  });

  test('brings another vendor\'s thoughts back as they were', () => {
    const sealed = { dialect: 'responses', kind: 'encrypted', value: 'gAAAAA==' } as const;
    const thought = { type: 'thinking', thinking: 'hm', signature: wrapThought({ sealed, id: 'rs_1' }) };
    expect(parseMessages(answering(thought)).conversation().turns[0]!.parts[0]).toEqual({ type: 'reasoning', text: 'hm', form: 'text', sealed, id: 'rs_1' });
    expect(parseMessages(answering({ type: 'thinking', thinking: 'hm', signature: '' })).conversation().turns[0]!.parts[0]).toEqual({ type: 'reasoning', text: 'hm', form: 'text' });
  });

  test('names what only its own dialect knows', () => {
    expect(parseMessages({ ...good, tools: [{ type: 'bash_20250124', name: 'bash' }] }).needs.native).toEqual({ dialect: 'messages', what: 'the tool bash_20250124' });
    expect(parseMessages(answering({ type: 'server_tool_use', id: 's', name: 'web_search', input: {} })).needs.native).toEqual({ dialect: 'messages', what: 'a block of the type server_tool_use' });
    expect(parseMessages({ ...good, max_tokens: 0 }).needs.native?.what).toContain('max_tokens: 0');
  });

  test('with a thread is refused by the code that Anthropic\'s SDK goes on without one at', () => {
    expect(() => parseMessages({ ...good, thread: { type: 'create' } })).toThrow(expect.objectContaining({ code: 'thread_unsupported_request', status: 400 }));
  });

  test('passes on the features of a beta that change neither price nor place', () => {
    const headers = { 'anthropic-beta': 'interleaved-thinking-2025-05-14, context-1m-2025-08-07,claude-code-20250219,files-api-2025-04-14' };
    expect(parseMessages(good, headers).forward).toEqual(['anthropic-beta', 'interleaved-thinking-2025-05-14,claude-code-20250219']);
    expect(parseMessages(good, { 'anthropic-beta': 'oauth-2025-04-20' }).forward).toBeUndefined();
  });

  test.each<[string, unknown]>([
    ['body', null], ['body', []], ['model', { ...good, model: '' }], ['max_tokens', { model: 'm', messages: good.messages }], ['max_tokens', { ...good, max_tokens: -1 }], ['max_tokens', { ...good, max_tokens: 1.5 }],
    ['messages', { ...good, messages: [] }], ['messages', { ...good, messages: 'hi' }], ['messages[0]', { ...good, messages: ['hi'] }], ['messages[0].role', { ...good, messages: [{ role: 'tool', content: 'x' }] }],
    ['messages[0].content', { ...good, messages: [{ role: 'user' }] }], ['messages[0].content[0].type', saying({ text: 'x' })], ['messages[0].content[0].text', saying({ type: 'text' })],
    ['messages[0].content[0].source', saying({ type: 'image' })], ['messages[0].content[0].source.url', saying({ type: 'image', source: { type: 'url', url: 'http://169.254.169.254/latest' } })],
    ['messages[0].content[0].source.url', saying({ type: 'document', source: { type: 'url', url: 'file:///etc/passwd' } })], ['messages[0].content[0].source.file_id', saying({ type: 'image', source: { type: 'file', file_id: 7 } })], ['messages[0].content[0].source.type', saying({ type: 'image', source: { type: 'text', data: 'x' } })],
    ['messages[0].content[0].type', saying({ type: 'container_upload', file_id: 'file_1' })], ['messages[0].content[0].type', saying({ type: 'tool_use', id: 'a', name: 'b', input: {} })],
    ['messages[0].content[0].type', answering({ type: 'tool_result', tool_use_id: 'a' })], ['messages[0].content[0].input', answering({ type: 'tool_use', id: 'a', name: 'b', input: 'x' })],
    ['messages[0].content[0].tool_use_id', saying({ type: 'tool_result', content: 'x' })], ['messages[0].content[0].content[0].type', saying({ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'tool_result', tool_use_id: 'b' }] })],
    ['messages[0].content[0].cache_control.ttl', saying({ type: 'text', text: 'x', cache_control: { type: 'ephemeral', ttl: '2h' } })], ['system[0].type', { ...good, system: [{ type: 'image' }] }], ['system', { ...good, system: 7 }],
    ['temperature', { ...good, temperature: 1.1 }], ['stop_sequences', { ...good, stop_sequences: 'x' }], ['stream', { ...good, stream: 1 }], ['thinking', { ...good, thinking: { type: 'enabled' } }], ['thinking', { ...good, thinking: { type: 'on' } }],
    ['tool_choice', { ...good, tool_choice: 'auto' }], ['tool_choice', { ...good, tool_choice: { type: 'tool' } }], ['tools[0].input_schema', { ...good, tools: [{ name: 'x' }] }], ['tools[0].name', { ...good, tools: [{ input_schema: {} }] }],
    ['tools[0].type', { ...good, tools: [{ type: 'web_search_20250305', name: 'web_search' }] }], ['tools[0].type', { ...good, tools: [{ type: 'code_execution_20250825', name: 'code_execution' }] }], ['tools[0].type', { ...good, tools: [{ type: 'mcp_toolset', mcp_server_name: 'x' }] }],
    ['output_config', { ...good, output_config: { format: { type: 'json' } } }], ['output_format', { ...good, output_format: { type: 'json_schema' } }], ['metadata', { ...good, metadata: { user_id: 7 } }], ['metadata', { ...good, metadata: { scenario: 7 } }], ['service_tier', { ...good, service_tier: 'batch' }],
    ['speed', { ...good, speed: 'fast' }], ['inference_geo', { ...good, inference_geo: 'us' }], ['container', { ...good, container: 'c' }], ['mcp_servers', { ...good, mcp_servers: [] }], ['fallbacks', { ...good, fallbacks: [] }],
    ['context_management', { ...good, context_management: { edits: [{ type: 'compact_20260112' }] } }], ['body', JSON.parse('{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}],"__proto__":{"a":1}}')],
    ['messages[0]', JSON.parse('{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x","__proto__":{"a":1}}]}')],
  ])('is refused at %s: %j', (param, body) => {
    expect(problem(body)).toBe(param);
  });

  test('of any form is either taken or refused by name, and what is taken has a conversation', () => {
    const read = (body: unknown) => {
      if (problem(body) === undefined) expect(parseMessages(body).conversation().turns).toBeDefined();
    };
    fc.assert(fc.property(fc.jsonValue(), read), { numRuns: 300 });
    const field = fc.constantFrom('max_tokens', 'system', 'temperature', 'stop_sequences', 'stream', 'thinking', 'output_config', 'output_format', 'tools', 'tool_choice', 'metadata', 'service_tier', 'context_management');
    const block = fc.record({
      type: fc.constantFrom('text', 'image', 'document', 'tool_result', 'tool_use', 'thinking', 'redacted_thinking', 'search_result', 'server_tool_use'), text: fc.jsonValue(), source: fc.jsonValue(), content: fc.jsonValue(),
      tool_use_id: fc.jsonValue(), id: fc.string(), name: fc.string(), input: fc.jsonValue(), thinking: fc.string(), signature: fc.string(), data: fc.string(), title: fc.string(), cache_control: fc.jsonValue(),
    }, { requiredKeys: ['type'] });
    fc.assert(fc.property(fc.dictionary(field, fc.jsonValue()), fc.array(block), fc.constantFrom('user', 'assistant', 'system'), (fields, content, role) => {
      read({ ...good, messages: [{ role, content }], ...fields });
    }), { numRuns: 500 });
  });
});
