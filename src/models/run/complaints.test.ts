import { afterEach, beforeEach, expect, test } from 'vitest';
import { SAYS } from '../dialects/conformance/backends-say.ts';
import { HEARS } from '../dialects/conformance/callers-hear.ts';
import { ANSWERS } from '../dialects/conformance/told.ts';
import { rate } from '../ports.ts';
import { MESSAGE, STREAM as CLAUDE_STREAM } from '../testing/anthropic-fixtures.ts';
import { FakeBackend } from '../testing/fake-backend.ts';
import { TEST_PRICE } from '../testing/fake-ledger.ts';
import { TestHouse, ask } from '../testing/house.ts';
import { MemorySink } from '../testing/memory-sink.ts';
import { COMPLETION, STREAM } from '../testing/openai-fixtures.ts';

/**
 * What users of other gateways complain about, each as a test of what they would see here. The numbers are those of the
 * gateways' own issues: litellm, Portkey. Those that are of other rooms stand there: C1–C5, C15 and C16 with limits and budgets, C11 with the
 * poster, C12 and C13 in `real-ledger.test.ts`, C14 in `test/real`, C20 with migrations.
 */
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
  await house.close();
  await backend.stop();
});

type Line = { readonly price: bigint; readonly per: bigint };
const CALLERS = ['chat', 'responses', 'messages'] as const;
const body = (caller: (typeof CALLERS)[number], stream: boolean) => ({ ...HEARS[caller].request(stream), model: 'team/big' });

test('a client that leaves a stream is still on the bill, with what it was given (C6, litellm 14457)', async () => {
  for (const caller of CALLERS) {
    const own = new TestHouse({ url });
    const left = new AbortController();
    const to = new MemorySink();
    backend.stream(STREAM.slice(0, 3), { open: true });
    to.onWrite = (text) => { if (text.includes('wörld')) left.abort(); };
    await own.chat(body(caller, true), { sink: to, dialect: caller, signal: left.signal });
    await backend.requests.at(-1)!.cut;
    expect(own.ledger.only().settled).toMatchObject({ outcome: 'client_left', counted: 'estimate', quantities: { output: 3n } });
    await own.close();
  }
});

test('a backend that bills on when its client has left is read to its end: its count is the cost, the caller pays for what came (C7, litellm 36008)', async () => {
  const own = new TestHouse({ url, speaks: 'bedrock' });
  const { stream } = SAYS.bedrock(ANSWERS['a text']!)!;
  const left = new AbortController();
  let goOn = () => {};
  const gone = new Promise<void>((resolve) => { goOn = resolve; });
  const half = stream.indexOf('東京') + 40;
  backend.answer = async (response) => {
    response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' });
    response.write(stream.subarray(0, half));
    await gone;
    response.end(stream.subarray(half));
  };
  sink.onWrite = () => {
    left.abort();
    setImmediate(goOn);
  };
  await own.chat(ask({ stream: true }), { sink, signal: left.signal });
  const { settled } = own.ledger.only();
  expect(settled).toMatchObject({ outcome: 'client_left', counted: 'mixed', quantities: { input: 10n, cache_read: 4n } });
  expect(settled!.quantities.output!).toBeLessThan(7n);
  expect(settled!.attempts[0]!.quantities).toMatchObject({ input: 10n, cache_read: 4n, output: 7n });
  await own.close();
});

test('a usage of zero is zero, and is never replaced by a guess (C8, litellm 37992)', async () => {
  const zero = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
  for (const caller of CALLERS) {
    for (const stream of [false, true]) {
      const own = new TestHouse({ url });
      const to = new MemorySink();
      if (stream) backend.stream([...STREAM.slice(0, 4), `data: ${JSON.stringify({ choices: [], usage: zero })}\n\n`, 'data: [DONE]\n\n']);
      else backend.json(200, { ...COMPLETION, usage: zero });
      await own.chat(body(caller, stream), { sink: to, dialect: caller });
      expect(own.ledger.only().settled).toMatchObject({ counted: 'backend', quantities: { input: 0n, output: 0n } });
      const heard = stream ? HEARS[caller].stream(to.text) : HEARS[caller].whole(to.text);
      expect(heard.tokens).toEqual({ input: 0, cached: 0, written: 0, output: 0, thought: 0 });
      await own.close();
    }
  }
});

test('tokens found in a cache cost the same, streamed or whole, and in every dialect (C9, litellm 11789)', async () => {
  const told = ANSWERS['a text']!;
  for (const speaks of ['chat', 'responses', 'messages', 'gemini', 'bedrock'] as const) {
    const said = SAYS[speaks](told)!;
    for (const caller of CALLERS) {
      for (const stream of [false, true]) {
        const own = new TestHouse({ url, speaks });
        backend.answer = (response) => {
          response.writeHead(200, { 'content-type': !stream ? 'application/json' : speaks === 'bedrock' ? 'application/vnd.amazon.eventstream' : 'text/event-stream' }).end(stream ? said.stream : said.whole);
        };
        const to = new MemorySink();
        await own.chat(body(caller, stream), { sink: to, dialect: caller });
        const { settled } = own.ledger.only();
        expect([speaks, caller, stream, settled?.counted, settled?.quantities]).toEqual([speaks, caller, stream, 'backend', { input: 10n, cache_read: 4n, output: 7n }]);
        await own.close();
      }
    }
  }
});

test('prices of one\'s own count each token once, whichever of them they name, and however the backend adds its cache up (C10, litellm 40006)', async () => {
  const per = 1n;
  const [input, read, write, long, output] = [1_000n, 100n, 1_250n, 2_000n, 5_000n].map((price) => ({ price, per })) as [Line, Line, Line, Line, Line];
  // Anthropic's buckets stand beside each other: 21 new, 100 read, 30 and 12 written. OpenAI's prompt holds what was read.
  const answers = [
    { speaks: 'messages', whole: MESSAGE, stream: CLAUDE_STREAM, fresh: 21n, cached: 100n, minutes: 30n, hour: 12n, made: 46n },
    { speaks: 'chat', whole: { ...COMPLETION, usage: { prompt_tokens: 163, completion_tokens: 46, total_tokens: 209, prompt_tokens_details: { cached_tokens: 100 } } }, stream: null, fresh: 63n, cached: 100n, minutes: 0n, hour: 0n, made: 46n },
  ] as const;
  for (const { speaks, whole, stream, fresh, cached, minutes, hour, made } of answers) {
    const all = fresh + cached + minutes + hour;
    const lists = [
      { buckets: { input, output }, charge: all * input.price + made * output.price },
      { buckets: { input, cache_read: read, output }, charge: (all - cached) * input.price + cached * read.price + made * output.price },
      { buckets: { input, cache_read: read, cache_write: write, output }, charge: fresh * input.price + cached * read.price + (minutes + hour) * write.price + made * output.price },
      { buckets: { input, cache_read: read, cache_write: write, cache_write_1h: long, output }, charge: fresh * input.price + cached * read.price + minutes * write.price + hour * long.price + made * output.price },
    ];
    for (const { buckets, charge } of lists) {
      for (const caller of CALLERS) {
        for (const streamed of stream === null ? [false] : [false, true]) {
          const own = new TestHouse({ url, speaks });
          own.ledger.price = { ...TEST_PRICE, buckets };
          if (streamed) backend.stream(stream!);
          else backend.json(200, whole);
          await own.chat(body(caller, streamed), { dialect: caller });
          const { quantities, counted } = own.ledger.only().settled!;
          expect([speaks, caller, streamed, counted, rate(quantities, own.ledger.price).charge]).toEqual([speaks, caller, streamed, 'backend', charge]);
          await own.close();
        }
      }
    }
  }
});

test('a stream that is cut ends with an error of the caller\'s own dialect, not as a clean 200 (C17, Portkey 1797)', async () => {
  for (const caller of CALLERS) {
    const own = new TestHouse({ url });
    const to = new MemorySink();
    backend.stream(STREAM.slice(0, 3), { cut: true });
    await own.chat(body(caller, true), { sink: to, dialect: caller });
    expect([caller, HEARS[caller].clean(to.text), HEARS[caller].failed(to.text), to.ended]).toEqual([caller, false, true, true]);
    expect(own.ledger.only().settled).toMatchObject({ outcome: 'cut' });
    await own.close();
  }
});

test('a stream that breaks before its first word goes to the next target, and a cut is never told as the caller\'s fault (C18, litellm 40404, 41777)', async () => {
  const second = new FakeBackend();
  const others = [{ url: await second.start() }];
  second.stream(STREAM);
  for (const caller of CALLERS) {
    const own = new TestHouse({ url, others });
    const to = new MemorySink();
    backend.stream(STREAM.slice(0, 1), { cut: true });
    await own.chat(body(caller, true), { sink: to, dialect: caller });
    expect(HEARS[caller].clean(to.text)).toBe(true);
    expect(HEARS[caller].stream(to.text).text).toBe('Hello wörld');
    await own.close();
    const alone = new TestHouse({ url });
    await expect(alone.chat(body(caller, true), { dialect: caller })).rejects.toMatchObject({ code: 'backend_failed', status: 502 });
    await alone.close();
  }
  await second.stop();
});

test('an agent on Messages gets each thought in a thinking block, whatever the backend speaks (C19, litellm 32357)', async () => {
  const told = ANSWERS['a thought and a text']!;
  for (const speaks of ['chat', 'responses', 'messages', 'gemini', 'bedrock'] as const) {
    const own = new TestHouse({ url, speaks });
    const to = new MemorySink();
    backend.answer = (response) => { response.writeHead(200, { 'content-type': speaks === 'bedrock' ? 'application/vnd.amazon.eventstream' : 'text/event-stream' }).end(SAYS[speaks](told)!.stream); };
    await own.chat(body('messages', true), { sink: to, dialect: 'messages' });
    // Reading it fails for a delta that stands in a block of another kind.
    const heard = HEARS.messages.stream(to.text);
    expect([speaks, heard.thought, heard.text]).toEqual([speaks, told.thought, told.text]);
    await own.close();
  }
});
