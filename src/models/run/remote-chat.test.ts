import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock, TandemError } from '../../base/index.ts';
import { TEST_PRICE } from '../testing/fake-ledger.ts';
import { FakeBackend } from '../testing/fake-backend.ts';
import { BACKEND_KEY, CALL_ID, TestHouse, ask } from '../testing/house.ts';
import { MemorySink } from '../testing/memory-sink.ts';
import { COMPLETION, ERROR_401, ERROR_429, LLAMA_CPP_STREAM, NO_USAGE_STREAM, STREAM, VLLM_400 } from '../testing/openai-fixtures.ts';

let backend: FakeBackend;
let url: string;
let house: TestHouse;
let sink: MemorySink;

beforeEach(async () => {
  backend = new FakeBackend();
  url = await backend.start();
  house = new TestHouse({ url });
  sink = new MemorySink();
});
afterEach(async () => {
  await house.remote.destroy();
  await backend.stop();
});

/** What the call threw, as a TandemError. */
async function refusal(call: Promise<void>): Promise<TandemError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof TandemError) return error;
    throw error;
  }
  throw new Error('the call was not refused');
}

describe('a whole answer', () => {
  test('comes as OpenAI writes it, under the alias\'s name and the call\'s id', async () => {
    backend.json(200, COMPLETION);
    await house.chat(ask(), { sink });
    expect(sink.status).toBe(200);
    expect(sink.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(sink.json).toEqual({ ...COMPLETION, id: `chatcmpl-${CALL_ID}`, model: 'team/big' });
  });

  test('is asked for with the backend\'s key, model name and an output limit; unknown fields pass untouched', async () => {
    backend.json(200, COMPLETION);
    await house.chat(ask({ top_k: 4, max_completion_tokens: 900, user: null }), { sink });
    expect(backend.requests[0]).toMatchObject({
      path: '/v1/chat/completions', headers: { authorization: `Bearer ${BACKEND_KEY}` },
      body: { model: 'meta/big-70b', top_k: 4, max_completion_tokens: 900, messages: [{ role: 'user', content: 'Say hello' }] },
    });
    await house.chat(ask(), { sink: new MemorySink() });
    expect(backend.requests[1]?.body['max_tokens']).toBe(1000);
  });

  test('is settled before it is sent, with cost and charge apart', async () => {
    house.ledger.costPrice = { ...TEST_PRICE, id: '01900000-0000-7000-8000-00000000cccc', side: 'cost', buckets: { input: { price: 1n, per: 1n }, output: { price: 2n, per: 1n } } };
    house.ledger.onSettle = () => { expect(sink.started).toBe(false); };
    backend.json(200, COMPLETION);
    await house.chat(ask(), { sink });
    const { admission, settled, released } = house.ledger.only();
    expect(released).toBeUndefined();
    expect(admission).toMatchObject({ id: CALL_ID, resource: 'team/big', worst: { output: 1000n }, capBucket: 'output' });
    expect(settled).toMatchObject({
      outcome: 'completed', counted: 'backend', quantities: { input: 1117n, output: 46n }, finishReason: 'stop', streamed: false,
      attempts: [{ backendModel: 'meta/big-70b', outcome: 'completed', cost: 1117n + 92n, costPriceId: '01900000-0000-7000-8000-00000000cccc', httpStatus: 200 }],
    });
  });

  test('carries a receipt only where it was asked for', async () => {
    backend.json(200, COMPLETION);
    await house.chat(ask(), { sink, receipt: true });
    expect(sink.json['tandem']).toMatchObject({
      id: CALL_ID, charge: String(1117n * 1_000_000n + 46n * 2_000_000n), currency: 'USD', backend: 'gpu', alias: 'team/big',
      lines: [{ bucket: 'input', quantity: '1117', price: '1000000000000', per: '1000000', amount: '1117000000' }, { bucket: 'output' }],
    });
  });

  test('without usage is counted by its length, and says so; a usage of zero is zero', async () => {
    const { usage: _, ...rest } = COMPLETION;
    backend.json(200, rest);
    await house.chat(ask(), { sink });
    expect(house.ledger.entries[0]?.settled?.counted).toBe('estimate');
    expect(house.ledger.entries[0]!.settled!.quantities.output!).toBeGreaterThan(5n);
    backend.json(200, { ...COMPLETION, usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } });
    await house.chat(ask(), { sink: new MemorySink() });
    expect(house.ledger.entries[1]?.settled).toMatchObject({ counted: 'backend', quantities: { input: 0n, output: 0n } });
  });

  test('does not reach a client whose charge could not be written down', async () => {
    backend.json(200, COMPLETION);
    house.ledger.settleRefusal = new TandemError('internal');
    await expect(house.chat(ask(), { sink })).rejects.toThrow();
    expect(sink.started).toBe(false);
  });

  test('for a client that left is cancelled, and nothing is charged', async () => {
    const left = new AbortController();
    backend.answer = () => { left.abort(); };
    await house.chat(ask(), { sink, signal: left.signal });
    await backend.requests[0]!.cut;
    expect(sink.started).toBe(false);
    expect(house.ledger.only().released?.outcome).toBe('client_left');
  });

  test('is asked for again when a kept connection turns out to be closed', async () => {
    backend.json(200, COMPLETION);
    await house.chat(ask(), { sink });
    let failures = 0;
    backend.answer = (response) => {
      failures += 1;
      if (failures === 1) response.socket?.destroy();
      else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(COMPLETION));
    };
    const second = new MemorySink();
    await house.chat(ask(), { sink: second });
    expect(second.status).toBe(200);
    expect(house.ledger.entries[1]?.settled?.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'completed']);
  });
});

describe('a backend that fails', () => {
  test.each([
    [401, ERROR_401, 'backend_failed', 502], [403, {}, 'backend_failed', 502], [404, {}, 'backend_failed', 502], [429, ERROR_429, 'backend_busy', 429], [400, VLLM_400, 'backend_refused', 400],
    [500, 'oops', 'backend_failed', 502], [503, {}, 'backend_unreachable', 503], [302, '', 'backend_failed', 502], [200, 'not json', 'backend_failed', 502], [200, [], 'backend_failed', 502],
    [200, { error: { message: 'out of memory' } }, 'backend_failed', 502], [200, { choices: [] }, 'backend_failed', 502], [200, '', 'backend_failed', 502],
  ])('with %i %j is told as %s', async (status, body, code, told) => {
    for (const stream of [false, true]) {
      backend.json(status, body, { location: 'http://169.254.169.254/', 'retry-after': '7' });
      // Each on a house of its own, since a key that was refused rests.
      const asked = new TestHouse({ url });
      const error = await refusal(asked.chat(ask({ stream }), { sink: new MemorySink() }));
      await asked.remote.destroy();
      const { released, settled } = asked.ledger.only();
      expect([released !== undefined, settled]).toEqual([true, undefined]);
      expect([error.code, error.status]).toEqual([code, told]);
      const shown = `${error.message} ${error.next} ${JSON.stringify(error.facts ?? {})}`;
      expect(shown).not.toContain(BACKEND_KEY);
      expect(shown).not.toContain('127.0.0.1');
      expect(shown).not.toContain('platform.openai.com');
      expect(error.retryAfterSeconds).toBe(status === 429 || status === 503 ? 7 : undefined);
    }
    expect(backend.requests).toHaveLength(2);
  });

  test('by refusing or resetting the connection is told as unreachable', async () => {
    backend.answer = (response) => { response.socket?.resetAndDestroy(); };
    expect(await refusal(house.chat(ask()))).toMatchObject({ code: 'backend_unreachable', status: 503 });
    await backend.stop();
    expect((await refusal(house.chat(ask({ stream: true })))).message).toBe('The backend gpu cannot be reached: the connection was refused.');
    expect(house.remote.health()).toMatchObject({ state: 'degraded' });
  });

  test('a refusal of the caller\'s own request says why, and does not count against the backend', async () => {
    backend.json(400, VLLM_400);
    expect((await refusal(house.chat(ask()))).message).toContain('maximum context length is 4096');
    expect(house.remote.health().state).toBe('unknown');
  });

  test.each([[false, 'send the head of its answer'], [true, 'begin its answer']])('by silence (streamed: %s) is given up at the deadline', async (stream, step) => {
    const clock = new ManualClock();
    const patient = new TestHouse({ url, clock, limits: { wholeMs: 10_000, headMs: 6_000, firstTokenMs: 4_000 } });
    const asked = new Promise<void>((resolve) => { backend.answer = () => resolve(); });
    const call = refusal(patient.chat(ask({ stream }), { sink }));
    await asked;
    clock.advance(stream ? 4_000 : 6_000);
    expect(await call).toMatchObject({ code: 'backend_timeout', status: 504 });
    expect((await call).message).toContain(step);
    expect(patient.ledger.only().released?.outcome).toBe('deadline');
    await backend.requests[0]!.cut;
    await patient.remote.destroy();
  });
});

describe('a streamed answer', () => {
  test('comes frame by frame under the alias\'s name, and shows usage only when asked', async () => {
    backend.stream(STREAM);
    await house.chat(ask({ stream: true }), { sink });
    expect(backend.requests[0]?.body['stream_options']).toEqual({ include_usage: true });
    expect(sink.headers['content-type']).toMatch(/^text\/event-stream/);
    const frames = sink.frames;
    expect(frames.at(-1)).toBe('[DONE]');
    const chunks = frames.slice(0, -1).map((frame) => JSON.parse(frame) as Record<string, unknown>);
    expect(chunks).toHaveLength(4);
    expect(chunks.every((chunk) => chunk['model'] === 'team/big' && chunk['id'] === `chatcmpl-${CALL_ID}` && !('usage' in chunk))).toBe(true);
    // The role says nothing: it goes out with the first word, so that until then another backend may be tried.
    expect(sink.writes.map((text) => text.split('\n\n').length - 1)).toEqual([2, 1, 1, 1]);
    expect(sink.headers).toMatchObject({ 'x-tandem-route': 'gpu/meta/big-70b; reason=only', 'x-tandem-attempts': '1' });
  });

  test('ends only after it is settled, with usage and receipt last', async () => {
    backend.stream(STREAM);
    house.ledger.onSettle = () => { expect(sink.text).not.toContain('[DONE]'); expect(sink.text).not.toContain('prompt_tokens'); };
    await house.chat(ask({ stream: true, stream_options: { include_usage: true } }), { sink, receipt: true });
    const usage = JSON.parse(sink.frames.at(-2)!) as Record<string, unknown>;
    expect(usage).toMatchObject({ choices: [], usage: { prompt_tokens: 9, completion_tokens: 12, total_tokens: 21 }, tandem: { charge: String(5n * 1_000_000n + 4n * 100_000n + 12n * 2_000_000n) } });
    expect((JSON.parse(sink.frames[0]!) as Record<string, unknown>)['usage']).toBeNull();
    expect(house.ledger.only().settled).toMatchObject({ outcome: 'completed', counted: 'backend', quantities: { input: 5n, cache_read: 4n, output: 12n }, finishReason: 'stop', streamed: true });
    expect(house.ledger.only().progress.length).toBeGreaterThan(0);
  });

  test('of llama.cpp\'s server has its usage in the last chunk', async () => {
    backend.stream(LLAMA_CPP_STREAM);
    await house.chat(ask({ stream: true, stream_options: { include_usage: true } }), { sink });
    expect(JSON.parse(sink.frames.at(-2)!)).toMatchObject({ choices: [], usage: { prompt_tokens: 30, completion_tokens: 1 } });
    expect(house.ledger.only().settled?.quantities).toEqual({ input: 30n, output: 1n });
  });

  test('without usage is counted here, and a chunk with that count is made', async () => {
    backend.stream(NO_USAGE_STREAM);
    await house.chat(ask({ stream: true, stream_options: { include_usage: true } }), { sink });
    expect(house.ledger.only().settled).toMatchObject({ counted: 'estimate', quantities: { output: 3n } });
    expect(JSON.parse(sink.frames.at(-2)!)).toMatchObject({ usage: { completion_tokens: 3 } });
  });

  test('is the same wherever the bytes are cut', async () => {
    const bytes = Buffer.from(STREAM.join(''));
    const whole = new MemorySink();
    backend.stream([bytes]);
    await house.chat(ask({ stream: true }), { sink: whole });
    await fc.assert(fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 12 }), async (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      backend.stream(at.slice(1).map((to, index) => bytes.subarray(at[index], to)).filter((piece) => piece.length > 0));
      const cut = new MemorySink();
      await house.chat(ask({ stream: true }), { sink: cut });
      expect(cut.text).toBe(whole.text);
    }), { numRuns: 40 });
  });

  test('cannot be ended or forged by what a model says', async () => {
    const evil = 'x\n\ndata: [DONE]\n\ndata: {"choices":[]}\r\n\r\n\u2028event: error';
    backend.stream([`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: evil }, finish_reason: 'stop' }] })}\n\n`, 'data: [DONE]\n\n']);
    await house.chat(ask({ stream: true }), { sink });
    expect(sink.frames).toHaveLength(2);
    expect(JSON.parse(sink.frames[0]!)).toMatchObject({ choices: [{ delta: { content: evil } }] });
  });

  test.each([
    ['is cut', { cut: true }, 'the connection was lost in the middle'],
    ['ends without saying so', {}, 'its answer ended in the middle'],
  ])('that %s is an error inside the stream, and what was delivered is charged', async (_, how, reason) => {
    backend.stream(STREAM.slice(0, 3), how);
    await house.chat(ask({ stream: true }), { sink });
    expect(sink.ended).toBe(true);
    expect(sink.text).not.toContain('[DONE]');
    expect(JSON.parse(sink.frames.at(-1)!)).toMatchObject({ error: { type: 'server_error', code: 'backend_failed', message: expect.stringContaining(reason) as string } });
    expect(house.ledger.only().settled).toMatchObject({ outcome: 'cut', counted: 'estimate', quantities: { output: 3n } });
  });

  test.each([
    ['garbage', 'data: {"choices":[{"del\n\n'], ['an error', 'data: {"error":{"message":"CUDA out of memory","code":500}}\n\n'], ['an error event', 'event: error\ndata: {"message":"boom"}\n\n'],
    ['an array', 'data: []\n\n'], ['no choices', 'data: {"x":1}\n\n'],
  ])('with %s in its middle ends with an error', async (_, frame) => {
    backend.stream([...STREAM.slice(0, 2), frame, ...STREAM.slice(3)]);
    await house.chat(ask({ stream: true }), { sink });
    expect(JSON.parse(sink.frames.at(-1)!)).toHaveProperty('error.code', 'backend_failed');
    expect(sink.text).not.toContain('[DONE]');
    expect(house.ledger.only().settled?.outcome).toBe('cut');
  });

  test('that begins with an error, or holds nothing, is refused before the reply begins', async () => {
    for (const frames of [['data: {"error":{"message":"boom"}}\n\n'], ['data: [DONE]\n\n'], [': nothing\n\n']]) {
      backend.stream(frames);
      expect(await refusal(house.chat(ask({ stream: true }), { sink: new MemorySink() }))).toMatchObject({ code: 'backend_failed' });
    }
    expect(house.ledger.entries.every(({ released }) => released !== undefined)).toBe(true);
  });

  test('without [DONE] is complete when its last chunk gave a reason to finish', async () => {
    backend.stream(STREAM.slice(0, 5));
    await house.chat(ask({ stream: true }), { sink });
    expect(sink.frames.at(-1)).toBe('[DONE]');
    expect(house.ledger.only().settled?.outcome).toBe('completed');
  });

  test('that the backend leaves open after [DONE] ends for the caller, and is cut off later', async () => {
    const clock = new ManualClock();
    const patient = new TestHouse({ url, clock });
    backend.stream(STREAM, { open: true });
    await patient.chat(ask({ stream: true }), { sink });
    expect(sink.ended).toBe(true);
    clock.advance(3_000);
    await backend.requests[0]!.cut;
    await patient.remote.destroy();
  });

  test('stops at the backend when the client leaves, and what was delivered is charged', async () => {
    const left = new AbortController();
    backend.stream(STREAM.slice(0, 2), { open: true });
    sink.onWrite = (text) => { if (text.includes('Hello')) left.abort(); };
    await house.chat(ask({ stream: true }), { sink, signal: left.signal });
    await backend.requests[0]!.cut;
    expect(house.ledger.only().settled).toMatchObject({ outcome: 'client_left', quantities: { output: 2n } });
    expect(sink.ended).toBe(false);
  });

  test('that stops in its middle is given up at the deadline, told, and charged for what came', async () => {
    const clock = new ManualClock();
    const patient = new TestHouse({ url, clock, limits: { gapMs: 5_000, firstTokenMs: 5_000, wholeMs: 60_000 } });
    backend.stream(STREAM.slice(0, 2), { open: true });
    const said = new Promise<void>((resolve) => { sink.onWrite = (text) => { if (text.includes('Hello')) resolve(); }; });
    const call = patient.chat(ask({ stream: true }), { sink });
    await said;
    clock.advance(6_000);
    await call;
    expect(JSON.parse(sink.frames.at(-1)!)).toMatchObject({ error: { code: 'backend_timeout', message: expect.stringContaining('go on with its answer within 5 s') as string } });
    expect(patient.ledger.only().settled?.outcome).toBe('deadline');
    await patient.remote.destroy();
  });

  test('is held back while the client does not read, and goes on when it does', async () => {
    const piece = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'x'.repeat(50_000) }, finish_reason: null }] })}\n\n`;
    let written = 0;
    let all = false;
    backend.answer = async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (let index = 0; index < 400; index += 1) {
        if (!response.write(piece)) await new Promise((resolve) => { response.once('drain', resolve); });
        written += 1;
      }
      all = true;
      response.end('data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
    };
    sink.slow = true;
    const first = new Promise<void>((resolve) => { sink.onWrite = () => resolve(); });
    const call = house.chat(ask({ stream: true }), { sink });
    await first;
    // The backend is stuck when a long row of turns brings nothing more.
    for (let quiet = 0, before = -1; quiet < 200; quiet = written === before ? quiet + 1 : 0, before = written) await new Promise((resolve) => { setImmediate(resolve); });
    expect(all).toBe(false);
    expect(sink.writes.length).toBeLessThan(20);
    sink.drain();
    await call;
    expect(sink.frames).toHaveLength(402);
    expect(sink.frames.at(-1)).toBe('[DONE]');
  });

  test('whose charge cannot be written down ends with an error instead of [DONE]', async () => {
    backend.stream(STREAM);
    house.ledger.settleRefusal = new TandemError('internal', { params: { requestId: 'x' } });
    await house.chat(ask({ stream: true }), { sink });
    expect(JSON.parse(sink.frames.at(-1)!)).toHaveProperty('error');
    expect(sink.text).not.toContain('[DONE]');
  });
});
