import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStandInBackend, type StandInBackend } from '../acceptance/support/backend.ts';
import { freshFolder, startProgram, stopEverything, type Program } from '../acceptance/support/program.ts';

const REPLIES = 200_000;
const WINDOW = 10_000;
/** While caches fill and code is compiled, memory grows; what is judged comes after it. */
const WARM = 60_000;
const AT_ONCE = 32;
const FRAMES = 6;
/**
 * KiB per 1,000 replies, each sample after a full collection. `kept` is every object of the program, which is what a leak of ours would grow, and
 * `code` what V8 compiled: slopes. On 2026-11-26, between 60,000 and 150,000 replies, they were 0.7 and 1.7; then V8 gave back 4.7 MiB of the one and 1.6 of the
 * other. Two snapshots of the heap, after 80,000 and after 260,000, differed by 1.8 kB of objects; the rest was code and V8's own lists. `rss` has the pages that V8
 * holds and does not use (130 of 415 MiB in one run, 0.5 MiB of them after it gave them back), so its slope says nothing, and its floor is compared: the
 * least of the first half against the least of the second. Here it fell by 34. Two leaks outside of the heap were found by it (260, then 68).
 */
const MOST_KIB = { kept: 1, code: 5, rss: 20 };

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
  const samples: { replies: number; rss: number; code: number; kept: number }[] = [];
  let left = 0;
  for (let done = 0; done < REPLIES; done += WINDOW) {
    left += await replies(WINDOW);
    samples.push({ replies: done + WINDOW, ...(await memory()) });
  }
  const judged = samples.filter(({ replies: at }) => at >= WARM);
  const slope = (of: 'code' | 'kept') => theilSen(judged.map((sample) => [sample.replies, sample[of]]));
  const half = Math.floor(judged.length / 2);
  const floor = (some: typeof samples) => Math.min(...some.map(({ rss }) => rss));
  const grown = { kept: slope('kept'), code: slope('code'), rss: (floor(judged.slice(half)) - floor(judged.slice(0, half))) / (half * WINDOW) };
  const mib = (bytes: number) => (bytes / 1_048_576).toFixed(2);
  console.log(samples.map(({ replies: at, rss, kept, code }) => `${at}: RSS ${mib(rss)} MiB, kept ${mib(kept)} MiB, code ${mib(code)} MiB`).join('\n'));
  const kib = (of: keyof typeof grown) => (grown[of] * 1_000) / 1_024;
  console.log(`${REPLIES} streamed replies, ${left} left by their client. KiB per 1,000: kept ${kib('kept').toFixed(2)}, code ${kib('code').toFixed(2)}, floor of RSS ${kib('rss').toFixed(2)}`);
  expect(left).toBeGreaterThan(REPLIES / 10);
  for (const of of ['kept', 'code', 'rss'] as const) expect([of, kib(of) < MOST_KIB[of]]).toEqual([of, true]);
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

/** After a collection of everything that is garbage, when no call runs any more. */
async function memory(): Promise<{ rss: number; code: number; kept: number }> {
  rmSync(probe, { force: true });
  await new Promise((resolve) => { setTimeout(resolve, 500); });
  process.kill(program.serverPid, 'SIGUSR2');
  while (!existsSync(probe)) await new Promise((resolve) => { setTimeout(resolve, 20); });
  const { rss, heapUsed, code } = JSON.parse(readFileSync(probe, 'utf8')) as { rss: number; heapUsed: number; code: number };
  return { rss, code, kept: heapUsed - code };
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

/** The median of the slopes of all pairs: a few samples beside the line do not move it. */
function theilSen(points: readonly (readonly [number, number])[]): number {
  const slopes = points.flatMap(([x1, y1], at) => points.slice(at + 1).map(([x2, y2]) => (y2 - y1) / (x2 - x1))).sort((a, b) => a - b);
  return slopes[Math.floor(slopes.length / 2)]!;
}
