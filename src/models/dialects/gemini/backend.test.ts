import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadReply } from '../../neutral/bad-reply.ts';
import type { ReplyEvent } from '../../neutral/reply.ts';
import { neutralRequest } from '../../testing/neutral-request.ts';
import { geminiBackend } from './backend.ts';

const TARGET = { model: 'gemini-2.5-flash', contextTokens: null, maxOutputTokens: 1000, capField: 'max_tokens', options: {} } as const;
const sent = (given: Parameters<typeof neutralRequest>[0], model: string = TARGET.model) => {
  const out = geminiBackend.request(neutralRequest(given), { ...TARGET, model });
  return { ...out, json: JSON.parse(out.body.toString()) as Record<string, unknown> };
};

/** In the form of @google/genai 2.32.0's types (GenerateContentResponse), written by hand. */
const USAGE = {
  promptTokenCount: 100, cachedContentTokenCount: 40, candidatesTokenCount: 20, thoughtsTokenCount: 7, toolUsePromptTokenCount: 3, totalTokenCount: 130,
  promptTokensDetails: [{ modality: 'TEXT', tokenCount: 70 }, { modality: 'AUDIO', tokenCount: 30 }], cacheTokensDetails: [{ modality: 'AUDIO', tokenCount: 10 }, { modality: 'TEXT', tokenCount: 30 }],
};
const answer = (parts: unknown[], more: Record<string, unknown> = {}) => ({ candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP', index: 0, ...more }], usageMetadata: USAGE, modelVersion: 'gemini-2.5-flash', responseId: 'r1' });
const stream = (chunks: unknown[]) => Buffer.from(chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`).join(''));

function read(bytes: Buffer, cuts: readonly number[] = [], given: Parameters<typeof neutralRequest>[0] = { stream: true }) {
  const reader = geminiBackend.reader(neutralRequest(given));
  const events: ReplyEvent[] = [];
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    events.push(...reader.push(bytes.subarray(from, to)));
    from = to;
  }
  events.push(...reader.end());
  return { reader, events };
}
const textOf = (events: readonly ReplyEvent[]) => events.map((event) => (event.type === 'delta' ? event.text : '')).join('');

describe('a request to Gemini', () => {
  it('puts system words apart, lets sides alternate and names the tool of a result', () => {
    const { json, path } = sent({
      stream: true,
      conversation: {
        turns: [
          { role: 'system', parts: [{ type: 'text', text: 'Be brief.' }] },
          { role: 'user', parts: [{ type: 'text', text: 'Weather?' }, { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } }] },
          { role: 'assistant', parts: [
            { type: 'reasoning', text: '', form: 'text', sealed: { dialect: 'gemini', kind: 'signature', value: 'sig' } },
            { type: 'tool_call', id: 'c1', name: 'weather', input: '{"city":"Paris"}', kind: 'function' },
            { type: 'tool_call', id: 'c2', name: 'weather', input: 'no json', kind: 'function' },
          ] },
          { role: 'tool', parts: [{ type: 'tool_result', callId: 'c1', isError: false, content: [{ type: 'text', text: '{"degrees":20}' }] }] },
          { role: 'tool', parts: [{ type: 'tool_result', callId: 'c2', isError: true, content: [{ type: 'text', text: 'no such city' }] }] },
        ],
      },
    });
    expect(path).toBe('/models/gemini-2.5-flash:streamGenerateContent?alt=sse');
    expect(json['systemInstruction']).toEqual({ parts: [{ text: 'Be brief.' }] });
    expect(json['contents']).toEqual([
      { role: 'user', parts: [{ text: 'Weather?' }, { inlineData: { mimeType: 'image/png', data: 'AAAA' } }] },
      { role: 'model', parts: [
        { functionCall: { id: 'c1', name: 'weather', args: { city: 'Paris' } }, thoughtSignature: 'sig' },
        { functionCall: { id: 'c2', name: 'weather', args: { input: 'no json' } } },
      ] },
      { role: 'user', parts: [
        { functionResponse: { id: 'c1', name: 'weather', response: { degrees: 20 } } },
        { functionResponse: { id: 'c2', name: 'weather', response: { error: 'no such city' } } },
      ] },
    ]);
  });

  it('marks the first call of a turn that nobody signed, for models that refuse it else', () => {
    const call = (id: string) => ({ type: 'tool_call', id, name: 'f', input: '{}', kind: 'function' }) as const;
    const result = (callId: string) => ({ role: 'tool', parts: [{ type: 'tool_result', callId, isError: false, content: [{ type: 'text', text: '1' }] }] }) as const;
    const signed = { type: 'reasoning', text: '', form: 'text', sealed: { dialect: 'gemini', kind: 'signature', value: 'sig' } } as const;
    const conversation = { turns: [{ role: 'user', parts: [{ type: 'text', text: 'Go' }] }, { role: 'assistant', parts: [call('a'), call('b')] }, result('a'), result('b'), { role: 'assistant', parts: [signed, call('c'), call('d')] }, result('c'), result('d')] } as const;
    const signatures = (model: string) => (sent({ conversation }, model).json['contents'] as { parts: { functionCall?: object; thoughtSignature?: string }[] }[]).flatMap(({ parts }) => parts.flatMap((part) => (part.functionCall ? [part.thoughtSignature] : [])));
    for (const model of ['gemini-3.1-pro-preview', 'gemini-flash-latest', 'models/gemini-4-argon']) expect(signatures(model)).toEqual(['skip_thought_signature_validator', undefined, 'sig', undefined]);
    for (const model of ['gemini-2.5-flash', 'gemini-1.5-pro', 'gemma-3-27b-it']) expect(signatures(model)).toEqual([undefined, undefined, 'sig', undefined]);
  });

  it('says system words that stand alone as the user\'s', () => {
    expect(sent({ conversation: { turns: [{ role: 'system', parts: [{ type: 'text', text: 'Tell a joke.' }] }] } }).json).toMatchObject({ contents: [{ role: 'user', parts: [{ text: 'Tell a joke.' }] }] });
  });

  it('keeps long numbers in calls, results and answers', () => {
    const turns = [
      { role: 'assistant', parts: [{ type: 'tool_call', id: 'a', name: 'f', input: '{"id":9007199254740993}', kind: 'function' }] },
      { role: 'tool', parts: [{ type: 'tool_result', callId: 'a', isError: false, content: [{ type: 'text', text: '{"id":9007199254740995}' }] }, { type: 'tool_result', callId: 'b', isError: false, content: [{ type: 'text', text: '9007199254740997' }] }] },
    ] as const;
    const text = sent({ conversation: { turns } }).body.toString();
    expect(text).toContain('"args":{"id":9007199254740993}');
    expect(text).toContain('"response":{"id":9007199254740995}');
    expect(text).toContain('"response":{"output":9007199254740997}');
    const reply = JSON.stringify(answer([{ functionCall: { name: 'f', args: { id: 'HERE' } } }])).replace('"HERE"', '9007199254740999');
    const called = { type: 'tool_call', input: '{"id":9007199254740999}' };
    expect(geminiBackend.whole(reply, neutralRequest(), {}).choices[0]!.parts).toMatchObject([called]);
    expect(textOf(read(Buffer.from(`data: ${reply}\n\n`)).events)).toBe(called.input);
  });

  it('always sends an output limit, and refuses one above the target\'s', () => {
    expect(sent({}).json['generationConfig']).toMatchObject({ maxOutputTokens: 1000 });
    expect(sent({ maxOutputTokens: 5, choices: 2 })).toMatchObject({ outputBound: 10 });
    expect(() => sent({ maxOutputTokens: 1001 })).toThrow(/1000/);
  });

  it('writes schema, tools, choice and thinking in its own words', () => {
    const conversation = {
      tools: [{ type: 'function', name: 'f', parameters: { type: 'object' } }, { type: 'custom', name: 'sql', description: 'SQL' }], toolChoice: { mode: 'one', name: 'f' },
      format: { type: 'schema', name: 's', schema: { type: 'object' }, strict: true }, reasoning: { effort: 'low', budgetTokens: null, summary: 'auto', mode: null }, stop: ['END'], sampling: { topK: 5, seed: 1 },
    } as const;
    expect(sent({ conversation }).json).toMatchObject({
      tools: [{ functionDeclarations: [{ name: 'f', parametersJsonSchema: { type: 'object' } }, { name: 'sql', parametersJsonSchema: { required: ['input'] } }] }],
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['f'] } },
      generationConfig: { responseMimeType: 'application/json', responseJsonSchema: { type: 'object' }, thinkingConfig: { thinkingBudget: 1024, includeThoughts: true }, stopSequences: ['END'], topK: 5, seed: 1 },
    });
    expect(sent({ conversation }, 'gemini-3-pro').json).toMatchObject({ generationConfig: { thinkingConfig: { thinkingLevel: 'LOW' } } });
  });

  it('names what it cannot carry before anything is sent', () => {
    expect(geminiBackend.cannot(neutralRequest())).toBeNull();
    expect(geminiBackend.cannot(neutralRequest({ conversation: { sampling: { logitBias: { '5': 1 } } } }))).toBe('logit_bias');
    expect(geminiBackend.cannot(neutralRequest({ conversation: { rest: { best_effort: true } } }))).toBe('best_effort');
    expect(geminiBackend.cannot(neutralRequest({ needs: { tools: true, images: false, files: false, schema: false, reasoning: false, logprobs: false, native: { dialect: 'responses', what: 'a web search' } } }))).toBe('a web search');
  });
});

describe('a reply of Gemini', () => {
  it('counts in disjoint buckets', () => {
    expect(geminiBackend.whole(JSON.stringify(answer([{ text: 'Hi' }])), neutralRequest(), {}).usage)
      .toEqual({ input: 43, cacheRead: 40, audioInput: 20, imageInput: 0, output: 20, audioOutput: 0, reasoning: 7 });
    expect(geminiBackend.whole(JSON.stringify({ ...answer([{ text: '' }]), usageMetadata: { promptTokenCount: 0 } }), neutralRequest(), {}).usage).toMatchObject({ input: 0, output: 0 });
    expect(geminiBackend.whole(JSON.stringify({ ...answer([{ text: '' }]), usageMetadata: undefined }), neutralRequest(), {}).usage).toBeNull();
  });

  it('is text, thoughts, calls and their signature', () => {
    const reply = geminiBackend.whole(JSON.stringify(answer([
      { text: 'Let me see', thought: true }, { text: 'It is ' }, { text: 'warm.' }, { functionCall: { name: 'f', args: { a: 1 } }, thoughtSignature: 'sig' }, { functionCall: { id: 'own', name: 'sql', args: { input: 'select 1' } } },
    ])), neutralRequest({ conversation: { tools: [{ type: 'custom', name: 'sql' }] } }), {});
    expect(reply.choices).toEqual([{ finish: 'tool_calls', stopText: null, logprobs: null, parts: [
      { type: 'reasoning', text: 'Let me see', form: 'text' }, { type: 'text', text: 'It is warm.' },
      { type: 'reasoning', text: '', form: 'text', sealed: { dialect: 'gemini', kind: 'signature', value: 'sig' } },
      { type: 'tool_call', id: 'r1-1', name: 'f', kind: 'function', input: '{"a":1}' }, { type: 'tool_call', id: 'own', name: 'sql', kind: 'custom', input: 'select 1' },
    ] }]);
  });

  it('is read alike wherever its bytes are cut', () => {
    const bytes = stream([answer([{ text: 'Grüße, \n\ndata: [DONE]' }], { finishReason: undefined }), answer([{ text: ' 🎉', thought: true }], { finishReason: undefined }), answer([{ functionCall: { name: 'f', args: {} } }])]);
    const whole = read(bytes).events;
    expect(textOf(whole)).toBe('Grüße, \n\ndata: [DONE] 🎉{}');
    expect(whole.at(-1)).toEqual({ type: 'finish', choice: 0, reason: 'tool_calls', stopText: null });
    fc.assert(fc.property(fc.uniqueArray(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
      expect(read(bytes, cuts.sort((a, b) => a - b)).events).toEqual(whole);
    }));
  });

  it.each([
    ['without a reason to end', stream([answer([{ text: 'Hi' }], { finishReason: undefined })]), /ended in the middle/],
    ['of nothing', Buffer.from(''), /ended in the middle/],
    ['with half an event', stream([answer([{ text: 'Hi' }])]).subarray(0, -6), /ended in the middle/],
    ['that is no JSON', Buffer.from('data: <html>\n\n'), /valid JSON/],
    ['with a broken call', stream([answer([], { finishReason: 'MALFORMED_FUNCTION_CALL' })]), /cannot be read/],
  ])('%s is no whole one', (_what, bytes, message) => {
    expect(() => read(bytes)).toThrow(message);
  });

  it('tells an error inside it apart from an answer', () => {
    const caught = (() => { try { read(stream([{ error: { code: 429, message: 'Quota', status: 'RESOURCE_EXHAUSTED' } }])); return undefined; } catch (error) { return error; } })();
    expect(caught).toBeInstanceOf(BadReply);
    expect(caught).toMatchObject({ said: 'Quota', busy: true });
    expect(geminiBackend.errorMessage('[{"error":{"code":400,"message":"Bad key","status":"INVALID_ARGUMENT"}}]')).toBe('Bad key');
    expect(geminiBackend.errorMessage('<html>')).toBeUndefined();
    const unknown = JSON.stringify({ error: { code: 400, message: 'API key not valid.', status: 'INVALID_ARGUMENT', details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' }] } });
    const quota = JSON.stringify({ error: { code: 429, message: 'Quota', status: 'RESOURCE_EXHAUSTED', details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '16.2s' }] } }, null, 2);
    expect([geminiBackend.retryAfterSeconds!(quota), geminiBackend.retryAfterSeconds!('{}')]).toEqual([17, undefined]);
    expect([geminiBackend.errorStatus!(400, unknown), geminiBackend.errorStatus!(400, '{}')]).toEqual([401, 400]);
  });

  it('that was blocked says so', () => {
    expect(geminiBackend.whole(JSON.stringify({ promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 4 } }), neutralRequest(), {}).choices).toEqual([{ parts: [], finish: 'content_filter', stopText: null, logprobs: null }]);
  });
});
