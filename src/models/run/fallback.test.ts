import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../base/index.ts';
import { FakeBackend } from '../testing/fake-backend.ts';
import { TestHouse, ask } from '../testing/house.ts';
import { MemorySink } from '../testing/memory-sink.ts';
import { COMPLETION, ERROR_429, STREAM } from '../testing/openai-fixtures.ts';

let first: FakeBackend;
let second: FakeBackend;
let urls: string[];
let house: TestHouse;
let sink: MemorySink;

beforeEach(async () => {
  first = new FakeBackend();
  second = new FakeBackend();
  urls = [await first.start(), await second.start()];
  house = new TestHouse({ url: urls[0]!, others: [{ url: urls[1]! }] });
  sink = new MemorySink();
});
afterEach(async () => {
  await house.close();
  await first.stop();
  await second.stop();
});

const error = (frame: string) => (JSON.parse(frame) as { error: { code: string; message: string } }).error;

test('a sole backend that says 429 and no more is asked again by the next call; one that says when is not asked before', async () => {
  const clock = new ManualClock();
  const alone = new TestHouse({ url: urls[0]!, clock });
  first.json(429, ERROR_429);
  for (let call = 0; call < 4; call += 1) await expect(alone.chat(ask())).rejects.toMatchObject({ code: 'backend_busy', retryAfterSeconds: 1 });
  expect(first.requests).toHaveLength(4);
  first.json(429, ERROR_429, { 'retry-after': '9' });
  for (let call = 0; call < 2; call += 1) await expect(alone.chat(ask())).rejects.toMatchObject({ code: 'backend_busy', retryAfterSeconds: 9 });
  expect(first.requests).toHaveLength(5);
  clock.advance(9_000);
  first.json(200, COMPLETION);
  await alone.chat(ask(), { sink });
  expect(first.requests).toHaveLength(6);
  await alone.close();
});

describe('another target takes the call', () => {
  test.each([[500, 'oops', 'failed'], [429, ERROR_429, 'failed'], [401, {}, 'failed'], [404, {}, 'failed'], [200, 'not json', 'failed']])('when the first answers %i %j, streamed or whole', async (status, body, outcome) => {
    for (const stream of [false, true]) {
      const fresh = new TestHouse({ url: urls[0]!, others: [{ url: urls[1]! }] });
      const to = new MemorySink();
      first.json(status, body);
      if (stream) second.stream(STREAM);
      else second.json(200, COMPLETION);
      await fresh.chat(ask({ stream }), { sink: to });
      expect(to.headers).toMatchObject({ 'x-tandem-route': 'gpu-2/meta/big-70b; reason=next', 'x-tandem-attempts': '2' });
      const { settled } = fresh.ledger.only();
      expect(settled?.attempts.map((one) => [one.backend, one.outcome, one.httpStatus])).toEqual([['gpu', outcome, status], ['gpu-2', 'completed', 200]]);
      expect(settled).toMatchObject({ outcome: 'completed', route: { target: 'gpu-2/meta/big-70b', code: 'next' } });
      await fresh.close();
    }
  });

  test('when the first stream breaks before its first word, though it had begun to answer', async () => {
    first.stream(STREAM.slice(0, 1), { cut: true });
    second.stream(STREAM);
    await house.chat(ask({ stream: true }), { sink });
    expect(sink.frames.at(-1)).toBe('[DONE]');
    expect(sink.text.match(/"role":"assistant"/g)).toHaveLength(1);
    expect(house.ledger.only().settled?.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'completed']);
  });

  test('never after a word was delivered: the stream ends with its error', async () => {
    first.stream(STREAM.slice(0, 2), { cut: true });
    second.stream(STREAM);
    await house.chat(ask({ stream: true }), { sink });
    expect(error(sink.frames.at(-1)!).code).toBe('backend_failed');
    expect(second.requests).toHaveLength(0);
  });

  test('and a whole error counts as no first token, neither on the way nor in the end', async () => {
    const clock = new ManualClock();
    const late = (status: number, body: unknown): FakeBackend['answer'] => (response) => {
      clock.advance(7);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const timed = new TestHouse({ url: urls[0]!, others: [{ url: urls[1]! }], clock });
    first.answer = late(500, {});
    second.answer = late(200, COMPLETION);
    await timed.chat(ask(), { sink });
    expect(timed.ledger.only().settled).toMatchObject({ timings: { firstTokenMs: 14 }, attempts: [{ outcome: 'failed', firstTokenMs: 0 }, { outcome: 'completed', firstTokenMs: 7 }] });
    timed.ledger.entries.length = 0;
    second.answer = late(500, {});
    await expect(timed.chat(ask())).rejects.toMatchObject({ code: 'backend_failed' });
    expect(timed.ledger.only().released).toMatchObject({ timings: { firstTokenMs: 0 }, attempts: [{ firstTokenMs: 0 }, { firstTokenMs: 0 }] });
    // Nor is who refuses requests at once the fastest.
    first.answer = late(400, { error: { message: 'too hot' } });
    await expect(timed.chat(ask())).rejects.toMatchObject({ code: 'backend_refused' });
    const [alias] = timed.registry.visible({ organisationId: timed.registry.all()[0]!.organisationId, allowedModels: null }).filter(({ name }) => name === 'team/big');
    expect(alias!.targets.map((target) => timed.router.states.ofTarget(target).firstTokenMs)).toEqual([null, 7]);
    await timed.close();
  });

  test('never for a fault of the request itself', async () => {
    first.json(400, { error: { message: 'temperature is too hot' } });
    await expect(house.chat(ask())).rejects.toMatchObject({ code: 'backend_refused' });
    expect(second.requests).toHaveLength(0);
  });

  test('within the attempt budget only, and then the last error is told', async () => {
    const tight = new TestHouse({ url: urls[0]!, others: [{ url: urls[1]! }], calls: { attempts: 1 } });
    first.json(500, {});
    await expect(tight.chat(ask())).rejects.toMatchObject({ code: 'backend_failed' });
    expect(second.requests).toHaveLength(0);
    await tight.close();
    second.json(503, {});
    await expect(house.chat(ask())).rejects.toMatchObject({ code: 'backend_unreachable', message: expect.stringContaining('gpu-2') as string });
    expect(house.ledger.only().released?.attempts).toHaveLength(2);
  });
});

describe('a second attempt beside one that is slow to begin', () => {
  const words = (text: string) => JSON.parse(STREAM[1]!.slice(6).replace('Hello', text)) as object;
  const answer = (text: string) => [STREAM[0]!, `data: ${JSON.stringify(words(text))}\n\n`, ...STREAM.slice(3)];
  const hedged = () => new TestHouse({ url: urls[0]!, others: [{ url: urls[1]! }], calls: { hedge: { afterMs: 5, share: 1 } } });

  /** Spends something, so that a share of it may be lost. */
  async function warm(to: TestHouse): Promise<void> {
    first.stream(answer('warm'));
    for (let call = 0; call < 3; call += 1) await to.chat(ask({ stream: true }));
    to.ledger.entries.length = 0;
    first.requests.length = 0;
    second.requests.length = 0;
  }

  test('takes the reply when it speaks first; the slow one is cancelled, and is the operator\'s cost alone', async () => {
    const to = hedged();
    await warm(to);
    first.stream([], { open: true });
    second.stream(answer('quick'));
    await to.chat(ask({ stream: true }), { sink });
    await first.requests[0]!.cut;
    expect(sink.text).toContain('quick');
    expect(sink.frames.at(-1)).toBe('[DONE]');
    expect(sink.headers).toMatchObject({ 'x-tandem-route': 'gpu-2/meta/big-70b; reason=next', 'x-tandem-attempts': '2' });
    const { settled } = to.ledger.only();
    expect(settled?.attempts.map((one) => [one.backend, one.outcome, one.hedged ?? false])).toEqual([['gpu', 'cut', false], ['gpu-2', 'completed', true]]);
    expect(settled?.quantities).toEqual({ input: 5n, cache_read: 4n, output: 12n });
    await to.close();
  });

  test('is cancelled when the slow one speaks after all', async () => {
    const to = hedged();
    await warm(to);
    let speak = () => {};
    const asked = new Promise<void>((resolve) => { second.answer = () => resolve(); });
    first.answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      speak = () => { response.end(answer('slow').join('')); };
    };
    const call = to.chat(ask({ stream: true }), { sink });
    await asked;
    speak();
    await call;
    await second.requests[0]!.cut;
    expect(sink.text).toContain('slow');
    expect(to.ledger.only().settled?.attempts.map((one) => [one.backend, one.outcome, one.hedged ?? false])).toEqual([['gpu-2', 'cut', true], ['gpu', 'completed', false]]);
    await to.close();
  });

  test('is paid by a project that pays for such, as far as it said what it used; the hold is that of both', async () => {
    for (const says of [true, false]) {
      const to = hedged();
      to.paysAttempts = true;
      await warm(to);
      first.stream(says ? [STREAM[0]!, STREAM[4]!] : [STREAM[0]!], { open: true });
      second.stream(answer('quick'));
      const sent = new MemorySink();
      await to.chat(ask({ stream: true, max_tokens: 50 }), { sink: sent });
      expect(sent.text).toContain('quick');
      const { settled, admission } = to.ledger.only();
      const one = { input: 5n, cache_read: 4n, output: 12n };
      expect(settled?.attempts.map(({ billed }) => billed)).toEqual([says ? one : undefined, undefined]);
      expect(settled?.quantities).toEqual(says ? { input: 10n, cache_read: 8n, output: 24n } : one);
      expect(admission).toMatchObject({ worst: { output: 100n }, capped: { choices: 1, bounds: [50n, 50n] } });
      await to.close();
    }
  });

  test('works for whole answers too: the first to be complete is sent', async () => {
    const to = hedged();
    await warm(to);
    first.answer = () => {};
    second.json(200, COMPLETION);
    await to.chat(ask(), { sink });
    await first.requests[0]!.cut;
    expect(sink.json).toMatchObject({ choices: COMPLETION.choices });
    await to.close();
  });

  test('is not made by default, nor before anything was spent, nor past the share', async () => {
    for (const calls of [{}, { hedge: { afterMs: 1, share: 0.5 } }, { hedge: { afterMs: 1, share: 0 } }]) {
      const clock = new ManualClock();
      const to = new TestHouse({ url: urls[0]!, others: [{ url: urls[1]! }], calls, clock });
      if ('hedge' in calls && calls.hedge.share === 0) await warm(to);
      second.requests.length = 0;
      let speak = () => {};
      const asked = new Promise<void>((resolve) => {
        first.answer = (response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          speak = () => { response.end(answer('slow').join('')); };
          resolve();
        };
      });
      const call = to.chat(ask({ stream: true }));
      await asked;
      clock.advance(1_000);
      await new Promise((resolve) => { setImmediate(resolve); });
      speak();
      await call;
      expect(second.requests).toHaveLength(0);
      await to.close();
    }
  });

  test('that fails leaves the slow one alone, and both failing is one failure of the call', async () => {
    const to = hedged();
    await warm(to);
    let fail = () => {};
    first.answer = (response) => { fail = () => { response.writeHead(500).end(); }; };
    second.answer = (response) => {
      response.writeHead(500).end();
      setImmediate(() => fail());
    };
    await expect(to.chat(ask({ stream: true }), { sink })).rejects.toMatchObject({ code: 'backend_failed' });
    expect(to.ledger.only().released?.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'failed']);
    await to.close();
  });
});
