import { createOpenAI } from '@ai-sdk/openai';
import { Output, generateText, isStepCount, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { ResponsesWS } from 'openai/resources/responses/ws';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { CHAT, LOCAL, RESPONSES, openStandInHouse, type StandInHouse } from '../testing/stand-in-house.ts';

/** The SDKs as they come from npm (openai 7.57, ai 7.0 with @ai-sdk/openai 4.0), against STAND-INS of model servers. */
let standIns: StandInHouse;
let client: OpenAI;

beforeAll(async () => {
  standIns = await openStandInHouse();
  client = sdk(standIns.house.operator.adminKey);
}, 60_000);
afterAll(() => standIns.close());

const sdk = (apiKey: string) => new OpenAI({ baseURL: `${standIns.house.url}/v1`, apiKey, maxRetries: 0 });
const City = z.object({ city: z.string(), population: z.number() });
const weather = { type: 'function', name: 'get_weather', description: 'The weather', strict: false, parameters: { type: 'object', properties: { location: { type: 'string' } }, required: ['location'] } } as const;

describe.each([CHAT, RESPONSES, LOCAL])('openai, unmodified, on %s', (model) => {
  test('answers whole and streamed, the same text', async () => {
    const whole = await client.responses.create({ model, input: 'What is the capital of France?', metadata: { team: 'maps' } });
    expect(whole).toMatchObject({ object: 'response', model, status: 'completed', metadata: { team: 'maps' } });
    expect(whole.output_text.length).toBeGreaterThan(3);
    expect(whole.usage!.total_tokens).toBe(whole.usage!.input_tokens + whole.usage!.output_tokens);
    const stream = client.responses.stream({ model, input: 'What is the capital of France?' });
    let text = '';
    stream.on('response.output_text.delta', ({ delta }) => { text += delta; });
    const final = await stream.finalResponse();
    expect([text, final.output_text]).toEqual([whole.output_text, whole.output_text]);
  });

  test('keeps, fetches, lists and deletes', async () => {
    const first = await client.responses.create({ model, input: 'My name is Alice.' });
    const second = await client.responses.create({ model, previous_response_id: first.id, input: 'What is my name?' });
    expect(await client.responses.retrieve(second.id)).toMatchObject({ id: second.id, output_text: second.output_text, previous_response_id: first.id });
    const items: string[] = [];
    for await (const item of client.responses.inputItems.list(second.id, { limit: 2, order: 'asc' })) items.push(item.type);
    expect(items).toEqual(['message', 'message', 'message']);
    await client.responses.delete(first.id);
    await expect(client.responses.retrieve(first.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(client.responses.create({ model, previous_response_id: second.id, input: 'x' })).rejects.toMatchObject({ status: 404, code: 'previous_response_not_found' });
  });

  test('runs in the background and is polled', async () => {
    let response = await client.responses.create({ model, input: 'Think long.', background: true });
    expect(['queued', 'in_progress']).toContain(response.status);
    await vi.waitFor(async () => {
      response = await client.responses.retrieve(response.id);
      expect(response.status).toBe('completed');
    }, { timeout: 15_000, interval: 50 });
    expect(response.output_text.length).toBeGreaterThan(3);
    expect((await client.responses.cancel(response.id)).status).toBe('completed');
  });

  test('streams in the background, and goes on from where a reader left', async () => {
    const seen: OpenAI.Responses.ResponseStreamEvent[] = [];
    for await (const event of await client.responses.create({ model, input: 'Count.', background: true, stream: true })) seen.push(event);
    const [created] = seen;
    if (created?.type !== 'response.created') throw new Error('it does not begin with response.created');
    const rest: OpenAI.Responses.ResponseStreamEvent[] = [];
    for await (const event of await client.responses.retrieve(created.response.id, { stream: true, starting_after: 2 })) rest.push(event);
    expect(rest).toEqual(seen.slice(3));
    expect(rest.at(-1)!.type).toBe('response.completed');
  });

  test('makes what a schema says', async () => {
    const parsed = await client.responses.parse({ model, input: 'Paris as JSON', max_output_tokens: 200, text: { format: zodTextFormat(City, 'city') } });
    expect(City.safeParse(parsed.output_parsed).success).toBe(true);
  });
});

describe.each([CHAT, RESPONSES])('openai, unmodified, with tools on %s', (model) => {
  test('calls a tool and reads its result', async () => {
    const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'What is the weather in San Francisco?' }];
    const first = await client.responses.create({ model, input, tools: [weather], store: false });
    const call = first.output.find((item) => item.type === 'function_call')!;
    expect(JSON.parse(call.arguments)).toEqual({ location: 'San Francisco, CA' });
    const second = await client.responses.create({ model, store: false, tools: [weather], input: [...input, ...first.output as OpenAI.Responses.ResponseInput, { type: 'function_call_output', call_id: call.call_id, output: 'sunny' }] });
    expect(second.output_text).toContain('Paris');
    // Ids that were made here are no business of a backend's.
    for (const { body } of standIns.seen()) expect(JSON.stringify(body)).not.toMatch(/"id":"fc_0/);
  });
});

test('the SDK\'s own WebSocket client goes on from what is not kept', async () => {
  const socket = new ResponsesWS(client);
  const ends: OpenAI.Responses.Response[] = [];
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('response.completed', ({ response }) => {
      ends.push(response);
      if (ends.length === 2) resolve();
      else socket.send({ type: 'response.create', model: CHAT, store: false, previous_response_id: response.id, input: 'And now?' });
    });
    socket.send({ type: 'response.create', model: CHAT, store: false, input: 'Hello' });
  });
  socket.close();
  expect(ends.map(({ status }) => status)).toEqual(['completed', 'completed']);
  expect(ends[1]!.previous_response_id).toBe(ends[0]!.id);
});

test('a wrong request gets the error classes of the SDK', async () => {
  await expect(sdk('tdm_wrong').responses.create({ model: CHAT, input: 'x' })).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  await expect(client.responses.create({ model: 'stand-in/caht', input: 'x' })).rejects.toMatchObject({ status: 404, code: 'model_not_found', message: expect.stringContaining(CHAT) });
  await expect(client.responses.create({ model: CHAT, input: 'x', tools: [{ type: 'web_search' }] })).rejects.toMatchObject({ status: 400, param: 'tools[0].type' });
  await expect(client.responses.create({ model: LOCAL, input: 'x', tools: [weather] })).rejects.toMatchObject({ status: 400, code: 'unsupported_parameter' });
  await expect(client.responses.inputItems.list('resp_none')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  const wrongly = await fetch(`${standIns.house.url}/v1/responses/resp_x/steer`, { method: 'POST', headers: { authorization: `Bearer ${standIns.house.operator.adminKey}` } });
  expect(wrongly.status).toBe(501);
});

test('calls of tools in a namespace come back in it, whatever the backend speaks, and go on from there', async () => {
  const space: OpenAI.Responses.NamespaceTool = { type: 'namespace', name: 'maps', description: 'About places.', tools: [weather] };
  for (const model of [CHAT, RESPONSES]) for (const stream of [false, true]) {
    const asking = { model, store: false, input: 'Weather?', tools: [space] };
    const { output } = stream ? await client.responses.stream(asking).finalResponse() : await client.responses.create(asking);
    const [called] = output;
    // A stand-in of this dialect is sent the namespace itself, and calls it by its name.
    expect(called).toMatchObject(model === CHAT ? { type: 'function_call', namespace: 'maps', name: 'get_weather', arguments: '{"location":"San Francisco, CA"}' } : { type: 'function_call', name: 'maps' });
    if (model !== CHAT || called?.type !== 'function_call') continue;
    await client.responses.create({ ...asking, input: [{ role: 'user', content: 'Weather?' }, called, { type: 'function_call_output', call_id: called.call_id, output: '20' }] });
    const { body } = standIns.seen().findLast(({ path }) => path.endsWith('/chat/completions'))!;
    expect(body['tools']).toMatchObject([{ function: { name: 'maps__get_weather', description: 'About places.\n\nThe weather' } }]);
    expect(body['messages']).toMatchObject([{}, { tool_calls: [{ function: { name: 'maps__get_weather' } }] }, { role: 'tool' }]);
  }
});

test('Codex is answered with the tools of its own, without those that it offers whoever it calls', async () => {
  const codex = new OpenAI({ baseURL: `${standIns.house.url}/v1`, apiKey: standIns.house.operator.adminKey, maxRetries: 0, defaultHeaders: { originator: 'codex_cli_rs', 'user-agent': 'codex_cli_rs/0.171.0 (Debian 13.0.0; x86_64)' } });
  for (const model of [CHAT, RESPONSES]) {
    // A field that only Codex sends, so that the SDK has no type for it.
    const more: object = { client_metadata: { 'x-codex-installation-id': 'i' } };
    const { output, tools } = await codex.responses.create({
      ...more, model, store: false, include: ['reasoning.encrypted_content'], input: 'Weather?', tools: [weather, { type: 'web_search' }, { type: 'image_generation' }],
    });
    expect(output).toMatchObject([{ type: 'function_call', name: 'get_weather' }]);
    expect(tools).toMatchObject([{ name: 'get_weather' }]);
  }
});

test('a key of another project finds nothing of this one', async () => {
  const { house } = standIns;
  const ask = house.as(house.operator.adminKey);
  const project = (await ask('POST', '/api/projects', { name: 'foreign' })).body as { id: string };
  const { secret } = (await ask('POST', '/api/keys', { name: 'foreign', projectId: project.id, role: 'developer' })).body as { secret: string };
  const { id } = await client.responses.create({ model: CHAT, input: 'x', background: true });
  const foreign = sdk(secret);
  const { responses } = foreign;
  for (const attempt of [() => responses.retrieve(id), () => responses.cancel(id), () => responses.delete(id), () => responses.inputItems.list(id), () => responses.create({ model: CHAT, previous_response_id: id, input: 'x' })]) {
    await expect(attempt()).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  }
  await house.access.refusalsWritten();
  const { items } = (await ask('GET', '/api/events?action=response.refuse')).body as { items: { resourceId: string }[] };
  expect(items.filter(({ resourceId }) => resourceId === id)).toHaveLength(5);
});

describe.each([CHAT, RESPONSES])('the Vercel AI SDK, unmodified, on %s', (name) => {
  const model = () => createOpenAI({ baseURL: `${standIns.house.url}/v1`, apiKey: standIns.house.operator.adminKey }).responses(name);

  test('whole and streamed', async () => {
    const whole = await generateText({ model: model(), prompt: 'The capital of France?', maxRetries: 0 });
    expect([whole.text, whole.finishReason, whole.usage.inputTokens, whole.usage.outputTokens]).toEqual(['Paris is the capital.', 'stop', 20, 5]);
    const streamed = streamText({ model: model(), prompt: 'The capital of France?', maxRetries: 0 });
    let text = '';
    for await (const piece of streamed.textStream) text += piece;
    expect([text, await streamed.finishReason]).toEqual(['Paris is the capital.', 'stop']);
  });

  test('several steps with a tool, whose items it names by their ids', async () => {
    const tools = { get_weather: tool({ description: 'The weather', inputSchema: z.object({ location: z.string() }), execute: async ({ location }) => `sunny in ${location}` }) };
    const { steps, text } = await generateText({ model: model(), tools, stopWhen: isStepCount(3), prompt: 'The weather?', maxRetries: 0 });
    expect([steps.length, text]).toEqual([2, 'Paris is the capital.']);
    expect(standIns.seen().some(({ body }) => JSON.stringify(body).includes('sunny in San Francisco'))).toBe(true);
  });

  test('structured output', async () => {
    const { output } = await generateText({ model: model(), output: Output.object({ schema: City }), prompt: 'Paris', maxRetries: 0 });
    expect(output).toEqual({ city: 'Paris', population: 2_100_000 });
  });
});
