import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startStandInBackend, type StandInBackend } from '../acceptance/support/backend.ts';
import { freshFolder, startProgram, stopEverything, type Program } from '../acceptance/support/program.ts';

const REPLIES = 200_000;
const WINDOW = 10_000;
/** While caches fill and code is compiled, memory grows; the slope is taken behind it. */
const WARM = 60_000;
const AT_ONCE = 32;
const FRAMES = 6;
/**
 * KiB per 1,000 replies. The aim is 1, which is 0.2 MiB over all of them. The heap, measured after a full collection, grew by 0.10, 2.3 and 3.1 in
 * three runs of 2026-11-26, V8's own notes on code for the most part. The memory of the whole process (270 MiB) does not: it climbs and falls by some MiB as V8 takes and gives back pages. On that
 * day it was 272.6 MiB after 60,000 replies and 271.7 after 200,000, and the slope by Theil and Sen between them 12.8, in another run 3.8.
 * Its bound leaves room for that and none for what was found before (260, then 68).
 */
const MOST_SLOPE_KIB = { heap: 6, rss: 30 };

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
  const samples: { replies: number; rss: number; heap: number }[] = [];
  let left = 0;
  for (let done = 0; done < REPLIES; done += WINDOW) {
    left += await replies(WINDOW);
    samples.push({ replies: done + WINDOW, ...(await memory()) });
  }
  const slope = (of: 'rss' | 'heap') => theilSen(samples.filter(({ replies: at }) => at > WARM).map((sample) => [sample.replies, sample[of]])) * 1_000 / 1_024;
  console.log(samples.map(({ replies: at, rss, heap }) => `${at}: RSS ${(rss / 1_048_576).toFixed(1)} MiB, heap ${(heap / 1_048_576).toFixed(2)} MiB`).join('\n'));
  console.log(`${REPLIES} streamed replies, ${left} left by their client: RSS ${(samples.at(-1)!.rss / 1_048_576).toFixed(0)} MiB, slope ${slope('rss').toFixed(2)} KiB per 1,000 replies; heap ${(samples.at(-1)!.heap / 1_048_576).toFixed(1)} MiB, slope ${slope('heap').toFixed(2)}`);
  expect(left).toBeGreaterThan(REPLIES / 10);
  expect(slope('heap')).toBeLessThan(MOST_SLOPE_KIB.heap);
  expect(slope('rss')).toBeLessThan(MOST_SLOPE_KIB.rss);
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
async function memory(): Promise<{ rss: number; heap: number }> {
  rmSync(probe, { force: true });
  await new Promise((resolve) => { setTimeout(resolve, 500); });
  process.kill(program.serverPid, 'SIGUSR2');
  while (!existsSync(probe)) await new Promise((resolve) => { setTimeout(resolve, 20); });
  const { rss, heapUsed } = JSON.parse(readFileSync(probe, 'utf8')) as { rss: number; heapUsed: number };
  return { rss, heap: heapUsed };
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
