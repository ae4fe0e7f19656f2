import { EventStreamCodec } from '@smithy/eventstream-codec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReplyEvent } from '../../neutral/reply.ts';
import { neutralRequest } from '../../testing/neutral-request.ts';
import { bedrockBackend } from './backend.ts';

const MODEL = 'anthropic.claude-sonnet-4-5-20250929-v1:0';
const sent = (given: Parameters<typeof neutralRequest>[0]) => {
  const out = bedrockBackend.request(neutralRequest(given), { model: MODEL, contextTokens: null, maxOutputTokens: 1000, capField: 'max_tokens', options: {} });
  return { ...out, json: JSON.parse(out.body.toString()) as Record<string, unknown> };
};

/** Frames are written by Amazon's own codec; their contents follow the types of @aws-sdk/client-bedrock-runtime 3.1164.0. */
const codec = new EventStreamCodec((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(), (text) => Buffer.from(text));
const header = (value: string) => ({ type: 'string', value }) as const;
const frame = (type: string, value: unknown, kind: 'event' | 'exception' = 'event') => Buffer.from(codec.encode({
  headers: { ':message-type': header(kind), [kind === 'event' ? ':event-type' : ':exception-type']: header(type), ':content-type': header('application/json') },
  body: Buffer.from(JSON.stringify(value)),
}));
const USAGE = { inputTokens: 10, outputTokens: 20, totalTokens: 75, cacheReadInputTokens: 30, cacheWriteInputTokens: 15, cacheDetails: [{ ttl: '1h', inputTokens: 5 }, { ttl: '5m', inputTokens: 10 }] };
const COUNTS = { input: 10, cacheRead: 30, cacheWrite: 10, cacheWriteLong: 5, output: 20, reasoning: 0 };
const END = [frame('messageStop', { stopReason: 'end_turn' }), frame('metadata', { usage: USAGE, metrics: { latencyMs: 5 } })];
const STREAM = Buffer.concat([
  frame('messageStart', { role: 'assistant' }),
  frame('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { text: 'Hm, ' } } }), frame('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { text: 'warm?' } } }),
  frame('contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { signature: 'sig' } } }), frame('contentBlockStop', { contentBlockIndex: 0 }),
  frame('contentBlockDelta', { contentBlockIndex: 1, delta: { text: 'Grüße' } }), frame('contentBlockDelta', { contentBlockIndex: 1, delta: { text: ' 🎉\n\ndata: [DONE]' } }), frame('contentBlockStop', { contentBlockIndex: 1 }),
  frame('contentBlockStart', { contentBlockIndex: 2, start: { toolUse: { toolUseId: 't1', name: 'f' } } }), frame('contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '{"a"' } } }),
  frame('contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: ':1}' } } }), frame('contentBlockStop', { contentBlockIndex: 2 }),
  frame('messageStop', { stopReason: 'tool_use' }), frame('metadata', { usage: USAGE, metrics: { latencyMs: 5 } }),
]);

function read(bytes: Buffer, cuts: readonly number[] = []) {
  const reader = bedrockBackend.reader(neutralRequest({ stream: true }));
  const events: ReplyEvent[] = [];
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    events.push(...reader.push(bytes.subarray(from, to)));
    from = to;
  }
  events.push(...reader.end());
  return { reader, events };
}

const CALLED = { role: 'assistant', parts: [{ type: 'tool_call', id: 't', name: 'f', input: '{}', kind: 'function' }] } as const;
const F = { type: 'function', name: 'f', parameters: { type: 'object' } } as const;

describe('a request to Bedrock', () => {
  it('keeps calls and results together under ids that it takes, and long numbers as they are', () => {
    const id = `functions.get_time:${'0'.repeat(80)}`;
    const { json, body } = sent({ conversation: { turns: [
      { role: 'user', parts: [{ type: 'text', text: 'Go' }] }, { role: 'assistant', parts: [{ type: 'tool_call', id, name: 'f', input: '{"id":9007199254740993}', kind: 'function' }] },
      { role: 'tool', parts: [{ type: 'tool_result', callId: id, isError: false, content: [{ type: 'text', text: '1' }] }] },
    ] } });
    const [, call, result] = json['messages'] as { content: { toolUse?: { toolUseId: string }; toolResult?: { toolUseId: string } }[] }[];
    expect(call!.content[0]!.toolUse!.toolUseId).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    expect(result!.content[0]!.toolResult!.toolUseId).toBe(call!.content[0]!.toolUse!.toolUseId);
    expect(body.toString()).toContain('"input":{"id":9007199254740993}');
    const reply = JSON.stringify({ output: { message: { role: 'assistant', content: [{ toolUse: { toolUseId: 't', name: 'f', input: { id: 'HERE' } } }] } }, stopReason: 'tool_use', usage: USAGE }).replace('"HERE"', '9007199254740995');
    expect(bedrockBackend.whole(reply, neutralRequest(), {})).toMatchObject({ usage: COUNTS, choices: [{ parts: [{ type: 'tool_call', input: '{"id":9007199254740995}' }] }] });
  });

  it('asks for no thought by a budget where the call before has none to show', () => {
    const call = { type: 'tool_call', id: 't', name: 'f', input: '{}', kind: 'function' } as const;
    const thought = { type: 'reasoning', text: 'hm', form: 'text', sealed: { dialect: 'bedrock', kind: 'signature', value: 's' } } as const;
    const more = (...parts: (typeof call | typeof thought)[]) => sent({ conversation: { turns: [{ role: 'assistant', parts }], reasoning: { effort: null, budgetTokens: 500, summary: null, mode: 'enabled' } } }).json['additionalModelRequestFields'];
    expect(more(thought, call)).toEqual({ thinking: { type: 'enabled', budget_tokens: 500 } });
    expect(more(call)).toBeUndefined();
  });

  it('says system words that stand alone as the user\'s', () => {
    expect(sent({ conversation: { turns: [{ role: 'developer', parts: [{ type: 'text', text: 'Tell a joke.' }] }] } }).json).toMatchObject({ messages: [{ role: 'user', content: [{ text: 'Tell a joke.' }] }] });
  });

  it('is written in Converse\'s words', () => {
    const { json, path } = sent({
      stream: true, maxOutputTokens: 50,
      conversation: {
        turns: [
          { role: 'system', parts: [{ type: 'text', text: 'Be brief.', cache: { ttl: '1h' } }] },
          { role: 'user', parts: [{ type: 'text', text: 'Look:' }, { type: 'image', source: { kind: 'base64', mediaType: 'image/jpeg', data: 'AAAA' } }, { type: 'file', name: 'a/b?.pdf', source: { kind: 'base64', mediaType: 'application/pdf', data: 'BBBB' } }] },
          { role: 'assistant', parts: [{ type: 'reasoning', text: 'Hm', form: 'text', sealed: { dialect: 'bedrock', kind: 'signature', value: 's' } }, { type: 'reasoning', text: 'of another', form: 'text', sealed: { dialect: 'messages', kind: 'signature', value: 'x' } }, { type: 'tool_call', id: 'c1', name: 'f', input: '', kind: 'function' }] },
          { role: 'tool', parts: [{ type: 'tool_result', callId: 'c1', isError: true, content: [{ type: 'text', text: 'no' }] }] },
        ],
        tools: [{ type: 'function', name: 'f', parameters: { type: 'object' }, cache: { ttl: null } }], toolChoice: { mode: 'required' }, stop: ['X'], sampling: { temperature: 0.5, topK: 3 },
        reasoning: { effort: null, budgetTokens: 1024, summary: null, mode: 'enabled' }, format: { type: 'schema', name: 's', schema: { type: 'object' }, strict: null },
      },
    });
    expect(path).toBe(`/model/${encodeURIComponent(MODEL)}/converse-stream`);
    expect(json).toEqual({
      system: [{ text: 'Be brief.' }, { cachePoint: { type: 'default', ttl: '1h' } }],
      messages: [
        { role: 'user', content: [{ text: 'Look:' }, { image: { format: 'jpeg', source: { bytes: 'AAAA' } } }, { document: { format: 'pdf', name: 'a b', source: { bytes: 'BBBB' } } }] },
        { role: 'assistant', content: [{ reasoningContent: { reasoningText: { text: 'Hm', signature: 's' } } }, { toolUse: { toolUseId: 'c1', name: 'f', input: {} } }] },
        { role: 'user', content: [{ toolResult: { toolUseId: 'c1', status: 'error', content: [{ text: 'no' }] } }] },
      ],
      inferenceConfig: { maxTokens: 50, temperature: 0.5, stopSequences: ['X'] }, additionalModelResponseFieldPaths: ['/stop_sequence'],
      toolConfig: { tools: [{ toolSpec: { name: 'f', inputSchema: { json: { type: 'object' } } } }, { cachePoint: { type: 'default' } }], toolChoice: { any: {} } },
      additionalModelRequestFields: { top_k: 3, thinking: { type: 'enabled', budget_tokens: 1024 } },
      outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema: { schema: '{"type":"object"}', name: 's' } } } },
    });
  });

  it.each([
    ['n', neutralRequest({ choices: 2 })], ['logprobs', neutralRequest({ conversation: { sampling: { logprobs: { top: 0 } } } })], ['frequency_penalty', neutralRequest({ conversation: { sampling: { frequencyPenalty: 1 } } })],
    ['JSON without a schema', neutralRequest({ conversation: { format: { type: 'json' } } })], ['best_effort', neutralRequest({ conversation: { rest: { best_effort: 1 } } })],
    ['earlier calls of tools without the tools', neutralRequest({ conversation: { turns: [CALLED] } })], ['tool_choice none after tools were called', neutralRequest({ conversation: { turns: [CALLED], tools: [F], toolChoice: { mode: 'none' } } })],
    [null, neutralRequest({ conversation: { turns: [CALLED], tools: [F] } })],
    [null, neutralRequest({ conversation: { sampling: { frequencyPenalty: 0, seed: 4 }, rest: { safety_identifier: 'x' } } })],
  ])('cannot carry %s', (what, request) => {
    expect(bedrockBackend.cannot(request)).toBe(what);
  });
});

describe('a signature', () => {
  const out = { method: 'POST', path: '/model/m/converse', headers: ['content-type', 'application/json'], body: Buffer.from('{"messages":[]}'), inputBound: 1, outputBound: 1, textBytes: 1 } as const;
  const to = (key: string, host = 'bedrock-runtime.us-east-1.amazonaws.com', nowMs = Date.UTC(2015, 7, 30, 12, 36)) => bedrockBackend.sign!(out, { url: new URL(`https://${host}/model/anthropic.claude%3A0/converse`), key, options: {}, nowMs });

  it('covers host, time and body, and is the same from all forms of the key', async () => {
    const signed = await to('AKIDEXAMPLEAKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY');
    const pairs = Object.fromEntries(Array.from({ length: signed.length / 2 }, (_, at) => [signed[2 * at], signed[2 * at + 1]])) as Record<string, string>;
    expect(pairs['x-amz-date']).toBe('20150830T123600Z');
    expect(pairs['authorization']).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLEAKIDEXAMPLE\/20150830\/us-east-1\/bedrock\/aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, Signature=[0-9a-f]{64}$/);
    expect(await to('{"accessKeyId":"AKIDEXAMPLEAKIDEXAMPLE","secretAccessKey":"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}')).toEqual(signed);
    expect((await to('AKIDEXAMPLEAKIDEXAMPLE:secret:token')).includes('x-amz-security-token')).toBe(true);
  });

  it('is the one that Amazon\'s own signer makes with Amazon\'s own SHA-256', async () => {
    // @smithy/signature-v4 5.7.5 with @aws-crypto/sha256-js 5.2.0, over the same request.
    expect((await to('AKIDEXAMPLEAKIDEXAMPLE:secret', undefined, 1e12)).at(-1)).toMatch(/Signature=6b459770e863e9b61fc76f580d0f48485d44a4bd73fbbd18bd909c5beb263793$/);
  });

  it('is not needed for a bearer key, and needs a region', async () => {
    expect(await to('ABSKexample')).toEqual(['authorization', 'Bearer ABSKexample']);
    await expect(to('AKIDEXAMPLEAKIDEXAMPLE:secret', 'gateway.example')).rejects.toMatchObject({ code: 'setting_invalid' });
  });
});

describe('a reply of Bedrock', () => {
  it('whole: thoughts, text and calls, counted in disjoint buckets', () => {
    const reply = bedrockBackend.whole(JSON.stringify({
      output: { message: { role: 'assistant', content: [{ reasoningContent: { reasoningText: { text: 'Hm', signature: 's' } } }, { reasoningContent: { redactedContent: 'QUJD' } }, { text: 'Hi' }, { toolUse: { toolUseId: 't', name: 'sql', input: { input: 'select 1' } } }] } },
      stopReason: 'tool_use', usage: USAGE, metrics: { latencyMs: 1 },
    }), neutralRequest({ conversation: { tools: [{ type: 'custom', name: 'sql' }] } }), {});
    expect(reply).toEqual({ native: null, serviceTier: null, usage: COUNTS, choices: [{ finish: 'tool_calls', stopText: null, logprobs: null, parts: [
      { type: 'reasoning', text: 'Hm', form: 'text', sealed: { dialect: 'bedrock', kind: 'signature', value: 's' } }, { type: 'reasoning', text: '', form: 'text', sealed: { dialect: 'bedrock', kind: 'redacted', value: 'QUJD' } },
      { type: 'text', text: 'Hi' }, { type: 'tool_call', id: 't', name: 'sql', kind: 'custom', input: 'select 1' },
    ] }] });
  });

  it('streamed: is read alike wherever its bytes are cut', () => {
    const { events, reader } = read(STREAM);
    expect(events).toEqual([
      { type: 'part', choice: 0, part: 0, opens: 'reasoning' }, { type: 'delta', choice: 0, part: 0, text: 'Hm, ' }, { type: 'delta', choice: 0, part: 0, text: 'warm?' },
      { type: 'part_end', choice: 0, part: 0, sealed: { dialect: 'bedrock', kind: 'signature', value: 'sig' } },
      { type: 'part', choice: 0, part: 1, opens: 'text' }, { type: 'delta', choice: 0, part: 1, text: 'Grüße' }, { type: 'delta', choice: 0, part: 1, text: ' 🎉\n\ndata: [DONE]' }, { type: 'part_end', choice: 0, part: 1 },
      { type: 'part', choice: 0, part: 2, opens: 'tool_call', id: 't1', name: 'f', kind: 'function' }, { type: 'delta', choice: 0, part: 2, text: '{"a"' }, { type: 'delta', choice: 0, part: 2, text: ':1}' }, { type: 'part_end', choice: 0, part: 2 },
      { type: 'finish', choice: 0, reason: 'tool_calls', stopText: null },
    ]);
    expect(reader).toMatchObject({ usage: COUNTS, done: true, pieces: 7 });
    fc.assert(fc.property(fc.uniqueArray(fc.nat(STREAM.length), { maxLength: 12 }), (cuts) => {
      expect(read(STREAM, cuts.sort((a, b) => a - b)).events).toEqual(events);
    }));
  });

  it('counts a zero as a zero and nothing as unknown', () => {
    expect(read(Buffer.concat([END[0]!, frame('metadata', { usage: { inputTokens: 0, outputTokens: 0, totalTokens: 0 } })])).reader.usage).toEqual({ input: 0, cacheRead: 0, cacheWrite: 0, cacheWriteLong: 0, output: 0, reasoning: 0 });
    expect(read(END[0]!).reader.usage).toBeNull();
  });

  const damaged = Buffer.from(STREAM);
  damaged[40] = damaged[40]! ^ 1;
  it.each([
    ['that breaks off', STREAM.subarray(0, -300), /ended in the middle/], ['that breaks off in a frame', Buffer.concat([END[0]!, END[1]!.subarray(0, 20)]), /ended in the middle/],
    ['whose sum is wrong', damaged, /damaged/], ['of another kind', Buffer.from('data: {"choices":[]}\n\n'), /impossible length/],
    ['with a broken call', frame('messageStop', { stopReason: 'malformed_tool_use' }), /cannot be read/],
  ])('%s is no whole one', (_what, bytes, message) => {
    expect(() => read(bytes)).toThrow(message);
  });

  it('tells an exception inside the stream', () => {
    expect(() => read(frame('throttlingException', { message: 'Too many' }, 'exception'))).toThrow(expect.objectContaining({ said: 'Too many', busy: true }));
    expect(() => read(frame('modelStreamErrorException', { message: 'Broke' }, 'exception'))).toThrow(expect.objectContaining({ said: 'Broke', busy: false }));
    expect(bedrockBackend.errorMessage('{"message":"The security token is invalid"}')).toBe('The security token is invalid');
  });
});
