import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTandemError } from '../../../base/index.ts';
import { wrapThought } from '../../neutral/sealed.ts';
import { responsesCaller } from './caller.ts';

const good = { model: 'm', input: 'hi' };
const parse = (more: object = {}) => responsesCaller.parse({ ...good, ...more });
const withItems = (...input: object[]) => ({ model: 'm', input });

function problem(body: unknown): string | undefined {
  try {
    responsesCaller.parse(body);
    return undefined;
  } catch (error) {
    if (!isTandemError(error, 'invalid_request')) throw error;
    return error.param;
  }
}

describe('a responses request', () => {
  test('is read with its defaults, and keeps what it does not know', () => {
    const body = { ...good, some_new_field: 3, temperature: null };
    const request = responsesCaller.parse(body);
    expect(request).toMatchObject({ dialect: 'responses', model: 'm', stream: false, choices: 1, maxOutputTokens: null, capField: null, user: null, metadata: {}, serviceTier: 'auto', turnCount: 1 });
    expect(request.body).toBe(body);
    expect(request.conversation()).toMatchObject({ turns: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }], tools: [], toolChoice: null, format: { type: 'text' }, rest: { some_new_field: 3 } });
  });

  test('says what a model must be able to do', () => {
    expect(parse().needs).toEqual({ tools: false, images: false, files: false, schema: false, reasoning: false, logprobs: false, native: null });
    const tool = { type: 'function', name: 'f' };
    expect(parse({
      tools: [tool, { type: 'apply_patch' }], reasoning: { effort: 'high' }, include: ['message.output_text.logprobs'], text: { format: { type: 'json_schema', name: 's', schema: {} } },
      input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'data:image/png;base64,AAAA' }, { type: 'input_file', file_data: 'data:application/pdf;base64,AAAAAA', filename: 'a.pdf' }] }],
    })).toMatchObject({
      needs: { tools: true, images: true, files: true, schema: true, reasoning: true, logprobs: true, native: { dialect: 'responses', what: 'the patch tool' } },
      media: { images: 1, files: 1, characters: 10 },
    });
    expect(parse({ reasoning: { effort: 'none' } }).needs.reasoning).toBe(false);
  });

  test.each<[string, unknown]>([
    ['body', null], ['body', []], ['model', { input: 'x' }], ['model', { ...good, model: 7 }], ['input', { model: 'm' }], ['input', { model: 'm', input: [] }], ['input', { ...good, input: 7 }],
    ['input[0]', withItems([])], ['input[0].role', withItems({ role: 'root', content: 'x' })], ['input[0].content', withItems({ role: 'user', content: 7 })], ['input[0].content[0].text', withItems({ role: 'user', content: [{ type: 'input_text' }] })],
    ['input[0].content[0].type', withItems({ role: 'user', content: [{ type: 'input_audio' }] })], ['input[0].content[0].image_url', withItems({ role: 'user', content: [{ type: 'input_image', image_url: 'http://169.254.169.254/' }] })],
    ['input[0].content[0].file_id', withItems({ role: 'user', content: [{ type: 'input_image', file_id: 7 }] })], ['input[0].content[0].file_id', withItems({ role: 'user', content: [{ type: 'input_file', file_id: 'file-1', file_data: 'data:application/pdf;base64,AAAA' }] })], ['input[0].content[0].file_url', withItems({ role: 'user', content: [{ type: 'input_file', file_url: 'file:///etc/passwd' }] })],
    ['input[0].call_id', withItems({ type: 'function_call', name: 'f', arguments: '' })], ['input[0].arguments', withItems({ type: 'function_call', name: 'f', call_id: 'c' })], ['input[0].call_id', withItems({ type: 'function_call_output', output: '' })],
    ['input[0].output', withItems({ type: 'function_call_output', call_id: 'c', output: 7 })], ['input[0].id', withItems({ type: 'item_reference', id: 'msg_1' })], ['input[0].summary', withItems({ type: 'reasoning', summary: 'x' })], ['input[0].type', withItems({ type: 7 })],
    ['max_output_tokens', { ...good, max_output_tokens: 0 }], ['max_tokens', { ...good, max_tokens: 5 }], ['n', { ...good, n: 2 }], ['temperature', { ...good, temperature: 3 }], ['stream', { ...good, stream: 'yes' }], ['stream_options', { ...good, stream_options: {} }],
    ['tools[0].name', { ...good, tools: [{ type: 'function' }] }], ['tools[0].type', { ...good, tools: [{ type: 'web_search' }] }], ['tools[0].type', { ...good, tools: [{ type: 'web_search_preview_2025_03_11' }] }], ['tools[0].type', { ...good, tools: [{ type: 'mcp', server_label: 'x' }] }],
    ['tools[0].type', { ...good, tools: [{ type: 'shell', environment: { type: 'container_auto' } }] }], ['tools[0].tools[1].type', { ...good, tools: [{ type: 'namespace', name: 'n', tools: [{ type: 'function', name: 'f' }, { type: 'code_interpreter' }] }] }],
    ['tool_choice', { ...good, tool_choice: 'maybe' }], ['tool_choice.name', { ...good, tool_choice: { type: 'function' } }], ['text', { ...good, text: { format: { type: 'xml' } } }], ['text', { ...good, text: { format: { type: 'json_schema', name: 'x' } } }],
    ['reasoning', { ...good, reasoning: { effort: 3 } }], ['conversation', { ...good, conversation: 'conv_1' }], ['prompt', { ...good, prompt: { id: 'p' } }], ['metadata', { ...good, metadata: { a: 1 } }], ['service_tier', { ...good, service_tier: 'scale' }],
    ['body', JSON.parse('{"model":"m","input":"x","__proto__":{"a":1}}')], ['input[0]', JSON.parse('{"model":"m","input":[{"role":"user","content":"x","__proto__":{"a":1}}]}')],
  ])('is refused at %s: %j', (param, body) => {
    expect(problem(body)).toBe(param);
  });

  test('puts items into turns: what is thought, said and called in a row is one, results in a row are one', () => {
    const { turns } = responsesCaller.parse({
      model: 'm', instructions: 'Be brief.',
      input: [
        { role: 'developer', content: 'Use tools.' }, { role: 'user', content: [{ type: 'input_text', text: 'Weather?', prompt_cache_breakpoint: { mode: 'explicit' } }] },
        { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'one' }, { type: 'summary_text', text: 'two' }], encrypted_content: 'state' },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'I look.', annotations: [] }] },
        { type: 'function_call', call_id: 'a', name: 'f', arguments: '{"x":1}' }, { type: 'custom_tool_call', call_id: 'b', name: 'g', input: 'free text' },
        { type: 'function_call_output', call_id: 'a', output: 'sun' }, { type: 'custom_tool_call_output', call_id: 'b', output: [{ type: 'input_text', text: 'rain' }] },
        { role: 'assistant', content: 'First.' }, { role: 'assistant', content: 'Second.' },
      ],
    }).conversation();
    expect(turns).toEqual([
      { role: 'system', parts: [{ type: 'text', text: 'Be brief.' }] }, { role: 'developer', parts: [{ type: 'text', text: 'Use tools.' }] },
      { role: 'user', parts: [{ type: 'text', text: 'Weather?', cache: { ttl: null } }] },
      { role: 'assistant', parts: [
        { type: 'reasoning', text: 'one', form: 'summary', id: 'rs_1' }, { type: 'reasoning', text: 'two', form: 'summary', id: 'rs_1', sealed: { dialect: 'responses', kind: 'encrypted', value: 'state' } },
        { type: 'text', text: 'I look.' }, { type: 'tool_call', id: 'a', name: 'f', input: '{"x":1}', kind: 'function' }, { type: 'tool_call', id: 'b', name: 'g', input: 'free text', kind: 'custom' },
      ] },
      { role: 'tool', parts: [{ type: 'tool_result', callId: 'a', content: [{ type: 'text', text: 'sun' }], isError: false }, { type: 'tool_result', callId: 'b', content: [{ type: 'text', text: 'rain' }], isError: false }] },
      { role: 'assistant', parts: [{ type: 'text', text: 'First.' }] }, { role: 'assistant', parts: [{ type: 'text', text: 'Second.' }] },
    ]);
  });

  test('gives state that another dialect made back to it unchanged', () => {
    const sealed = { dialect: 'messages', kind: 'signature', value: 'EqQB+/=' } as const;
    const { turns } = responsesCaller.parse(withItems({ role: 'user', content: 'x' }, { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'hm' }], encrypted_content: wrapThought({ sealed, id: null }) })).conversation();
    expect(turns[1]!.parts).toEqual([{ type: 'reasoning', text: 'hm', form: 'summary', sealed }]);
  });

  test('reads every kind of tool choice', () => {
    const choice = (tool_choice: unknown) => parse({ tool_choice, tools: [{ type: 'function', name: 'f' }] }).conversation().toolChoice;
    expect(['auto', 'none', 'required', { type: 'function', name: 'f' }, { type: 'custom', name: 'f' }, { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'f' }] }].map(choice)).toEqual([
      { mode: 'auto' }, { mode: 'none' }, { mode: 'required' }, { mode: 'one', name: 'f' }, { mode: 'one', name: 'f' }, { mode: 'allowed', names: ['f'], required: true },
    ]);
    expect(parse({ tool_choice: { type: 'apply_patch' } }).needs.native).not.toBeNull();
  });

  test('of any form is either taken or refused by name, never answered with another error', () => {
    fc.assert(fc.property(fc.jsonValue(), (body) => { problem(body); }), { numRuns: 500 });
    const field = fc.constantFrom('input', 'instructions', 'tools', 'tool_choice', 'text', 'reasoning', 'include', 'metadata', 'stream', 'max_output_tokens', 'truncation', 'top_logprobs');
    fc.assert(fc.property(fc.dictionary(field, fc.jsonValue()), (fields) => { problem({ ...good, ...fields }); }), { numRuns: 500 });
    const type = fc.constantFrom('message', 'function_call', 'function_call_output', 'custom_tool_call', 'custom_tool_call_output', 'reasoning', 'item_reference', 'web_search_call');
    const key = fc.constantFrom('role', 'content', 'call_id', 'name', 'arguments', 'input', 'output', 'summary', 'encrypted_content', 'id');
    fc.assert(fc.property(fc.array(fc.tuple(type, fc.dictionary(key, fc.oneof(fc.constantFrom('user', 'assistant'), fc.jsonValue()))), { minLength: 1 }), (items) => {
      problem(withItems(...items.map(([kind, fields]) => ({ ...fields, type: kind }))));
    }), { numRuns: 500 });
  });
});
