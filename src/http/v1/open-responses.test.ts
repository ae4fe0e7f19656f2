import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compactResource, responseResource, streamingEvent, type ResponseResource, type StreamingEvent } from '../testing/open-responses.ts';
import { CHAT, LOCAL, RESPONSES, openStandInHouse, type StandInHouse } from '../testing/stand-in-house.ts';
import type { WholeHouse } from '../testing/whole-house.ts';

/**
 * The public compliance cases of Open Responses, built anew from reading `src/lib/compliance-tests.ts` of openresponses/openresponses
 * (commits 5e23378, 18e5656, 0cb939c and the later suite of eighteen). Each runs against a STAND-IN that speaks chat completions and
 * one that speaks responses; those of text alone also against the local engine with a fake model.
 */
let house: WholeHouse;
let standIns: StandInHouse;

beforeAll(async () => {
  standIns = await openStandInHouse();
  ({ house } = standIns);
}, 60_000);
afterAll(() => standIns.close());

async function respond(body: object): Promise<ResponseResource> {
  const reply = await house.as(house.operator.adminKey)('POST', '/v1/responses', body);
  expect(reply.status, JSON.stringify(reply.body)).toBe(200);
  return responseResource.parse(reply.body);
}

async function stream(body: object): Promise<{ events: StreamingEvent[]; final: ResponseResource }> {
  const reply = await fetch(`${house.url}/v1/responses`, {
    method: 'POST', headers: { authorization: `Bearer ${house.operator.adminKey}`, 'content-type': 'application/json' }, body: JSON.stringify({ ...body, stream: true }),
  });
  expect([reply.status, reply.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/event-stream')]);
  const frames = (await reply.text()).split('\n\n').filter((frame) => frame !== '');
  expect(frames.at(-1)).toBe('data: [DONE]');
  const events = frames.slice(0, -1).map((frame) => {
    const [name, data] = frame.split('\n');
    const event = streamingEvent.parse(JSON.parse(data!.slice('data: '.length)));
    expect(name).toBe(`event: ${event.type}`);
    return event;
  });
  const last = events.at(-1)!;
  if (!('response' in last)) throw new Error(`the last event is ${last.type}`);
  return { events, final: last.response };
}

const weather = {
  type: 'function', name: 'get_weather', description: 'Get the current weather for a location',
  parameters: { type: 'object', properties: { location: { type: 'string', description: 'The city and state, e.g. San Francisco, CA' } }, required: ['location'] },
};
const user = (content: unknown) => ({ type: 'message', role: 'user', content });
/** A red dot: the published case sends a small picture inline, too. */
const PNG = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==';
const PDF = 'data:application/pdf;base64,JVBERi0xLjEKJSVFT0Y=';

describe.each([CHAT, RESPONSES, LOCAL])('text alone, on %s', (model) => {
  test('basic-response', async () => {
    expect(await respond({ model, input: [user('Say hello in exactly 3 words.')] })).toMatchObject({ status: 'completed', output: [{ type: 'message' }] });
  });

  test('streaming-response', async () => {
    const { events, final } = await stream({ model, input: [user('Count from 1 to 5.')] });
    expect(final.status).toBe('completed');
    expect(events.some(({ type }) => type === 'response.output_text.delta')).toBe(true);
  });

  test('system-prompt', async () => {
    expect(await respond({ model, input: [{ type: 'message', role: 'system', content: 'You are a pirate. Always respond in pirate speak.' }, user('Say hello.')] })).toMatchObject({ status: 'completed', output: [{ type: 'message' }] });
  });

  test('multi-turn', async () => {
    const input = [user('My name is Alice.'), { type: 'message', role: 'assistant', content: 'Hello Alice! Nice to meet you. How can I help you today?' }, user('What is my name?')];
    expect(await respond({ model, input })).toMatchObject({ status: 'completed', output: [{ type: 'message' }] });
  });

  test('assistant-phase', async () => {
    const said = (phase: string, content: string) => ({ type: 'message', role: 'assistant', phase, content });
    const input = [said('commentary', 'I should answer with the saved number.'), said('final_answer', 'The number is four.'), user('Repeat only the number.')];
    expect(await respond({ model, input })).toMatchObject({ status: 'completed', output: [{ type: 'message' }] });
  });

  test('previous-response-id', async () => {
    const first = await respond({ model, input: 'Remember this code word: papaya. Reply with only OK.' });
    expect(await respond({ model, previous_response_id: first.id, input: 'What code word did I ask you to remember?' })).toMatchObject({ status: 'completed', previous_response_id: first.id, output: [{ type: 'message' }] });
  });

  test('compact-response', async () => {
    const reply = await house.as(house.operator.adminKey)('POST', '/v1/responses/compact', {
      model, prompt_cache_key: 'openresponses-compact-test',
      input: [user('We agreed to launch on Tuesday and notify support first.'), { type: 'message', role: 'assistant', content: 'Understood. The launch is Tuesday, with support notified beforehand.' }],
    });
    const { output } = compactResource.parse(reply.body);
    expect(output.map(({ type }) => type)).toContain('compaction');
    // What was compacted is taken as the beginning of another conversation.
    expect(await respond({ model, store: false, tools: [], input: [...output, user('Continue from here. Reply with exactly: compacted')] })).toMatchObject({ status: 'completed' });
  });
});

describe.each([CHAT, RESPONSES])('tools, images and files, on %s', (model) => {
  const question = { model, input: [user("What's the weather like in San Francisco?")], tools: [weather] };

  test('tool-calling', async () => {
    const { output } = await respond(question);
    expect(output).toMatchObject([{ type: 'function_call', name: 'get_weather', arguments: '{"location":"San Francisco, CA"}', status: 'completed' }]);
  });

  test('tool-calling-streaming', async () => {
    const { events } = await stream(question);
    const called = (type: string) => events.some((event) => event.type === type && (!('item' in event) || event.item.type === 'function_call'));
    for (const type of ['response.output_item.added', 'response.function_call_arguments.delta', 'response.function_call_arguments.done', 'response.output_item.done']) expect(called(type), type).toBe(true);
  });

  test('function-call-roundtrip', async () => {
    const first = await respond({ model, input: 'Use the weather tool to get the temperature in San Francisco.', tools: [weather], tool_choice: { type: 'function', name: 'get_weather' } });
    const [call] = first.output;
    if (call?.type !== 'function_call') throw new Error('no call');
    const second = await respond({ model, previous_response_id: first.id, tools: [weather], input: [{ type: 'function_call_output', call_id: call.call_id, output: '{"temperature":"18 C"}' }] });
    expect(second).toMatchObject({ status: 'completed', output: [{ type: 'message' }] });
  });

  test('image-input', async () => {
    const sent = () => standIns.seen().filter(({ body }) => JSON.stringify(body).includes(PNG)).length;
    const before = sent();
    expect(await respond({ model, input: [user([{ type: 'input_text', text: 'What do you see in this image? Answer in one sentence.' }, { type: 'input_image', image_url: PNG }])] })).toMatchObject({ status: 'completed', output: [{ type: 'message' }] });
    expect(sent()).toBe(before + 1);
  });

  test('file-input', async () => {
    const content = [{ type: 'input_text', text: 'Read the attached file and answer with its title only.' }, { type: 'input_file', filename: 'fixture.pdf', file_data: PDF }];
    expect(await respond({ model, input: [user(content)] })).toMatchObject({ status: 'completed', output: [{ type: 'message' }] });
  });
});

/** One connection with several turns; each waits for its last event or its error. */
async function session(turns: readonly ((before: readonly Turn[]) => object)[]): Promise<Turn[]> {
  const socket = new WebSocket(`${house.url.replace('http', 'ws')}/v1/responses`, { headers: { authorization: `Bearer ${house.operator.adminKey}` } });
  const done: Turn[] = [];
  let events: StreamingEvent[] = [];
  await new Promise<void>((resolve, reject) => {
    const next = () => {
      if (done.length === turns.length) resolve();
      else socket.send(JSON.stringify({ type: 'response.create', ...turns[done.length]!(done) }));
    };
    const finish = (turn: Partial<Turn>) => {
      done.push({ events, final: null, code: null, ...turn });
      events = [];
      next();
    };
    socket.addEventListener('open', next);
    socket.addEventListener('error', () => reject(new Error('the connection failed')));
    socket.addEventListener('close', () => reject(new Error('the connection was closed')));
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(String(data)) as { type: string; error?: { code: string } };
      if (message.type === 'error') return finish({ code: message.error!.code });
      const event = streamingEvent.parse(message);
      events.push(event);
      if (event.type === 'response.completed' || event.type === 'response.incomplete' || event.type === 'response.failed') finish({ final: event.response });
    });
  }).finally(() => socket.close());
  return done;
}

interface Turn {
  readonly events: readonly StreamingEvent[];
  readonly final: ResponseResource | null;
  readonly code: string | null;
}

describe.each([CHAT, RESPONSES, LOCAL])('over a WebSocket, on %s', (model) => {
  const unkept = (input: unknown, more: object = {}) => () => ({ model, store: false, input, ...more });
  const after = (input: unknown) => ([first]: readonly Turn[]) => ({ model, store: false, previous_response_id: first!.final!.id, input });

  test('websocket-response', async () => {
    const [turn] = await session([() => ({ model, input: [user('Count from 1 to 3.')] })]);
    expect(turn).toMatchObject({ final: { status: 'completed' }, code: null });
    expect(turn!.events.map(({ sequence_number }) => sequence_number)).toEqual(turn!.events.map((_event, at) => at));
  });

  test('websocket-sequential-responses', async () => {
    const turns = await session([unkept('Reply with exactly: first'), unkept('Reply with exactly: second')]);
    expect(turns.map(({ final }) => final?.status)).toEqual(['completed', 'completed']);
  });

  test('websocket-continuation', async () => {
    const [first, second] = await session([unkept('Remember the code word: cobalt. Reply with OK.'), after('What is the code word? Reply with only the code word.')]);
    expect(second!.final).toMatchObject({ status: 'completed', previous_response_id: first!.final!.id, store: false });
    if (model !== LOCAL) expect(JSON.stringify(standIns.seen().map(({ body }) => body).find((body) => JSON.stringify(body).includes('What is the code word')))).toContain('cobalt');
  });

  test('websocket-reconnect-store-false-recovery', async () => {
    const [first] = await session([unkept('Remember the code word: copper. Reply with OK.')]);
    const [lost, recovered] = await session([unkept('Try to continue after reconnect.', { previous_response_id: first!.final!.id }), unkept([user('Start a new response and reply with exactly: recovered')])]);
    expect([lost!.code, recovered!.final?.status]).toEqual(['previous_response_not_found', 'completed']);
  });

  test('websocket-previous-response-not-found', async () => {
    const [turn] = await session([unkept('This should fail.', { previous_response_id: 'resp_openresponses_missing_1' })]);
    expect(turn!.code).toBe('previous_response_not_found');
  });

  test('websocket-failed-continuation-evicts-cache', async () => {
    const [, failed, retry] = await session([
      unkept('Remember the code word: ember. Reply with OK.'), after([{ type: 'function_call_output', call_id: 'call_openresponses_missing', output: 'No matching tool call exists.' }]), after('Try to continue after the failed turn.'),
    ]);
    expect([failed!.final, failed!.code !== null, retry!.code]).toEqual([null, true, 'previous_response_not_found']);
  });

  test('websocket-compact-new-chain', async () => {
    const said = (role: string, type: string, text: string) => ({ type: 'message', role, content: [{ type, text }] });
    const input = [said('user', 'input_text', 'Remember the compaction code word: slate.'), said('assistant', 'output_text', 'OK.'), said('user', 'input_text', 'Compress this conversation for later continuation.')];
    const { output } = (await house.as(house.operator.adminKey)('POST', '/v1/responses/compact', { model, input })).body as { output: object[] };
    const [turn] = await session([unkept([...output, user('Continue from here. Reply with exactly: compacted')], { tools: [] })]);
    expect(turn!.final?.status).toBe('completed');
  });
});

test('compact-missing-model', async () => {
  expect((await house.as(house.operator.adminKey)('POST', '/v1/responses/compact', { input: [user('Compact this conversation.')] })).status).toBe(400);
});

test('response-output-phase-schema', () => {
  const message = (phase: string) => ({ id: `msg_${phase}`, type: 'message', status: 'completed', role: 'assistant', phase, content: [] });
  expect(responseResource.shape.output.parse([message('commentary'), message('final_answer')])).toHaveLength(2);
});

test.each(['file_search', 'web_search'])('the optional case of %s is refused by name: nothing here searches', async (type) => {
  const reply = await house.as(house.operator.adminKey)('POST', '/v1/responses', { model: RESPONSES, input: 'Find it.', tools: [{ type }], tool_choice: { type } });
  expect([reply.status, reply.body]).toMatchObject([400, { error: { param: 'tools[0].type' } }]);
});
