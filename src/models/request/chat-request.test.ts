import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTandemError } from '../../base/index.ts';
import { parseChatRequest } from './chat-request.ts';

const good = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };

function problem(body: unknown): string | undefined {
  try {
    parseChatRequest(body);
    return undefined;
  } catch (error) {
    if (!isTandemError(error, 'invalid_request')) throw error;
    return error.param;
  }
}

describe('a chat request', () => {
  test('is read with its defaults, and keeps what it does not know', () => {
    const body = { ...good, top_k: 3, temperature: null };
    expect(parseChatRequest(body)).toMatchObject({ model: 'm', stream: false, includeUsage: false, choices: 1, maxOutputTokens: null, capField: null, facts: { images: 0 } });
    expect(parseChatRequest(body).body).toBe(body);
    expect(parseChatRequest({ ...good, stream: true, stream_options: { include_usage: true }, max_completion_tokens: 5, n: 3 })).toMatchObject({ stream: true, includeUsage: true, maxOutputTokens: 5, capField: 'max_completion_tokens', choices: 3 });
  });

  test.each<[string, unknown]>([
    ['body', null], ['body', []], ['body', 'x'], ['model', { messages: good.messages }], ['model', { ...good, model: '' }], ['model', { ...good, model: 7 }], ['model', { ...good, model: 'x'.repeat(201) }],
    ['messages', { model: 'm' }], ['messages', { ...good, messages: [] }], ['messages', { ...good, messages: 'hi' }], ['messages[0]', { ...good, messages: ['hi'] }],
    ['messages[0].role', { ...good, messages: [{ role: 'root', content: 'x' }] }], ['messages[0].content', { ...good, messages: [{ role: 'user' }] }], ['messages[0].content', { ...good, messages: [{ role: 'user', content: 7 }] }],
    ['messages[0].content', { ...good, messages: [{ role: 'user', content: [] }] }], ['messages[0].content[0]', { ...good, messages: [{ role: 'user', content: ['x'] }] }],
    ['messages[0].content[0].text', { ...good, messages: [{ role: 'user', content: [{ type: 'text' }] }] }], ['messages[0].content[0].type', { ...good, messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] }] }],
    ['messages[0].content[0].image_url.url', { ...good, messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }] }] }], ['messages[0].content[0].image_url.url', { ...good, messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'http://169.254.169.254/latest' } }] }] }],
    ['messages[0].tool_call_id', { ...good, messages: [{ role: 'tool', content: 'x' }] }], ['messages[0].tool_calls', { ...good, messages: [{ role: 'user', content: 'x', tool_calls: [] }] }],
    ['max_tokens', { ...good, max_tokens: 0 }], ['max_tokens', { ...good, max_tokens: -5 }], ['max_tokens', { ...good, max_tokens: 1.5 }], ['max_tokens', { ...good, max_tokens: 1e300 }], ['max_tokens', { ...good, max_tokens: Number.NaN }], ['max_tokens', { ...good, max_tokens: '5' }],
    ['max_tokens', { ...good, max_tokens: 5, max_completion_tokens: 6 }], ['n', { ...good, n: 0 }], ['n', { ...good, n: 129 }], ['temperature', { ...good, temperature: -0.1 }], ['temperature', { ...good, temperature: Number.POSITIVE_INFINITY }],
    ['temperature', { ...good, temperature: 2.1 }], ['top_p', { ...good, top_p: 1.1 }], ['seed', { ...good, seed: 2 ** 60 }], ['stop', { ...good, stop: [1] }], ['stream', { ...good, stream: 'yes' }], ['stream_options', { ...good, stream_options: { include_usage: true } }],
    ['stream_options', { ...good, stream: true, stream_options: { include_usage: 1 } }], ['response_format', { ...good, response_format: { type: 'xml' } }], ['response_format', { ...good, response_format: { type: 'json_schema' } }],
    ['logit_bias', { ...good, logit_bias: { 1: 101 } }], ['metadata', { ...good, metadata: { a: 1 } }], ['service_tier', { ...good, service_tier: 'cheap' }], ['store', { ...good, store: true }], ['modalities', { ...good, modalities: ['text', 'audio'] }],
    ['audio', { ...good, audio: {} }], ['web_search_options', { ...good, web_search_options: {} }], ['n_predict', { ...good, n_predict: 5 }], ['chat_template', { ...good, chat_template: 'x' }], ['kv_transfer_params', { ...good, kv_transfer_params: {} }],
    ['body', JSON.parse('{"model":"m","messages":[{"role":"user","content":"x"}],"__proto__":{"a":1}}')], ['messages[0]', JSON.parse('{"model":"m","messages":[{"role":"user","content":"x","__proto__":{"a":1}}]}')],
  ])('is refused at %s: %j', (param, body) => {
    expect(problem(body)).toBe(param);
  });

  test('with parts, tools and images is taken, and its images are measured', () => {
    const url = `data:image/png;base64,${'A'.repeat(1000)}`;
    const { facts } = parseChatRequest({
      ...good,
      messages: [
        { role: 'system', content: [{ type: 'text', text: 'x' }] }, { role: 'assistant', content: null, tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }] },
        { role: 'tool', tool_call_id: '1', content: 'y' }, { role: 'user', content: [{ type: 'image_url', image_url: { url } }] }, { role: 'assistant', refusal: 'no', content: null },
      ],
    });
    expect(facts).toEqual({ images: 1, files: 0, fileIds: null, imageCharacters: url.length, tools: true, beyondText: 'messages[1]', beyondTextKind: 'a call of a tool' });
  });

  test('with files is taken, inline or by their ids; what is text in them is read as text', () => {
    const said = (...files: object[]) => ({ ...good, messages: [{ role: 'user', content: files.map((file) => ({ type: 'file', file })) }] });
    const pdf = `data:application/pdf;base64,${'A'.repeat(100)}`;
    const request = parseChatRequest(said({ filename: 'a.pdf', file_data: pdf }, { file_data: 'data:text/plain;base64,aGk=' }, { file_id: 'file-1' }));
    expect(request).toMatchObject({ fileIds: ['file-1'], needs: { files: true }, media: { images: 0, files: 3, characters: pdf.length } });
    expect(request.conversation().turns[0]!.parts).toEqual([
      { type: 'file', name: 'a.pdf', source: { kind: 'base64', mediaType: 'application/pdf', data: 'A'.repeat(100) } }, { type: 'file', source: { kind: 'base64', mediaType: 'text/plain', data: 'aGk=' } }, { type: 'file', source: { kind: 'file', id: 'file-1' } },
    ]);
    expect(parseChatRequest(good).fileIds).toBeUndefined();
    for (const file of [{ file_id: 7 }, { file_id: 'a', file_data: pdf }]) expect(problem(said(file))).toBe('messages[0].content[0].file.file_id');
    for (const file of [{}, { file_data: 'AAAA' }, { file_data: 'https://example.com/a.pdf' }]) expect(problem(said(file))).toBe('messages[0].content[0].file.file_data');
    expect(problem(said({ filename: 7, file_data: pdf }))).toBe('messages[0].content[0].file.filename');
  });

  test('of any form is either taken or refused by name, never answered with another error', () => {
    fc.assert(fc.property(fc.jsonValue(), (body) => { problem(body); }), { numRuns: 500 });
    const field = fc.constantFrom('max_tokens', 'n', 'temperature', 'stop', 'stream', 'stream_options', 'response_format', 'tools', 'metadata', 'logit_bias', 'seed', 'user', 'content');
    fc.assert(fc.property(fc.dictionary(field, fc.jsonValue()), fc.jsonValue(), (fields, content) => {
      problem({ ...good, messages: [{ role: 'user', content }], ...fields });
    }), { numRuns: 500 });
  });
});
