import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger, systemClock } from '../../base/index.ts';
import { collect, failureOf, request } from './engine.conformance.ts';
import { createLocalEngine } from './engine.ts';
import { testWeights } from './test-weights.ts';

/** What is done to the engine's process, and that the server outlives it. */
let modelPath: string;
beforeAll(async () => {
  modelPath = await testWeights();
}, 300_000);

const LONG = 'Write a long story about a lighthouse keeper.';

describe('a lost process', () => {
  let engine: ReturnType<typeof createLocalEngine>;
  beforeAll(async () => {
    engine = createLocalEngine({
      modelPath, log: silentLogger, clock: systemClock,
      limits: { sequences: 1, contextTokens: 512, heartbeatMs: 200, missedHeartbeats: 40, restartDelayMs: 50 },
    });
    await engine.start();
  }, 180_000);
  afterAll(() => engine.stop());

  test.each([
    ['is killed', 'SIGKILL', 'its process was ended by SIGKILL'],
    ['crashes', 'SIGSEGV', 'its process was ended by SIGSEGV'],
    ['hangs', 'SIGSTOP', 'it gave no sign of life'],
  ] as const)('%s: what ran fails clearly, what waited is answered', async (_name, signal, reason) => {
    const pid = engine.pid!;
    const { restarts } = engine.state();
    let hit = false;
    const running = failure(collect(engine, request(LONG, { maxTokens: 400 }), undefined, (event) => {
      if (event.type !== 'token' || hit) return;
      hit = true;
      process.kill(pid, signal);
    }));
    const waiting = collect(engine, request('What is the capital of France?', { temperature: 0 }));
    const error = await running;
    expect(error).toMatchObject({ code: 'engine_restarted', status: 502 });
    expect(String(error)).toContain(reason);
    const { text, events } = await waiting;
    expect(text).toContain('Paris');
    expect(events[0]).toMatchObject({ type: 'queued', position: 1 });
    expect(engine.state()).toMatchObject({ state: 'ready', restarts: restarts + 1 });
    expect(isAlive(pid)).toBe(false);
    expect(engine.pid).not.toBe(pid);
  }, 180_000);

  test('an aborted request in a lost process still ends with its counts', async () => {
    const leaves = new AbortController();
    const { end } = await collect(engine, request(LONG, { maxTokens: 400 }), leaves.signal, (event) => {
      if (event.type !== 'token' || event.tokens !== 3) return;
      process.kill(engine.pid!, 'SIGKILL');
      leaves.abort();
    });
    expect(end).toMatchObject({ type: 'aborted' });
    expect(end!.outputTokens).toBeGreaterThanOrEqual(3);
  }, 180_000);
});

// What a process looks like from outside is only told by Linux.
test.runIf(existsSync('/proc'))('the process knows nothing secret, leads a session of its own, and is the first to go when memory is short', async () => {
  process.env['TANDEM_TEST_SECRET'] = 'hidden';
  const engine = createLocalEngine({ modelPath, log: silentLogger, clock: systemClock, limits: { sequences: 1, contextTokens: 256 } });
  await engine.start();
  const pid = engine.pid!;
  expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('TANDEM');
  const [, , , , group, session] = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/\(.*\)/, '-').split(' ');
  expect([group, session]).toEqual([String(pid), String(pid)]);
  expect(Number(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8'))).toBe(600);
  await engine.stop();
  expect(isAlive(pid)).toBe(false);
  expect(await failureOf(engine, request('Hello'))).toMatchObject({ code: 'engine_unavailable' });
}, 180_000);

test('a file that is no model is said so, and nothing is left running', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'tandem-model-')), 'broken.gguf');
  writeFileSync(path, Buffer.concat([Buffer.from('GGUF'), Buffer.alloc(4096, 7)]));
  const engine = createLocalEngine({ modelPath: path, log: silentLogger, clock: systemClock });
  await expect(engine.start()).rejects.toMatchObject({ code: 'engine_unavailable' });
  expect(engine.state()).toMatchObject({ state: 'failed', reason: expect.stringContaining('the model could not be loaded') });
  expect(await failureOf(engine, request('Hello'))).toMatchObject({ code: 'engine_unavailable', status: 503 });
  await engine.stop();
}, 180_000);

test.each(['running', 'stopped in native code'])('no process is left when the server is ended by kill -9 while the engine is %s', async (how) => {
  // A server of its own, in a file of its own: it starts the engine, says its pid, and answers for ever.
  const script = join(mkdtempSync(join(tmpdir(), 'tandem-server-')), 'server.ts');
  const face = new URL('./engine.ts', import.meta.url).href;
  const base = new URL('../../base/index.ts', import.meta.url).href;
  writeFileSync(script, `
    import { createLocalEngine } from '${face}';
    import { silentLogger, systemClock } from '${base}';
    const engine = createLocalEngine({ modelPath: ${JSON.stringify(modelPath)}, log: silentLogger, clock: systemClock, limits: { sequences: 1, contextTokens: 1024 } });
    await engine.start();
    const asks = { id: 'one', fairnessKey: 'a', messages: [{ role: 'user', content: ${JSON.stringify(LONG)} }], maxTokens: 900, deadlineMs: 60000, temperature: 0 };
    for await (const event of engine.generate(asks, new AbortController().signal)) if (event.type === 'token' && event.tokens === 2) console.log(engine.pid);
  `);
  const server = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await new Promise<string[]>((resolve) => createInterface(server.stdout).once('line', (text) => resolve([text])));
  const pid = Number(line);
  expect(isAlive(pid)).toBe(true);
  // A stopped process sees nothing; once it goes on it must see at once that its parent is gone.
  if (how !== 'running') process.kill(pid, 'SIGSTOP');
  server.kill('SIGKILL');
  await new Promise((resolve) => server.once('exit', resolve));
  if (how !== 'running') process.kill(pid, 'SIGCONT');
  await gone(pid);
}, 180_000);

function failure(outcome: Promise<unknown>): Promise<unknown> {
  return outcome.then(() => undefined, (error: unknown) => error);
}

/** False also for a process that has ended and was not yet waited for, where the system tells. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !existsSync('/proc') || !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Waits for a process that is not ours to end; the test's own time limit bounds it. */
async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await systemClock.sleep(25);
}
