import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SERVER_FLAGS } from '../../src/cli/server-flags.ts';
import { startStandInBackend, type StandInBackend } from '../acceptance/support/backend.ts';
import { freshFolder, startProgram, stopEverything, type Program } from '../acceptance/support/program.ts';
import { trendOf } from './support/trend.ts';

/** Between two looks while the process ages: caches fill, and V8 compiles all that is ever run, of which some runs by the clock. */
const YOUNG_WINDOW = 4_000;
const YOUNG_WINDOW_MS = 8_000;
const YOUNG_LOOKS = 20;
/** With V8 as it is, before anything is judged. */
const CALM = 60_000;
const REPLIES = 200_000;
const WINDOW = 20_000;
const AT_ONCE = 32;
const FRAMES = 6;
/** The least of so many looks counts: a thread of V8 may be compiling, and glibc gives back only what lies on top. */
const LOOKS = 3;
/**
 * KiB per 1,000 replies, the trend of eleven samples, each taken once V8 has given back all that it does not use. `kept` is every object of the program, which
 * is what a leak of ours would grow; `code` what V8 compiled; `rss` all that the process holds, of which both are parts. The aim of `rss` is 1; the
 * bounds leave room for a busy machine, on which half a MiB came and went once: a leak of a few bytes in each reply is above them. In two runs of the test as it is (2026-11-26) `rss` was 0.25 ± 0.22 and 0.60 ± 0.18, `code` 0.33 and 0.45, `kept` -0.02 and 0.12. Four runs
 * that aged for as long as 80,000 replies take had an `rss` of -0.33 ± 0.34, 2.70 ± 0.96, 2.00 ± 0.83 and 1.40 ± 0.22.
 */
const MOST_KIB = { kept: 1, code: 2, rss: 2 };

let program: Program;
let backend: StandInBackend;
let pool: Pool;
let secret: string;
const probe = join(freshFolder('probe'), 'memory.json');

beforeAll(async () => {
  backend = await startStandInBackend({ frames: FRAMES });
  const home = freshFolder('home');
  writeFileSync(join(home, 'config.json'), JSON.stringify({ egress: { allow: ['127.0.0.1'] }, backends: [{ name: 'stand-in', url: backend.url, models: [{ alias: 'team/model', model: 'mock', maxOutputTokens: 64 }] }] }));
  program = await startProgram({
    direct: true, home,
    // Both as `npm start` sets them.
    flags: SERVER_FLAGS,
    env: { MALLOC_ARENA_MAX: '1', TANDEM_LOG: 'error', TANDEM_LOCAL_MODEL: 'off', TANDEM_GC_PROBE: probe, TANDEM_GC_EAGER: String(YOUNG_LOOKS), NODE_OPTIONS: `--expose-gc --import=${join(import.meta.dirname, 'support/gc-probe.mjs')}` },
  });
  expect(program.cli('prices', 'set', 'team/model', '--input', '0.20', '--output', '0.60', '--source', 'test')).toMatchObject({ code: 0 });
  const made = JSON.parse(program.cli('keys', 'create', 'memory', '--budget', '1000', '--json').out) as { secret: string };
  secret = made.secret;
  pool = new Pool(program.url, { connections: AT_ONCE });
  await firstReply();
}, 120_000);

afterAll(async () => {
  await pool?.destroy();
  await program?.interrupt();
  backend?.close();
  stopEverything();
});

test('memory does not grow with streamed replies, clients leaving at random (C14, litellm 38193)', async () => {
  let young = 0;
  for (let looks = 0; looks < YOUNG_LOOKS; looks += 1) {
    const since = performance.now();
    do {
      await replies(YOUNG_WINDOW);
      young += YOUNG_WINDOW;
    } while (performance.now() - since < YOUNG_WINDOW_MS);
    await look();
  }
  await replies(CALM);
  const samples = [await memory()];
  let left = 0;
  for (let done = 0; done < REPLIES; done += WINDOW) {
    left += await replies(WINDOW);
    samples.push(await memory());
  }
  const kib = (bytes: number) => Math.round(bytes / 1_024);
  console.log(samples.map(({ before, rss, mapped, kept, large, code }, at) => `${young + CALM + at * WINDOW}: RSS ${kib(rss)} KiB (${kib(before)} before V8 gave back what it did not use), of it ${kib(mapped)} pages of files; kept ${kib(kept)}, of it ${kib(large)} large, code ${kib(code)}`).join('\n'));
  const trend = (of: keyof Memory) => trendOf(samples.map((sample, at) => ({ x: at * WINDOW / 1_000, y: sample[of] / 1_024 })));
  const said = (of: keyof Memory) => `${of} ${trend(of).slope.toFixed(2)} ± ${trend(of).error.toFixed(2)}`;
  console.log(`${REPLIES} streamed replies, ${left} left by their client. KiB per 1,000: ${(['kept', 'code', 'mapped', 'rss'] as const).map(said).join(', ')}`);
  expect(left).toBeGreaterThan(REPLIES / 10);
  for (const of of ['kept', 'code', 'rss'] as const) expect([of, trend(of).slope < MOST_KIB[of]]).toEqual([of, true]);
}, 1_500_000);

/** Asks for so many streams, `AT_ONCE` at a time; about one client in four leaves in the middle. Returns how many did. */
async function replies(count: number): Promise<number> {
  let begun = 0;
  let left = 0;
  const body = JSON.stringify({ model: 'team/model', stream: true, max_tokens: 32, messages: [{ role: 'user', content: 'Count.' }] });
  const client = async (): Promise<void> => {
    while (begun < count) {
      begun += 1;
      const leaves = Math.random() < 0.25;
      const gone = new AbortController();
      try {
        const reply = await pool.request({ method: 'POST', path: '/v1/chat/completions', headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' }, body, signal: gone.signal });
        for await (const chunk of reply.body) {
          if (!leaves || chunk.length === 0) continue;
          left += 1;
          gone.abort();
        }
        if (reply.statusCode !== 200) throw new Error(`a reply had the status ${reply.statusCode}`);
      } catch (error) {
        if (!gone.signal.aborted) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  return left;
}

interface Memory {
  /** Bytes: all that the process holds, pages of files among it, what V8 compiled, and every object of the program, those of more than 128 KiB among them. */
  readonly rss: number;
  readonly mapped: number;
  readonly code: number;
  readonly kept: number;
  readonly large: number;
}

/** What is left when no call runs any more and everything that is garbage was given back. @returns `before`: the process as it was. */
async function memory(): Promise<Memory & { readonly before: number }> {
  const before = residentBytes();
  let least = await look();
  for (let looks = 1; looks < LOOKS; looks += 1) {
    const seen = await look();
    if (seen.rss < least.rss) least = seen;
  }
  return { before, ...least };
}

async function look(): Promise<Memory> {
  rmSync(probe, { force: true });
  await new Promise((resolve) => { setTimeout(resolve, 500); });
  process.kill(program.serverPid, 'SIGUSR2');
  while (!existsSync(probe)) await new Promise((resolve) => { setTimeout(resolve, 20); });
  const { heapUsed, ...seen } = JSON.parse(readFileSync(probe, 'utf8')) as Omit<Memory, 'kept'> & { heapUsed: number };
  return { ...seen, kept: heapUsed - seen.code };
}

function residentBytes(): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${program.serverPid}/status`, 'utf8'))![1]) * 1_024;
}

/** A new price begins some seconds after it was set. */
async function firstReply(): Promise<void> {
  for (;;) {
    try {
      await replies(1);
      return;
    } catch {
      await new Promise((resolve) => { setTimeout(resolve, 200); });
    }
  }
}
