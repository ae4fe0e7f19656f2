import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, jsonSchema, stepCountIs, tool } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FakeBackend } from '../../models/testing/fake-backend.ts';
import { ModelHouse } from '../testing/model-house.ts';
import { TEST_KEY } from '../testing/shell.ts';

const house = new ModelHouse();
let url = '';
let gemini: FakeBackend;
let chat: FakeBackend;

/** STAND-IN: an answer that calls two tools at once, of which the first is signed (Gemini API, "Thought signatures"). */
const CALLS = [
  { functionCall: { id: 'c1', name: 'weather', args: { city: 'Paris' } }, thoughtSignature: 'SIG==' },
  { functionCall: { id: 'c2', name: 'weather', args: { city: 'Rome' } } },
];
const said = (parts: unknown[]) => ({ candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP', index: 0 }], usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 5 }, responseId: 'r1' });
const parameters = { type: 'object', properties: { city: { type: 'string' } } } as const;
const tools: OpenAI.ChatCompletionTool[] = [{ type: 'function', function: { name: 'weather', parameters } }];

beforeAll(async () => {
  url = await house.open(['gemini', 'openai-compatible']);
  gemini = house.server('gemini');
  chat = house.server('openai-compatible');
  gemini.answer = (response, { path, body }) => {
    const answered = JSON.stringify(body['contents']).includes('functionResponse');
    const reply = said(answered ? [{ text: '20 and 25 degrees.' }] : CALLS);
    const streamed = path.includes('stream');
    response.writeHead(200, { 'content-type': streamed ? 'text/event-stream' : 'application/json' }).end(streamed ? `data: ${JSON.stringify(reply)}\n\n` : JSON.stringify(reply));
  };
});
afterAll(() => house.close());
beforeEach(() => { gemini.requests.length = 0; });

/** What Gemini is sent of the calls that it made before. */
const sentBack = () => {
  const [, turn] = gemini.requests.at(-1)!.body['contents'] as { parts: unknown[] }[];
  return turn!.parts;
};

describe('the signature of a call that Gemini made', () => {
  it.each([false, true])('comes back with the messages that OpenAI\'s client keeps, streamed: %s', async (stream) => {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: TEST_KEY, maxRetries: 0 });
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Weather in Paris and Rome?' }];
    const ask = async (): Promise<OpenAI.ChatCompletionMessage> => {
      if (!stream) return (await client.chat.completions.create({ model: 'gemini', messages, tools })).choices[0]!.message;
      return (await client.chat.completions.stream({ model: 'gemini', messages, tools }).finalMessage());
    };
    const called = await ask();
    messages.push(called, ...called.tool_calls!.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: '20' }) as const));
    expect((await ask()).content).toBe('20 and 25 degrees.');
    expect(sentBack()).toEqual(CALLS);
  });

  it('comes back with Vercel\'s client', async () => {
    const provider = createOpenAICompatible({ name: 'tandem', baseURL: `${url}/v1`, apiKey: TEST_KEY });
    const { text } = await generateText({
      model: provider('gemini'), prompt: 'Weather?', stopWhen: stepCountIs(3), maxRetries: 0,
      tools: { weather: tool({ description: 'The weather.', inputSchema: jsonSchema<{ city: string }>(parameters), execute: async () => ({ degrees: 20 }) }) },
    });
    expect(text).toBe('20 and 25 degrees.');
    expect(sentBack()).toEqual(CALLS);
  });

  it('goes to no other server, and what others put there stays', async () => {
    chat.json(200, { id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } });
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: TEST_KEY, maxRetries: 0 });
    const first = await client.chat.completions.create({ model: 'gemini', messages: [{ role: 'user', content: 'Weather?' }], tools });
    const theirs = { ...first.choices[0]!.message.tool_calls![1]!, extra_content: { google: { thought_signature: 'made by the server itself' } } };
    const called = { ...first.choices[0]!.message, tool_calls: [first.choices[0]!.message.tool_calls![0]!, theirs] };
    await client.chat.completions.create({ model: 'openai-compatible', tools, messages: [{ role: 'user', content: 'Weather?' }, called, { role: 'tool', tool_call_id: 'c1', content: '1' }, { role: 'tool', tool_call_id: 'c2', content: '2' }] });
    const [, sent] = chat.requests.at(-1)!.body['messages'] as { tool_calls: Record<string, unknown>[] }[];
    expect(sent!.tool_calls[0]).toEqual({ id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } });
    expect(sent!.tool_calls[1]!['extra_content']).toEqual(theirs.extra_content);
  });
});
