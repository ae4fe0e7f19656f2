import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ManualClock, TandemError } from '../../base/index.ts';
import { FakeEngine, type FakeEngineOptions } from '../local/fake-engine.ts';
import { TestHouse, ask } from '../testing/house.ts';
import { MemorySink } from '../testing/memory-sink.ts';

let engine: FakeEngine;
let house: TestHouse;
let sink: MemorySink;
const local = (more: Record<string, unknown> = {}) => ask({ model: 'tandem/local', ...more });

async function open(options: FakeEngineOptions = {}): Promise<void> {
  engine = new FakeEngine(options);
  await engine.start();
  house = new TestHouse({ url: 'http://127.0.0.1:9/v1', engine });
}

beforeEach(async () => {
  sink = new MemorySink();
  await open();
});
afterEach(() => engine.stop());

test('a whole answer has OpenAI\'s form, with the tokenizer\'s own counts', async () => {
  await house.chat(local(), { sink });
  const { settled, admission } = house.ledger.only();
  const prompt = Number(admission.worst.input);
  expect(sink.json).toMatchObject({
    object: 'chat.completion', model: 'tandem/local',
    choices: [{ index: 0, message: { role: 'assistant', content: 'You said: Say hello', refusal: null }, logprobs: null, finish_reason: 'stop' }],
    usage: { prompt_tokens: prompt, completion_tokens: 4, total_tokens: prompt + 4 },
  });
  expect(settled).toMatchObject({ outcome: 'completed', counted: 'tokenizer', finishReason: 'stop', quantities: { output: 4n } });
  expect((settled!.quantities.input ?? 0n) + (settled!.quantities.cache_read ?? 0n)).toBe(BigInt(prompt));
});

test('the hold is the prompt and the most that can be answered', async () => {
  await house.chat(local({ max_tokens: 7 }), { sink });
  expect(house.ledger.entries[0]!.admission.worst.output).toBe(7n);
  await house.chat(local(), { sink: new MemorySink() });
  const { worst } = house.ledger.entries[1]!.admission;
  expect(Number(worst.output)).toBe(Math.min(1000, 2048 - Number(worst.input)));
});

test('a stream begins with the role, goes word by word, and ends after it is settled', async () => {
  house.ledger.onSettle = () => { expect(sink.text).not.toContain('[DONE]'); };
  await house.chat(local({ stream: true, stream_options: { include_usage: true } }), { sink, receipt: true });
  const frames = sink.frames.slice(0, -1).map((frame) => JSON.parse(frame) as { choices: { delta: Record<string, unknown>; finish_reason: string | null }[]; usage: unknown });
  expect(frames[0]!.choices[0]!.delta).toEqual({ role: 'assistant', content: '', refusal: null });
  expect(frames.map((frame) => frame.choices[0]?.delta['content'] ?? '').join('')).toBe('You said: Say hello');
  expect(frames.at(-2)!.choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' });
  expect(frames.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 4 }, tandem: { alias: 'tandem/local', backend: 'local' } });
  expect(frames.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
  expect(sink.frames.at(-1)).toBe('[DONE]');
  expect(house.ledger.only().progress.at(-1)).toMatchObject({ output: 1n });
});

test('a client that leaves stops the engine within one token and pays for what was delivered', async () => {
  await open({ script: { answer: () => 'word '.repeat(500).trim() } });
  const left = new AbortController();
  let pieces = 0;
  sink.onWrite = (text) => {
    if (text.includes('word') && ++pieces === 3) left.abort();
  };
  await house.chat(local({ stream: true }), { sink, signal: left.signal });
  const { settled } = house.ledger.only();
  expect(settled?.outcome).toBe('client_left');
  expect(Number(settled!.quantities.output)).toBeLessThanOrEqual(4);
  expect(Number(settled!.quantities.output)).toBeGreaterThanOrEqual(3);
  expect(sink.ended).toBe(false);
  expect(engine.state().queue).toEqual({ running: 0, waiting: 0 });
});

test('a client that leaves before a whole answer pays nothing', async () => {
  await open({ script: { answer: () => 'word '.repeat(500).trim() } });
  const left = new AbortController();
  house.ledger.admit = ((admit) => async (admission) => { setImmediate(() => left.abort()); return admit(admission); })(house.ledger.admit.bind(house.ledger));
  await house.chat(local(), { sink, signal: left.signal });
  expect(house.ledger.only().released?.outcome).toBe('client_left');
});

test('a crash before the first word is an error of its own and costs nothing; in the middle it is told inside and charged', async () => {
  await open({ script: { answer: () => 'word '.repeat(500).trim() } });
  const crashing = house.chat(local({ max_tokens: 500 }), { sink });
  house.ledger.onSettle = () => { throw new Error('nothing is to be settled'); };
  setImmediate(() => engine.crash());
  await expect(crashing).rejects.toMatchObject({ status: expect.toSatisfy((status: number) => status >= 500) as number });
  house.ledger.onSettle = () => {};
  await engine.start();
  const second = new MemorySink();
  second.onWrite = (text) => { if (text.includes('word')) engine.crash(); };
  await house.chat(local({ stream: true }), { sink: second });
  expect(JSON.parse(second.frames.at(-1)!)).toMatchObject({ error: { code: 'engine_restarted' } });
  expect(second.text).not.toContain('[DONE]');
  expect(house.ledger.entries.at(-1)!.settled?.outcome).toBe('cut');
});

test('a stream that waits long says what for, in comments, and then answers', async () => {
  await engine.stop();
  engine = new FakeEngine({ limits: { sequences: 1 }, script: { answer: ({ id }) => (id === 'first' ? 'word '.repeat(1500).trim() : 'at last'), tokenDelayMs: 2 } });
  await engine.start();
  const clock = new ManualClock();
  const waiting = new TestHouse({ url: 'http://127.0.0.1:9/v1', engine, clock });
  const left = new AbortController();
  const first = new MemorySink();
  const begun = new Promise<void>((resolve) => { first.onWrite = () => resolve(); });
  const holder = waiting.chat(local({ stream: true }), { sink: first, signal: left.signal, requestId: 'first' });
  await begun;
  const named = new Promise<void>((resolve) => { sink.onWrite = () => resolve(); });
  const waiter = waiting.chat(local({ stream: true }), { sink });
  await vi.waitFor(() => expect(engine.state().queue.waiting).toBe(1), { interval: 5 });
  clock.advance(14_000);
  expect(sink.started).toBe(false);
  clock.advance(2_000);
  await named;
  expect(sink.text).toMatch(/^: place 1 in the queue: .*\n\n$/);
  left.abort();
  await Promise.all([holder, waiter]);
  expect(sink.frames.slice(1, 2).map((frame) => JSON.parse(frame) as unknown)).toMatchObject([{ choices: [{ delta: { role: 'assistant' } }] }]);
  expect(sink.frames.at(-1)).toBe('[DONE]');
});

test('without an engine the answer is 503 with the next step, and nothing is held', async () => {
  const without = new TestHouse({ url: 'http://127.0.0.1:9/v1' });
  await expect(without.chat(local())).rejects.toMatchObject({ code: 'engine_unavailable', status: 503 });
  expect(without.ledger.entries).toEqual([]);
});

test('a prompt that leaves no room is refused before anything is held', async () => {
  await expect(house.chat(local({ messages: [{ role: 'user', content: 'word '.repeat(3000) }] }))).rejects.toMatchObject({ code: 'context_length_exceeded', status: 400 });
  expect(house.ledger.entries).toEqual([]);
});

test.each([
  [{ tools: [{ type: 'function', function: { name: 'f' } }] }, 'tools'], [{ n: 2 }, 'n'], [{ logprobs: true }, 'logprobs'], [{ logit_bias: { 5: 1 } }, 'logit_bias'], [{ top_k: 3 }, 'top_k'],
  [{ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } }] }] }, 'messages[0]'],
  [{ messages: [{ role: 'user', content: 'a' }, { role: 'tool', tool_call_id: 'x', content: 'b' }] }, 'messages[1]'],
  [{ reasoning_effort: 'high' }, 'reasoning_effort'],
])('%j is refused by name before any money is held', async (more, field) => {
  const error = await house.chat(local(more)).then(() => undefined, (thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TandemError);
  expect(error).toMatchObject({ code: 'unsupported_parameter', param: field, status: 400 });
  expect(house.ledger.entries).toEqual([]);
});

test('fields that ask for nothing are taken, text parts are read, and a schema is followed', async () => {
  await house.chat(local({ tools: [], n: 1, logprobs: false, user: 'u', store: false, stop: 'said', messages: [{ role: 'developer', content: 'be brief' }, { role: 'user', content: [{ type: 'text', text: 'one' }, { type: 'text', text: 'two' }] }] }), { sink });
  expect(sink.json).toMatchObject({ choices: [{ message: { content: 'You ' }, finish_reason: 'stop' }] });
  const second = new MemorySink();
  await house.chat(local({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object', properties: { ok: { type: 'boolean' } } } } } }), { sink: second });
  expect(second.json).toMatchObject({ choices: [{ message: { content: '{"ok":true}' } }] });
});
