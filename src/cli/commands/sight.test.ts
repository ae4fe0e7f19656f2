import { expect, test } from 'vitest';
import { against } from '../testing/against.ts';
import { run } from '../testing/terminal.ts';
import { msText, waterfall } from '../output/waterfall.ts';

const ID = '0192f0c1-7a00-7000-8000-000000000001';

const request = {
  id: ID, at: '2026-11-23T08:00:00.000Z', outcome: 'completed', code: null, status: null, model: 'team/fast', dialect: 'chat', tier: 'default', projectId: ID, projectName: 'default', keyId: ID, keyName: 'ci',
  backendId: 'b', backendName: 'gpu-2', tries: 2, user: 'u-1', scenario: null, tags: [], streamed: true, finishReason: 'stop', quantities: { input: '10' }, charge: '1500000', cost: null, margin: null, currency: 'USD', firstTokenMs: 420, totalMs: 2_000,
};

test('requests lists calls with what went wrong, and passes filters on by the API\'s names', async () => {
  const { env, seen } = await against({ 'GET /api/requests': { json: { items: [request, { ...request, outcome: 'refused', code: 'budget_exceeded', firstTokenMs: null, totalMs: null, currency: null, backendName: null }], nextCursor: null, lookedBackTo: null } } });
  const { code, out } = await run(['requests', '--last', '7d', '--outcome', 'not_completed', '--user', 'u-1', '--min-ms', '100', '--limit', '5'], env);
  expect([code, seen[0]!.path]).toEqual([0, '/api/requests?limit=5&from=2026-11-16T00%3A00%3A00.000Z&user=u-1&outcome=not_completed&minMs=100']);
  expect(out).toContain('gpu-2 (try 2)');
  expect(out).toContain('refused: budget_exceeded');
  expect((await run(['requests', '--outcome', 'odd'], env)).code).toBe(2);
  expect((await run(['requests', '--limit', '0'], env)).code).toBe(2);
});

test('requests show draws where the time went and says why', async () => {
  const detail = {
    ...request, recordedAt: '2026-11-23T08:00:02.500Z', counted: 'backend', lines: [{ bucket: 'input', quantity: '10', price: '150000', per: '1', amount: '1500000' }], annotations: { class: 'public', note: null }, route: { code: 'fallback', why: 'gpu-1 answered 503' }, error: null,
    stages: [{ stage: 'first_token', startMs: 0, ms: 420, reason: 'gpu-2 read the prompt.' }, { stage: 'stream', startMs: 420, ms: 1_580, reason: 'From the first token to the last.' }, { stage: 'settle', startMs: 2_000, ms: 500, reason: '' }],
    attempts: [{ number: 1, backendName: 'gpu-1', startMs: 0, ms: 100, reason: 'Another one followed: HTTP 503.' }, { number: 2, backendName: 'gpu-2', startMs: 100, ms: 1_900, reason: 'This one served the reply.' }],
  };
  const { env, seen } = await against({ [`GET /api/requests/${ID}`]: { json: detail }, 'GET /api/requests': { json: { items: [request], nextCursor: null, lookedBackTo: null } } });
  const { out } = await run(['requests', 'show', `chatcmpl-${ID}`], env);
  expect(seen.map(({ path }) => path)).toEqual([`/api/requests?id=chatcmpl-${ID}`, `/api/requests/${ID}`]);
  expect(out).toContain('first token   ████████ ');
  expect(out).toContain('Route: gpu-1 answered 503');
  expect(out).toContain('Noted by hooks: class public, note (not kept)');
  expect(out).toContain('whole reply 2.00 s; in the books 500 ms later');
  expect(out).toContain('Charged $0.0000015; cost unknown; margin unknown; counted by backend.');
  expect(JSON.parse((await run(['requests', 'show', ID, '--json'], env)).out)).toMatchObject({ id: ID });
  expect(out).not.toContain('Machines:');
  for (const [machine, line] of [
    [{ state: 'split', minutes: 0.25, cost: '2500000000', currency: 'USD' }, 'Machines: $0.0025 for 0.25 minutes, without idle ones.'],
    [{ state: 'waiting', minutes: null, cost: null, currency: 'USD' }, 'Machines: not split yet'], [{ state: 'missed', minutes: null, cost: null, currency: 'USD' }, 'Machines: not known'],
  ] as const) {
    const served = await against({ [`GET /api/requests/${ID}`]: { json: { ...detail, machine } }, 'GET /api/requests': { json: { items: [request], nextCursor: null, lookedBackTo: null } } });
    expect((await run(['requests', 'show', ID], served.env)).out).toContain(line);
  }
});

test('latency says it in a sentence, then by route', async () => {
  const percentiles = { p50: 240, p95: 1_200, p99: 3_000, calls: '1204' };
  const series = { model: 'team/fast', backendId: 'b', backendName: 'gpu-2', projectId: null, projectName: null, firstTokenMs: percentiles, tokensPerSecond: { ...percentiles, p50: 61, p95: 18 }, wholeMs: null, points: [] };
  const { env, seen } = await against({ 'GET /api/latency': { json: { from: '', to: '', step: 'hour', by: 'route', errorShare: 0.0244, newestCalls: null, all: series, series: [series], seriesInAll: 1 } } });
  const { out } = await run(['latency', '--model', 'team/fast'], env);
  expect(seen[0]!.path).toBe('/api/latency?by=route&model=team%2Ffast');
  expect(out).toContain('Half of the calls had their first token within 240 ms, 95 in 100 within 1.20 s.');
  expect(out).toMatch(/team\/fast on gpu-2 +1,204 +240 ms +1\.20 s +3\.00 s/);
  expect(out).toContain('Percentiles to 2.4 %.');
});

test('latency stays a table on a terminal of 80 columns, in two parts, with whole names', async () => {
  const percentiles = { p50: 240, p95: 1_200, p99: 125_000, calls: '1204' };
  const series = (model: string) => ({ model, backendId: 'b', backendName: 'gpu-2', projectId: null, projectName: null, firstTokenMs: percentiles, tokensPerSecond: { ...percentiles, p50: 61.5, p95: 18 }, wholeMs: percentiles, points: [] });
  const { env } = await against({ 'GET /api/latency': { json: { from: '', to: '', step: 'hour', by: 'route', errorShare: 0.0244, newestCalls: null, all: { ...series('x'), model: null, backendName: null }, series: [series('team/fast'), series('team/slow')], seriesInAll: 2 } } });
  const shown = async (columns: number): Promise<string[]> => (await run(['latency'], env, { columns })).out.split('\n');
  expect((await shown(120)).filter((line) => line.startsWith('ROUTE'))).toEqual([expect.stringMatching(/CALLS +FIRST p50 .*WHOLE p99 +TOKENS\/s p50 +TOKENS\/s p95$/)]);
  const narrow = await shown(80);
  expect(Math.max(...narrow.slice(2, -3).map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(narrow.slice(2, -3)).toEqual([
    'ROUTE               CALLS  FIRST p50     p95        p99', 'team/fast on gpu-2  1,204     240 ms  1.20 s  2 min 5 s', 'team/slow on gpu-2  1,204     240 ms  1.20 s  2 min 5 s', 'all                 1,204     240 ms  1.20 s  2 min 5 s', '',
    'ROUTE               WHOLE p50     p95        p99  TOKENS/s p50  p95', 'team/fast on gpu-2     240 ms  1.20 s  2 min 5 s          61.5   18', 'team/slow on gpu-2     240 ms  1.20 s  2 min 5 s          61.5   18', 'all                    240 ms  1.20 s  2 min 5 s          61.5   18',
  ]);
});

test('spend prints groups with their parts, the others, and what is not known', async () => {
  const figures = { requests: '3', failed: '0', charge: '3000000', cost: '1000000', margin: '2000000', costUnknown: '1', tokens: '9' };
  const view = { from: '2026-11-01T00:00:00.000Z', to: '2026-11-24T00:00:00.000Z', currency: 'USD', metric: 'charge', group: 'project', subgroup: 'model', total: { ...figures, value: '3000000' }, before: null,
    groups: [{ key: ID, name: 'app', value: '2000000', ...figures, parts: [{ key: 'm', name: 'team/fast', value: '2000000' }] }, { key: null, name: '4 others', value: '1000000', ...figures, parts: [] }], groupsInAll: 5, overlapping: false };
  const { env, seen } = await against({ 'GET /api/spend': { json: view } });
  const { out } = await run(['spend', '--by', 'project', '--and', 'model', '--from', '2026-11-01'], env);
  expect(seen[0]!.path).toBe('/api/spend?metric=charge&group=project&top=10&from=2026-11-01T00%3A00%3A00.000Z&subgroup=model');
  expect(out).toContain('2026-11-01 to 2026-11-23: $0.000003 (charge) for 3 calls; the same time before: unknown.');
  expect(out).toContain('4 others');
  expect(out).toContain('The cost of 1 usage event (calls, minutes of machines) is not known');
  expect((await run(['spend', '--by', 'moon'], env)).code).toBe(2);
});

test('bars stay inside the scale and are never nothing', () => {
  const lines = waterfall([{ label: 'a', startMs: -5, ms: 0, note: '' }, { label: 'bb', startMs: 90, ms: 500, note: 'late' }], 100);
  expect(lines[0]).toMatch(/^a {3}█ /);
  expect(lines[1]!.match(/█/g)!.length).toBeLessThanOrEqual(4);
  expect([msText(0.44), msText(950), msText(61_400), msText(null)]).toEqual(['0.4 ms', '950 ms', '1 min 1 s', '-']);
});
