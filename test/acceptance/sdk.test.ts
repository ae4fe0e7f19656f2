import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, streamText } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProgram, stopEverything, type Program } from './support/program.ts';

const MODEL = 'tandem/local';
const QUESTION = 'What is the capital of France?';

let program: Program;

beforeAll(async () => {
  program = await startProgram({ direct: true, env: { TANDEM_LOG: 'warn' } });
}, 120_000);

afterAll(async () => {
  await program?.interrupt();
  stopEverything();
});

describe('openai, unmodified', () => {
  const client = () => new OpenAI({ baseURL: `${program.url}/v1`, apiKey: program.key, maxRetries: 0 });

  test('answers whole, with usage and finish reason', async () => {
    const reply = await client().chat.completions.create({ model: MODEL, messages: [{ role: 'user', content: QUESTION }], temperature: 0 });
    expect(reply.choices[0]!.message.content).toContain('Paris');
    expect(reply).toMatchObject({ object: 'chat.completion', model: MODEL, choices: [{ index: 0, finish_reason: 'stop' }] });
    expect(reply.usage!.total_tokens).toBe(reply.usage!.prompt_tokens + reply.usage!.completion_tokens);
  });

  test('streams token by token, with usage only when asked for', async () => {
    const ask = async (include: boolean) => {
      const stream = await client().chat.completions.create({ model: MODEL, stream: true, temperature: 0, messages: [{ role: 'user', content: QUESTION }], ...(include ? { stream_options: { include_usage: true } } : {}) });
      let text = '';
      let pieces = 0;
      let usage: OpenAI.CompletionUsage | null | undefined;
      let finish: string | null = null;
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? '';
        pieces += chunk.choices[0]?.delta.content ? 1 : 0;
        finish = chunk.choices[0]?.finish_reason ?? finish;
        usage = chunk.usage ?? usage;
      }
      return { text, pieces, usage, finish };
    };
    const plain = await ask(false);
    expect(plain.text).toContain('Paris');
    expect(plain.pieces).toBeGreaterThan(3);
    expect(plain.finish).toBe('stop');
    expect(plain.usage ?? null).toBeNull();
    expect((await ask(true)).usage!.completion_tokens).toBeGreaterThan(3);
  });

  test('obeys max tokens, stop and a JSON schema', async () => {
    const short = await client().chat.completions.create({ model: MODEL, max_tokens: 3, messages: [{ role: 'user', content: QUESTION }] });
    expect(short.choices[0]!.finish_reason).toBe('length');
    expect(short.usage!.completion_tokens).toBeLessThanOrEqual(3);
    const stopped = await client().chat.completions.create({ model: MODEL, stop: ['Paris'], messages: [{ role: 'user', content: QUESTION }] });
    expect(stopped.choices[0]!.message.content).not.toContain('Paris');
    const schema = { type: 'object', properties: { city: { type: 'string', maxLength: 20 }, population: { type: 'integer' } }, required: ['city', 'population'], additionalProperties: false } as const;
    const formed = await client().chat.completions.create({ model: MODEL, max_tokens: 100, messages: [{ role: 'user', content: 'Paris as JSON' }], response_format: { type: 'json_schema', json_schema: { name: 'city', schema } } });
    const value = JSON.parse(formed.choices[0]!.message.content!) as { city: string; population: number };
    expect(typeof value.city).toBe('string');
    expect(Number.isInteger(value.population)).toBe(true);
  });

  test('keeps responses, goes on from them and makes what a schema says', async () => {
    const first = await client().responses.create({ model: MODEL, input: QUESTION, temperature: 0 });
    expect([first.status, first.output_text]).toEqual(['completed', expect.stringContaining('Paris')]);
    const second = await client().responses.create({ model: MODEL, previous_response_id: first.id, input: 'Say it again.', max_output_tokens: 5 });
    expect(second.usage!.input_tokens).toBeGreaterThan(first.usage!.input_tokens);
    expect(second.incomplete_details?.reason ?? 'max_output_tokens').toBe('max_output_tokens');
    const schema = { type: 'object', properties: { city: { type: 'string', maxLength: 20 } }, required: ['city'], additionalProperties: false };
    const formed = await client().responses.create({ model: MODEL, input: 'Paris as JSON', max_output_tokens: 60, text: { format: { type: 'json_schema', name: 'city', schema } } });
    expect(typeof (JSON.parse(formed.output_text) as { city: string }).city).toBe('string');
    expect((await client().responses.retrieve(formed.id)).output_text).toBe(formed.output_text);
  });

  test('lists and shows models', async () => {
    const ids: string[] = [];
    for await (const model of client().models.list()) ids.push(model.id);
    expect(ids).toContain(MODEL);
  });

  test('gets its own error classes', async () => {
    const wrong = new OpenAI({ baseURL: `${program.url}/v1`, apiKey: 'tdm_wrong', maxRetries: 0 });
    await expect(wrong.chat.completions.create({ model: MODEL, messages: [{ role: 'user', content: 'x' }] })).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    await expect(client().chat.completions.create({ model: 'tandem/locla', messages: [{ role: 'user', content: 'x' }] })).rejects.toMatchObject({ status: 404, code: 'model_not_found', message: expect.stringContaining('tandem/local') });
    await expect(client().chat.completions.create({ model: MODEL, messages: [{ role: 'user', content: 'x' }], temperature: 9 })).rejects.toBeInstanceOf(OpenAI.BadRequestError);
  });

  test('a client that leaves stops the model and pays for what it got', async () => {
    const leaving = new AbortController();
    const stream = await client().chat.completions.create({ model: MODEL, stream: true, max_tokens: 400, messages: [{ role: 'user', content: 'Write a very long story about a river.' }] }, { signal: leaving.signal });
    let pieces = 0;
    await (async () => {
      for await (const _ of stream) {
        pieces += 1;
        if (pieces === 5) leaving.abort();
      }
    })().catch((error: unknown) => {
      if (!leaving.signal.aborted) throw error;
    });
    expect(pieces).toBeLessThan(50);
  });

  test('a repeated Idempotency-Key gets the same reply and is charged once', async () => {
    const call = () => client().chat.completions.create({ model: MODEL, messages: [{ role: 'user', content: 'Say a random word.' }], temperature: 1 }, { headers: { 'idempotency-key': 'acceptance-1' } });
    const [first, joined] = await Promise.all([call(), call()]);
    const later = await call();
    expect(joined).toEqual(first);
    expect(later).toEqual(first);
  });
});

describe('the Vercel AI SDK, unmodified', () => {
  const models = () => ({
    compatible: createOpenAICompatible({ name: 'tandem', baseURL: `${program.url}/v1`, apiKey: program.key, includeUsage: true })(MODEL),
    openai: createOpenAI({ baseURL: `${program.url}/v1`, apiKey: program.key }).chat(MODEL),
  });

  test.each(['compatible', 'openai'] as const)('%s: whole and streamed', async (which) => {
    const whole = await generateText({ model: models()[which], prompt: QUESTION, temperature: 0, maxRetries: 0 });
    expect(whole.text).toContain('Paris');
    expect(whole.usage.outputTokens).toBeGreaterThan(0);
    const streamed = streamText({ model: models()[which], prompt: QUESTION, temperature: 0, maxRetries: 0 });
    let text = '';
    for await (const piece of streamed.textStream) text += piece;
    expect(text).toContain('Paris');
    expect((await streamed.usage).outputTokens).toBeGreaterThan(0);
    expect(await streamed.finishReason).toBe('stop');
  });
});
