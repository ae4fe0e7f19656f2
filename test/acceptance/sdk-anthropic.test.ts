import Anthropic from '@anthropic-ai/sdk';
import { createAnthropic } from '@ai-sdk/anthropic';
import { generateText, streamText } from 'ai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProgram, stopEverything, type Program } from './support/program.ts';

const MODEL = 'tandem/local';
const ask = (text: string) => ({ model: MODEL, max_tokens: 60, temperature: 0, messages: [{ role: 'user' as const, content: text }] });
const QUESTION = 'What is the capital of France?';

let program: Program;
let client: Anthropic;

beforeAll(async () => {
  program = await startProgram({ direct: true, env: { TANDEM_LOG: 'warn' } });
  client = new Anthropic({ baseURL: program.url, apiKey: program.key, maxRetries: 0 });
}, 120_000);

afterAll(async () => {
  await program?.interrupt();
  stopEverything();
});

describe('@anthropic-ai/sdk, unmodified, on the local model', () => {
  test('answers whole and streamed, with the same tokens as it counts', async () => {
    const whole = await client.messages.create({ ...ask(QUESTION), system: 'Answer in one sentence.' });
    expect(whole).toMatchObject({ type: 'message', role: 'assistant', model: MODEL, stop_reason: 'end_turn', content: [{ type: 'text', text: expect.stringContaining('Paris') }] });
    const stream = client.messages.stream(ask(QUESTION));
    let text = '';
    stream.on('text', (piece) => { text += piece; });
    const { usage } = await stream.finalMessage();
    expect(text).toContain('Paris');
    const counted = await client.messages.countTokens({ model: MODEL, messages: ask(QUESTION).messages }).withResponse();
    expect(counted.data.input_tokens).toBe(usage.input_tokens + (usage.cache_read_input_tokens ?? 0));
    expect(counted.response.headers.get('x-tandem-token-count')).toBe('tokenizer');
  });

  test('obeys max_tokens, stop_sequences and a JSON schema', async () => {
    const short = await client.messages.create({ ...ask(QUESTION), max_tokens: 3 });
    expect(short).toMatchObject({ stop_reason: 'max_tokens' });
    expect(short.usage.output_tokens).toBeLessThanOrEqual(3);
    const stopped = await client.messages.create({ ...ask(QUESTION), stop_sequences: ['Paris'] });
    expect(JSON.stringify(stopped.content)).not.toContain('Paris');
    expect(stopped).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'Paris' });
    const schema = { type: 'object', properties: { city: { type: 'string', maxLength: 20 }, population: { type: 'integer' } }, required: ['city', 'population'], additionalProperties: false };
    const formed = await client.messages.create({ ...ask('Paris as JSON'), max_tokens: 100, output_config: { format: { type: 'json_schema', schema } } });
    const value = JSON.parse(formed.content[0]?.type === 'text' ? formed.content[0].text : '') as { city: unknown; population: unknown };
    expect([typeof value.city, Number.isInteger(value.population)]).toEqual(['string', true]);
  });

  test('lists models and gets its own error classes', async () => {
    expect((await client.models.list()).data.map(({ id }) => id)).toContain(MODEL);
    await expect(new Anthropic({ baseURL: program.url, apiKey: 'tdm_wrong', maxRetries: 0 }).messages.create(ask('x'))).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
    await expect(client.messages.create({ ...ask('x'), model: 'tandem/locla' })).rejects.toMatchObject({ status: 404, type: 'not_found_error', errorCode: 'model_not_found' });
    await expect(client.messages.create({ ...ask('x'), tools: [{ name: 'look', input_schema: { type: 'object' } }] })).rejects.toMatchObject({ status: 400, errorCode: 'unsupported_parameter' });
  });

  test('is on the bill', () => {
    expect(program.cli('bill').out).toContain(MODEL);
  });
});

describe('@ai-sdk/anthropic, through Vercel\'s ai', () => {
  test('generates and streams', async () => {
    const model = createAnthropic({ baseURL: `${program.url}/v1`, apiKey: program.key })(MODEL);
    expect((await generateText({ model, prompt: QUESTION, temperature: 0, maxOutputTokens: 60, maxRetries: 0 })).text).toContain('Paris');
    expect(await streamText({ model, prompt: QUESTION, temperature: 0, maxOutputTokens: 60, maxRetries: 0 }).text).toContain('Paris');
  });
});
