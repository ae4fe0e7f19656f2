import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isTandemError } from '../../base/index.ts';
import type { EngineEvent, GenerateRequest, GenerationCounts, LocalEngine } from './local-engine.ts';

/** What a LocalEngine must be able to do, told to the suite by each implementation. */
interface ConformanceSubject {
  /** Made with exactly 2 sequences of 512 tokens, at most 8 waiting and 6 of one key. */
  readonly engine: LocalEngine;
  /** A question whose answer runs on for at least 60 tokens. */
  readonly longQuestion: string;
}

export interface Answer {
  readonly events: readonly EngineEvent[];
  readonly text: string;
  readonly end: ({ readonly type: 'done'; readonly finishReason: string } & GenerationCounts) | ({ readonly type: 'aborted' } & GenerationCounts) | undefined;
}

const never = new AbortController().signal;
let asked = 0;

/** A request with what the tests do not care about filled in. */
export function request(content: string, more: Partial<GenerateRequest> = {}): GenerateRequest {
  asked += 1;
  return { id: `call-${asked}`, fairnessKey: 'project-a', messages: [{ role: 'user', content }], maxTokens: 40, deadlineMs: 60_000, ...more };
}

/** Reads a generation to its end. `onEvent` may act on what comes, as a reader would. */
export async function collect(engine: LocalEngine, asks: GenerateRequest, signal = never, onEvent: (event: EngineEvent) => void = () => {}): Promise<Answer> {
  const events: EngineEvent[] = [];
  for await (const event of engine.generate(asks, signal)) {
    events.push(event);
    onEvent(event);
  }
  const last = events.at(-1);
  return {
    events,
    text: events.map((event) => (event.type === 'token' ? event.text : '')).join(''),
    end: last?.type === 'done' || last?.type === 'aborted' ? last : undefined,
  };
}

/** The one suite for every implementation of LocalEngine. */
export function describeEngine(name: string, make: () => Promise<ConformanceSubject>): void {
  // The real engine shares its cores with whatever else runs: its tests may be slow, not wrong.
  describe(name, { timeout: 120_000 }, () => {
    let engine: LocalEngine;
    let longQuestion: string;
    beforeAll(async () => {
      ({ engine, longQuestion } = await make());
      await engine.start();
    }, 120_000);
    afterAll(() => engine.stop());

    test('is ready after start, and starting again changes nothing', async () => {
      await engine.start();
      expect(engine.state()).toMatchObject({ state: 'ready', queue: { running: 0, waiting: 0 } });
    });

    test('tells started, then tokens with growing counts, then done', async () => {
      const { events, text, end } = await collect(engine, request(longQuestion, { maxTokens: 12 }));
      expect(events[0]!.type).toBe('started');
      expect(events.slice(1, -1).every(({ type }) => type === 'token')).toBe(true);
      const counts = events.flatMap((event) => (event.type === 'token' ? [event.tokens] : []));
      expect(counts).toEqual([...counts].sort((a, b) => a - b));
      expect(counts.length).toBeGreaterThan(5);
      expect(text.length).toBeGreaterThan(0);
      expect(end).toMatchObject({ type: 'done', finishReason: 'length', outputTokens: 12 });
    });

    test('counts the prompt as countTokens does', async () => {
      const asks = request(longQuestion, { maxTokens: 2, messages: [{ role: 'system', content: 'Be kind.' }, { role: 'user', content: longQuestion }] });
      const tokens = await engine.countTokens(asks.messages);
      const { end } = await collect(engine, asks);
      expect(end?.promptTokens).toBe(tokens);
      expect(tokens).toBeGreaterThan(5);
    });

    test('counting can be given up', async () => {
      const messages = [{ role: 'user' as const, content: 'Hello' }];
      await expect(engine.countTokens(messages, { signal: AbortSignal.abort(new Error('left')) })).rejects.toThrow('left');
      const leaves = new AbortController();
      const counting = engine.countTokens(messages, { signal: leaves.signal });
      leaves.abort(new Error('left later'));
      await expect(counting).rejects.toThrow('left later');
      expect(await engine.countTokens(messages)).toBeGreaterThan(0);
    });

    test('reuses the prefix of the same key, and of no other', async () => {
      const question = `${longQuestion} (about prefixes)`;
      await collect(engine, request(question, { maxTokens: 2, fairnessKey: 'prefix-one' }));
      const again = await collect(engine, request(question, { maxTokens: 2, fairnessKey: 'prefix-one' }));
      expect(again.end?.cachedTokens).toBe((again.end?.promptTokens ?? 0) - 1);
      const other = await collect(engine, request(question, { maxTokens: 2, fairnessKey: 'prefix-two' }));
      expect(other.end?.cachedTokens).toBe(0);
    });

    test('ends before a stop text and never shows part of it', async () => {
      const whole = await collect(engine, request(longQuestion, { temperature: 0, seed: 1, maxTokens: 30 }));
      const stop = whole.text.slice(20, 27);
      const stopped = await collect(engine, request(longQuestion, { temperature: 0, seed: 1, maxTokens: 30, stop: [stop] }));
      expect(stopped.text).toBe(whole.text.slice(0, whole.text.indexOf(stop)));
      expect(stopped.end).toMatchObject({ type: 'done', finishReason: 'stop', stopText: stop });
    });

    test('gives the same answer for the same seed', async () => {
      const ask = () => collect(engine, request(longQuestion, { temperature: 1, seed: -42, maxTokens: 25 }));
      expect((await ask()).text).toBe((await ask()).text);
    });

    test('follows a JSON schema', async () => {
      const jsonSchema = {
        type: 'object',
        properties: { name: { type: 'string', maxLength: 12 }, age: { type: 'integer' }, kind: { enum: ['cat', 'dog'] } },
        required: ['name', 'age', 'kind'],
      };
      const { text } = await collect(engine, request('Describe a pet.', { jsonSchema, maxTokens: 100 }));
      expect(JSON.parse(text)).toEqual({ name: expect.any(String), age: expect.any(Number), kind: expect.stringMatching(/^(cat|dog)$/) });
    });

    test('refuses a schema that it cannot keep', async () => {
      const failure = await failureOf(engine, request('Hello', { jsonSchema: { type: 'string', pattern: '^a+$' } }));
      expect(failure).toMatchObject({ code: 'schema_unsupported', status: 400 });
      expect(String(failure)).toContain('$.pattern');
    });

    test('refuses messages that leave no room', async () => {
      const failure = await failureOf(engine, request('word '.repeat(600)));
      expect(failure).toMatchObject({ code: 'context_length_exceeded', status: 400 });
      expect(engine.state().queue.running).toBe(0);
    });

    test('stops within one token of the signal, and says how much was made', async () => {
      const leaves = new AbortController();
      let seen = 0;
      const { end } = await collect(engine, request(longQuestion, { maxTokens: 200 }), leaves.signal, (event) => {
        if (event.type !== 'token') return;
        seen = event.tokens;
        if (seen >= 5) leaves.abort();
      });
      expect(leaves.signal.aborted).toBe(true);
      expect(end?.type).toBe('aborted');
      expect(end!.promptTokens).toBeGreaterThan(0);
      expect(end!.outputTokens).toBeGreaterThanOrEqual(5);
      // What was made is what was told, and the rest of the 200 was never made. Some tokens may be on their
      // way over the channel while the abort is on its way back, on a busy machine more than one.
      expect(end!.outputTokens).toBe(seen);
      expect(end!.outputTokens).toBeLessThanOrEqual(40);
    });

    test('an aborted signal asks nothing', async () => {
      const { events } = await collect(engine, request(longQuestion), AbortSignal.abort());
      expect(events).toEqual([{ type: 'aborted', promptTokens: 0, cachedTokens: 0, outputTokens: 0, queueMs: 0, promptMs: 0, generateMs: 0 }]);
    });

    test('a reader that goes away frees the place', async () => {
      for await (const event of engine.generate(request(longQuestion, { maxTokens: 200 }), never)) if (event.type === 'token') break;
      // Both places must be free again for two requests to start without waiting behind the left one.
      const both = await Promise.all([0, 1].map(() => collect(engine, request('Hello', { maxTokens: 2 }))));
      expect(both.every(({ end }) => end?.type === 'done')).toBe(true);
      expect(engine.state().queue).toEqual({ running: 0, waiting: 0 });
    });

    test('a deadline ends an answer and keeps what was made', async () => {
      const { end } = await collect(engine, request(longQuestion, { maxTokens: 400, deadlineMs: 1 }));
      expect(end).toMatchObject({ type: 'done', finishReason: 'deadline' });
    });

    test('takes turns between keys and names what is waited for', async () => {
      const order: string[] = [];
      const reasons = new Set<string>();
      const ask = (key: string, label: string) =>
        collect(engine, request(longQuestion, { maxTokens: 6, fairnessKey: key }), never, (event) => {
          if (event.type === 'started') order.push(label);
          if (event.type === 'queued') reasons.add(event.reason);
        });
      await Promise.all([ask('a', 'a1'), ask('a', 'a2'), ask('a', 'a3'), ask('a', 'a4'), ask('b', 'b1'), ask('b', 'b2')]);
      expect(order.slice(0, 2)).toEqual(['a1', 'a2']);
      expect(order.indexOf('b1')).toBeLessThan(order.indexOf('a4'));
      expect([...reasons].join()).toContain('all 2 places of the local model are taken, 2 of them by your own requests');
    });

    test('bounds the queue, in all and for each key', async () => {
      const leaves = new AbortController();
      const waiting: Promise<unknown>[] = [];
      const ask = (fairnessKey: string) => waiting.push(collect(engine, request(longQuestion, { maxTokens: 300, fairnessKey }), leaves.signal));
      for (let count = 0; count < 8; count += 1) ask('crowd');
      expect(engine.state().queue.running + engine.state().queue.waiting).toBe(8);
      expect(await failureOf(engine, request('Hello', { fairnessKey: 'crowd' }))).toMatchObject({ code: 'engine_overloaded', status: 429 });
      ask('someone-else');
      ask('someone-else');
      expect(await failureOf(engine, request('Hello', { fairnessKey: 'third' }))).toMatchObject({ code: 'engine_overloaded' });
      leaves.abort();
      const ends = (await Promise.all(waiting)) as Answer[];
      expect(ends.every(({ end }) => end?.type === 'aborted')).toBe(true);
      expect(engine.state().queue).toEqual({ running: 0, waiting: 0 });
    });

    test('a deadline that passes in the queue is an error that says so', async () => {
      const leaves = new AbortController();
      const busy = [0, 1].map(() => collect(engine, request(longQuestion, { maxTokens: 300 }), leaves.signal));
      const failure = await failureOf(engine, request('Hello', { deadlineMs: 1 }));
      expect(failure).toMatchObject({ code: 'engine_overloaded', retryAfterSeconds: 5 });
      leaves.abort();
      await Promise.all(busy);
    });
  });
}

/** The TandemError that a generation ends with. Anything else fails the test. */
export async function failureOf(engine: LocalEngine, asks: GenerateRequest): Promise<unknown> {
  try {
    await collect(engine, asks);
  } catch (error) {
    expect(isTandemError(error)).toBe(true);
    return error;
  }
  throw new Error('the generation did not fail');
}
