import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStandInBackend, type StandInBackend } from '../acceptance/support/backend.ts';
import { freshFolder, startProgram, stopEverything, type Program } from '../acceptance/support/program.ts';

/** While caches fill and code is compiled, memory grows; what is judged comes after it. */
const WARM = 100_000;
/** Once V8 has given back for the first time, the process grows by 0.5 to 1.7 MiB once, and no more: so the first time is not judged. */
const SECOND_WARM = 100_000;
const REPLIES = 200_000;
const WINDOW = 100_000;
const AT_ONCE = 32;
const FRAMES = 6;
/** The least of so many looks counts: a thread of V8 may be compiling, and glibc gives back only what lies on top. */
const LOOKS = 3;
/**
 * KiB per 1,000 replies, between the first judged sample and the last, each taken once V8 has given back all that it does not use. `kept` is every object of
 * the program, which is what a leak of ours would grow; `code` what V8 compiled; `rss` all that the process holds, of which both are parts. On 2026-11-26
 * they were 0.2, 0.9 and 1.6; of three runs of which the first sample was judged too, `rss` was 2.5, 6.9 and 10.4, and -0.8, 0.0 and 3.8 without it. The code is
 * what a sample costs, and not what replies do: a process that no sample had disturbed had no more of it after 600,000 than after 200,000.
 */
const MOST_KIB = { kept: 1, code: 5, rss: 6 };

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
    // As `npm start` sets it.
    env: { MALLOC_ARENA_MAX: '1', TANDEM_LOG: 'error', TANDEM_LOCAL_MODEL: 'off', TANDEM_GC_PROBE: probe, NODE_OPTIONS: `--expose-gc --import=${join(import.meta.dirname, 'support/gc-probe.mjs')}` },
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
  await replies(WARM);
  await memory();
  await replies(SECOND_WARM);
  const samples = [await memory()];
  let left = 0;
  for (let done = 0; done < REPLIES; done += WINDOW) {
    left += await replies(WINDOW);
    samples.push(await memory());
  }
  const mib = (bytes: number) => (bytes / 1_048_576).toFixed(2);
  console.log(samples.map(({ before, rss, kept, code }, at) => `${WARM + SECOND_WARM + at * WINDOW}: RSS ${mib(rss)} MiB (${mib(before)} before V8 gave back what it did not use), kept ${mib(kept)} MiB, code ${mib(code)} MiB`).join('\n'));
  const slope = (of: keyof typeof MOST_KIB) => (samples.at(-1)![of] - samples[0]![of]) / 1_024 / (REPLIES / 1_000);
  console.log(`${REPLIES} streamed replies, ${left} left by their client. KiB per 1,000: kept ${slope('kept').toFixed(2)}, code ${slope('code').toFixed(2)}, RSS ${slope('rss').toFixed(2)}`);
  expect(left).toBeGreaterThan(REPLIES / 10);
  for (const of of ['kept', 'code', 'rss'] as const) expect([of, slope(of) < MOST_KIB[of]]).toEqual([of, true]);
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
  /** Bytes: all that the process holds, what V8 compiled, and every object of the program. */
  readonly rss: number;
  readonly code: number;
  readonly kept: number;
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
  const { rss, heapUsed, code } = JSON.parse(readFileSync(probe, 'utf8')) as { rss: number; heapUsed: number; code: number };
  return { rss, code, kept: heapUsed - code };
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
