import { expect, test } from 'vitest';
import { ManualClock } from '../../base/index.ts';
import { collect, describeEngine, failureOf, request } from './engine.conformance.ts';
import { FakeEngine } from './fake-engine.ts';

describeEngine('the fake engine', async () => {
  const words = Array.from({ length: 300 }, (_, index) => `word${index}`).join(' ');
  const engine: FakeEngine = new FakeEngine({
    limits: { sequences: 2, contextTokens: 512, maxWaiting: 8, maxWaitingPerKey: 6 },
    script: { tokenDelayMs: 1, promptDelayMs: 2 },
  });
  const ownAnswer = engine.script.answer;
  engine.script.answer = (asks) => (asks.grammar === undefined ? words : ownAnswer(asks));
  return { engine, longQuestion: 'Tell me a long story.' };
});

test('says what was asked, a word a token', async () => {
  const engine = new FakeEngine({ clock: new ManualClock() });
  await engine.start();
  const { text, end } = await collect(engine, request('two words'));
  expect(text).toBe('You said: two words');
  expect(end).toMatchObject({ finishReason: 'stop', outputTokens: 4 });
  await engine.stop();
});

test('a crash fails what runs and leaves what waits', async () => {
  const clock = new ManualClock();
  const engine = new FakeEngine({ clock, limits: { sequences: 1 }, script: { tokenDelayMs: 1000 } });
  await engine.start();
  const running = failureOf(engine, request('first'));
  const waiting = collect(engine, request('second'), new AbortController().signal, (event) => {
    if (event.type === 'queued' && event.position === 1) engine.crash('its process was ended by SIGSEGV');
  });
  expect(await running).toMatchObject({ code: 'engine_restarted', status: 502 });
  expect(engine.state()).toMatchObject({ state: 'restarting', reason: 'its process was ended by SIGSEGV' });
  engine.script.tokenDelayMs = 0;
  clock.advance(250);
  expect((await waiting).text).toBe('You said: second');
  expect(engine.state()).toMatchObject({ state: 'ready', restarts: 1 });
  await engine.stop();
  expect(await failureOf(engine, request('third'))).toMatchObject({ code: 'engine_unavailable', status: 503 });
});

test('stop ends what runs and what waits, and start serves again', async () => {
  const engine = new FakeEngine({ clock: new ManualClock(), limits: { sequences: 1 }, script: { tokenDelayMs: 1000 } });
  await engine.start();
  const both = [failureOf(engine, request('first')), failureOf(engine, request('second'))];
  await engine.countTokens([{ role: 'user', content: 'so that both were sent' }]);
  await engine.stop();
  for (const failure of both) expect(await failure).toMatchObject({ code: 'engine_unavailable', message: expect.stringContaining('it is stopping') });
  engine.script.tokenDelayMs = 0;
  await engine.start();
  expect((await collect(engine, request('again'))).text).toBe('You said: again');
  await engine.stop();
});

test('what cannot be loaded is said, and asked for again after a minute', async () => {
  const clock = new ManualClock();
  const engine = new FakeEngine({ clock, script: { loadFailure: 'out of memory' } });
  await expect(engine.start()).rejects.toMatchObject({ code: 'engine_unavailable', message: expect.stringContaining('out of memory') });
  expect(await failureOf(engine, request('hello'))).toMatchObject({ code: 'engine_unavailable', retryAfterSeconds: 5 });
  engine.script.loadFailure = undefined;
  clock.advance(60_000);
  await new Promise((resolve) => setImmediate(resolve));
  expect((await collect(engine, request('hello'))).text).toBe('You said: hello');
  await engine.stop();
});
