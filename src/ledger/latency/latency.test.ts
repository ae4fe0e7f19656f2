import { afterEach, beforeEach, expect, test } from 'vitest';
import fc from 'fast-check';
import { openTestBooks, type TestBooks } from '../testing/books.ts';
import { ERROR_SHARE, valueOf } from './histogram.ts';

let house: TestBooks;
beforeEach(async () => void (house = await openTestBooks()));
afterEach(() => house.close());

const call = (firstTokenMs: number, totalMs: number, more: { backendId?: string; projectId?: string; keyId?: string; atMs?: number; outcome?: string } = {}) => ({
  quantities: { input: 5n, output: 11n }, ...more,
  attributes: { timings: { firstTokenMs, totalMs }, attempts: [{ backendId: more.backendId ?? 'gpu-1' }] },
});

test('percentiles are those of the calls, to 2.5 per cent', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.double({ min: 0.2, max: 3e6, noNaN: true }), { minLength: 1, maxLength: 40 }), async (times) => {
    const projectId = house.newId();
    await house.poster.use(...times.map((ms) => call(ms, ms + 100, { projectId })));
    await house.books.sight.catchUp();
    const view = await house.books.sight.latency(house.principal(), { by: 'route', top: 5, projectId, to: new Date(house.clock.nowMs() + 60_000).toISOString() });
    const sorted = times.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1]!;
    const { p50, p95, p99, calls } = view.all.firstTokenMs!;
    expect(calls).toBe(String(times.length));
    // A little more than the share: three digits are shown.
    for (const [shown, exact] of [[p50, at(0.5)], [p95, at(0.95)], [p99, at(0.99)]] as const) expect(Math.abs(shown - exact) / exact).toBeLessThan(ERROR_SHARE + 0.006);
  }), { numRuns: 15 });
});

test('a bucket is told by the value from which its ends are equally far', () => {
  for (const bucket of [-60, 0, 17, 200, 430]) {
    const [from, to, told] = [1.05 ** (bucket - 1), 1.05 ** bucket, valueOf(bucket)];
    expect(Math.max((told - from) / from, (to - told) / to)).toBeLessThan(ERROR_SHARE + 0.006);
  }
});

test('by route and over time; tokens per second are told from the slow end', async () => {
  const hour = 3_600_000;
  const start = house.clock.nowMs();
  await house.poster.use(call(100, 1_100, { atMs: start }), call(200, 1_200, { atMs: start, backendId: 'gpu-2' }));
  house.clock.advance(hour);
  await house.poster.use(call(400, 900), call(400, 10_400, { outcome: 'failed' }));
  await house.books.sight.catchUp();
  const view = await house.books.sight.latency(house.principal(), { by: 'route', top: 1, from: new Date(start).toISOString(), to: new Date(start + 2 * hour).toISOString() });
  expect(view).toMatchObject({ step: 'hour', seriesInAll: 2, newestCalls: null });
  expect(view.series).toHaveLength(1);
  const [series] = view.series;
  expect(series).toMatchObject({ model: 'tandem/local', backendId: 'gpu-1', projectId: null });
  expect(series!.points.map((point) => point.at)).toEqual([new Date(start).toISOString(), new Date(start + hour).toISOString()]);
  expect(series!.points.map((point) => Math.round(point.firstTokenMs!.p50 / 50) * 50)).toEqual([100, 400]);
  // Ten tokens after the first, in 1 s and in 0.5 s; 95 in 100 had at least the lesser rate.
  expect(Math.round(series!.tokensPerSecond!.p95)).toBe(10);
  expect(series!.points.map((point) => Math.round(point.tokensPerSecond!.p50 / 5) * 5)).toEqual([10, 20]);
  expect(view.all.wholeMs?.calls).toBe('3');
});

test('for one key out of its calls; a project sees its own', async () => {
  const [keyId, projectId] = [house.newId(), house.newId()];
  await house.poster.use(call(100, 200, { keyId }), call(900, 1_000, { projectId }));
  await house.books.sight.catchUp();
  const to = new Date(house.clock.nowMs() + 60_000).toISOString();
  const ofKey = await house.books.sight.latency(house.principal(), { by: 'model', top: 5, keyId, to });
  expect(ofKey.newestCalls).toBe(200_000);
  expect(ofKey.all.firstTokenMs).toMatchObject({ calls: '1', p50: expect.closeTo(100, -1) as number });
  const bound = { ...house.principal(), projectId };
  expect((await house.books.sight.latency(bound, { by: 'model', top: 5, to })).all.firstTokenMs).toMatchObject({ calls: '1', p50: expect.closeTo(900, -2) as number });
  expect((await house.books.sight.latency(bound, { by: 'model', top: 5, to, projectId: house.projectId })).all.firstTokenMs).toBeNull();
  expect((await house.books.sight.latency(house.principal(await house.addOrganisation()), { by: 'project', top: 5, to })).series).toEqual([]);
  await expect(house.books.sight.latency(house.principal(), { by: 'model', top: 5, from: to, to })).rejects.toMatchObject({ code: 'invalid_request' });
});
