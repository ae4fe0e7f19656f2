import type { ReplyOf, Schemas } from '../src/api/client.ts';
import { NOW, id } from './mock-basics.ts';

/** Invented calls for the pages Requests, Latency and Spend. The same in every run. */
type Call = Schemas['Request'];
type Detail = ReplyOf<'/api/requests/{id}', 'get'>;
type Latency = ReplyOf<'/api/latency', 'get'>;
type Spend = ReplyOf<'/api/spend', 'get'>;

/** What the calls are invented from. */
interface World {
  readonly projects: readonly Schemas['Project'][];
  readonly lines: readonly Schemas['Bill']['lines'][number][];
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const BACKENDS: Readonly<Record<string, readonly [string, string]>> = { 'muse-spark': ['b-meta', 'Meta Model API'], 'team/fast': ['b-gpu', 'vLLM on gpu-2'], 'tandem/local': ['b-local', 'local'] };
const ERRORS = [['budget_exceeded', 402], ['model_not_found', 404], ['backend_timeout', 504]] as const;

export function callsOf(world: World): Call[] {
  const lines = world.lines.filter(({ keyId }) => keyId !== null);
  if (lines.length === 0) return [];
  return Array.from({ length: 60 }, (_, index) => {
    const line = lines[(index * 5) % lines.length]!;
    const error = index % 11 === 3 ? ERRORS[Math.floor(index / 11) % ERRORS.length] : undefined;
    const admitted = error === undefined || error[0] === 'backend_timeout';
    const [backendId, backendName] = BACKENDS[line.resource] ?? ['b', 'a backend'];
    const output = 40 + ((index * 53) % 380);
    const firstTokenMs = 70 + ((index * 137) % 900);
    const charge = BigInt(output) * 4_250_000n + BigInt(300 + index * 17) * 1_250_000n + BigInt(index % 3 === 0 ? 512 : 0) * 150_000n;
    return {
      id: id(), at: new Date(NOW - index * 94_000 - 12_000).toISOString(), outcome: error === undefined ? (index % 17 === 5 ? 'client_left' : 'completed') : admitted ? 'failed' : 'refused', code: error?.[0] ?? null, status: error?.[1] ?? null,
      model: error?.[0] === 'model_not_found' ? 'muse-spork' : line.resource, dialect: index % 3 === 0 ? 'messages' : 'chat', tier: admitted ? (index % 9 === 4 ? 'flex' : 'default') : null,
      projectId: line.projectId, projectName: line.projectName, keyId: line.keyId, keyName: line.keyName, backendId: admitted ? backendId : null, backendName: admitted ? backendName : null,
      tries: admitted ? (index % 7 === 6 ? 2 : 1) : 0, user: index % 4 === 1 ? `customer-${100 + (index % 6)}` : null, scenario: index % 5 === 2 ? 'refund' : null, tags: index % 5 === 2 ? ['support'] : [],
      streamed: admitted ? index % 6 !== 0 : null, finishReason: error === undefined ? 'stop' : null, quantities: error === undefined ? { input: String(300 + index * 17), cache_read: String(index % 3 === 0 ? 512 : 0), output: String(output) } : {},
      charge: error === undefined ? String(charge) : '0', cost: error !== undefined || backendId === 'b-local' ? null : String((charge * 83n) / 100n), margin: error !== undefined || backendId === 'b-local' ? null : String(charge - (charge * 83n) / 100n),
      currency: admitted ? 'USD' : null, firstTokenMs: error === undefined ? firstTokenMs : null, totalMs: admitted ? (error === undefined ? firstTokenMs + output * 16 : 9_000) : null,
    };
  });
}

export function detailOf(call: Call): Detail {
  const { firstTokenMs, totalMs } = call;
  const queue = 34;
  const lost = call.tries > 1 ? 46 : 0;
  return {
    ...call, recordedAt: call.totalMs === null ? null : new Date(Date.parse(call.at) + (totalMs ?? 0) + 420).toISOString(), counted: call.totalMs === null ? null : 'backend',
    machine: call.totalMs === null || call.model !== 'team/fast' ? null : call.tries > 1 ? { state: 'waiting', minutes: null, cost: null, currency: 'USD' } : { state: 'split', minutes: 0.041_667, cost: '1041675000', currency: 'USD' },
    annotations: call.tries > 1 ? { class: 'internal', 'dlp.rule': 'eu/7', note: null } : {},
    route: call.tries > 1 ? { code: 'fallback', why: 'vLLM on gpu-1 answered 503, so the next target in order was taken' } : call.totalMs === null ? null : { code: 'only', why: 'it is the only target of the model' },
    error: call.code === null ? null : { code: call.code, status: call.status ?? 500, param: null, message: call.code === 'budget_exceeded' ? `The monthly budget of key ${call.keyName} does not cover this call: 0.20 USD of 60.00 are left. At most 47 output tokens would still fit.` : call.code === 'model_not_found' ? 'There is no model muse-spork that this key may use. Near it: muse-spark.' : `The backend ${call.backendName ?? ''} did not answer within 9 s.`,
      next: call.code === 'budget_exceeded' ? 'Ask for a smaller output (max_tokens), or have the budget raised or credit added: tandem budgets, or the page Money of the console.' : null, facts: call.code === 'budget_exceeded' ? { scope: 'key', left: '200000000000', currency: 'USD', largestCap: '47' } : {} },
    stages: totalMs === null ? [] : firstTokenMs === null ? [{ stage: 'first_token', startMs: 0, ms: totalMs, reason: `No token came from ${call.backendName ?? 'the backend'}.` }, { stage: 'settle', startMs: totalMs, ms: 420, reason: '' }] : [
      { stage: 'queue', startMs: 0, ms: queue, reason: `Waited until ${call.backendName ?? 'the backend'} had a free place.` },
      { stage: 'connect', startMs: queue, ms: 12 + lost, reason: `Until ${call.backendName ?? 'the backend'} had taken the request.` },
      { stage: 'first_token', startMs: queue + 12 + lost, ms: firstTokenMs - queue - 12 - lost, reason: call.tries > 1 ? 'Until the first token; tries before the one that served are in it.' : `${call.backendName ?? 'The backend'} read the prompt.` },
      { stage: 'stream', startMs: firstTokenMs, ms: totalMs - firstTokenMs, reason: 'From the first token to the last.' }, { stage: 'settle', startMs: totalMs, ms: 420, reason: '' },
    ],
    attempts: totalMs === null ? [] : Array.from({ length: call.tries }, (_, index) => {
      const served = index === call.tries - 1 && call.outcome !== 'failed';
      const startMs = index === 0 ? queue : queue + lost;
      return {
        number: index + 1, backendId: served ? call.backendId : 'b-gpu-1', backendName: served || call.tries === 1 ? call.backendName : 'vLLM on gpu-1', backendModel: 'Qwen3-30B-A3B', backendKey: null, outcome: served ? call.outcome : 'failed', httpStatus: served ? 200 : 503,
        served, hedged: false, countedBy: served ? 'backend' : null, startMs, ms: served ? totalMs - startMs : lost, stages: [], quantities: served ? call.quantities : {}, charge: served ? call.charge : null, cost: served ? (call.cost ?? null) : null,
        reason: served ? 'This one served the reply.' : 'Another one followed: HTTP 503, it failed before a token came.',
      };
    }),
    lines: Object.entries(call.quantities).filter(([, quantity]) => quantity !== '0').map(([bucket, quantity]) => {
      const price = { input: '1250000000000', cache_read: '150000000000' }[bucket] ?? '4250000000000';
      return { bucket: bucket as Detail['lines'][number]['bucket'], quantity, price, per: '1000000', amount: String((BigInt(quantity) * BigInt(price)) / 1_000_000n) };
    }),
  };
}

export function listOf(calls: readonly Call[], query: URLSearchParams): ReplyOf<'/api/requests', 'get'> {
  const wanted = (name: string, value: string | null): boolean => query.get(name) === null || query.get(name) === value;
  const outcome = query.get('outcome');
  const fits = calls.filter((call) => wanted('id', call.id) && wanted('model', call.model) && wanted('keyId', call.keyId) && wanted('code', call.code) && wanted('user', call.user) && wanted('projectId', call.projectId)
    && (outcome === null || (outcome === 'not_completed' ? call.outcome !== 'completed' : call.outcome === outcome)));
  const limit = Number(query.get('limit') ?? 100);
  const from = Number(query.get('cursor') ?? 0);
  return { items: fits.slice(from, from + limit), nextCursor: from + limit < fits.length ? String(from + limit) : null, lookedBackTo: null };
}

export function errorsOf(calls: readonly Call[]): ReplyOf<'/api/requests/errors', 'get'> {
  const codes = [...Map.groupBy(calls.filter(({ code }) => code !== null), ({ code }) => code!)].map(([code, some]) => ({ code, calls: String(some.length * 7), lastAt: some[0]!.at }));
  return { from: new Date(NOW - DAY).toISOString(), to: new Date(NOW).toISOString(), admitted: calls.length === 0 ? '0' : '9120', errors: String(codes.reduce((sum, one) => sum + Number(one.calls), 0)), codes };
}

export function latencyOf(world: World, query: URLSearchParams): Latency {
  const by = query.get('by') ?? 'route';
  const from = Date.parse(query.get('from') ?? new Date(NOW - DAY).toISOString());
  const to = Date.parse(query.get('to') ?? new Date(NOW).toISOString());
  const step = to - from > 3 * DAY ? 'day' : 'hour';
  const stepMs = step === 'day' ? DAY : HOUR;
  const names = world.lines.length === 0 ? [] : Object.keys(BACKENDS).filter((name) => query.get('model') === null || query.get('model') === name);
  const figures = (seed: number, slow: number, calls: number) => ({
    firstTokenMs: { p50: Math.round(84 * slow + (seed % 7) * 9), p95: Math.round(310 * slow + (seed % 11) * 24), p99: Math.round(620 * slow + (seed % 13) * 61), calls: String(calls) },
    tokensPerSecond: { p50: Math.round(92 / slow) + (seed % 5), p95: Math.round(34 / slow), p99: Math.round(21 / slow), calls: String(calls) },
    wholeMs: { p50: Math.round(1_900 * slow + (seed % 7) * 80), p95: Math.round(6_300 * slow), p99: Math.round(11_200 * slow), calls: String(calls) },
  });
  const series = (name: string | null, slow: number, calls: number): Latency['all'] => ({
    model: name !== null && by !== 'backend' && by !== 'project' ? name : null, backendId: name !== null && (by === 'route' || by === 'backend') ? BACKENDS[name]![0] : null, backendName: name !== null && (by === 'route' || by === 'backend') ? BACKENDS[name]![1] : null,
    projectId: name !== null && by === 'project' ? (world.projects[0]?.id ?? null) : null, projectName: name !== null && by === 'project' ? (world.projects[0]?.name ?? null) : null, ...figures(3, slow, calls),
    points: Array.from({ length: Math.ceil((to - Math.floor(from / stepMs) * stepMs) / stepMs) }, (_, index) => index).filter((index) => index % 24 !== 4 && index % 24 !== 5)
      .map((index) => ({ at: new Date(Math.floor(from / stepMs) * stepMs + index * stepMs).toISOString(), ...figures(index * 31 + (name?.length ?? 0), slow * (index % 24 > 16 ? 1.5 : 1), Math.round(calls / 24)) })),
  });
  const none: Latency['all'] = { model: null, backendId: null, backendName: null, projectId: null, projectName: null, firstTokenMs: null, tokensPerSecond: null, wholeMs: null, points: [] };
  return {
    from: new Date(from).toISOString(), to: new Date(to).toISOString(), step, by, errorShare: 0.0244, newestCalls: null, all: names.length === 0 ? none : series(null, 1.1, 9120),
    series: names.map((name, index) => series(name, 1 + index * 0.55, [4_210, 3_350, 1_560][index]!)), seriesInAll: names.length,
  };
}

const NAMES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  user: [['customer-101', 'customer-101'], ['customer-104', 'customer-104'], ['', '(no user)']], tag: [['support', 'support'], ['', '(no tag)']], scenario: [['refund', 'refund'], ['', '(no scenario)']],
  tier: [['default', 'default'], ['flex', 'flex']], backend: Object.values(BACKENDS),
};

export function spendOf(world: World, query: URLSearchParams): Spend {
  const metric = (query.get('metric') ?? 'charge') as Spend['metric'];
  const group = (query.get('group') ?? 'model') as Spend['group'];
  const subgroup = query.get('subgroup') as Spend['subgroup'];
  const from = Math.floor(Date.parse(query.get('from') ?? new Date(NOW - 30 * DAY).toISOString()) / DAY) * DAY;
  const to = Math.ceil(Date.parse(query.get('to') ?? new Date(NOW).toISOString()) / DAY) * DAY;
  const lines = world.lines.filter((line) => (query.get('model') ?? line.resource) === line.resource && (query.get('projectId') ?? line.projectId) === line.projectId && (query.get('keyId') ?? line.keyId) === line.keyId);
  const dayCount = Math.round((to - from) / DAY);
  const weight = (day: number): number => [31, 44, 40, 52, 58, 22, 18][day % 7]!;
  const weights = Array.from({ length: dayCount }, (_, day) => weight(day)).reduce((sum, one) => sum + one, 0);
  type Line = (typeof lines)[number];
  const keysOf = (dimension: string, line: Line): (readonly [string, string])[] => {
    switch (dimension) {
      case 'model': return [[line.resource, line.resource]];
      case 'project': return [[line.projectId, line.projectName]];
      case 'key': return [[line.keyId ?? '', line.keyName ?? '(no key)']];
      case 'backend': return [BACKENDS[line.resource]!];
      default: return [NAMES[dimension]?.[line.resource.length % (NAMES[dimension]?.length ?? 1)] ?? ['x', 'x']];
    }
  };
  const figures = (some: readonly Line[]) => {
    const sum = (pick: (line: Line) => bigint) => some.reduce((all, line) => all + pick(line), 0n);
    const known = some.filter(({ cost }) => cost !== null);
    const charge = sum((line) => BigInt(line.charge));
    const cost = known.length === 0 && some.length > 0 ? null : known.reduce((all, line) => all + BigInt(line.cost ?? 0), 0n);
    const margin = cost === null ? null : known.reduce((all, line) => all + BigInt(line.charge), 0n) - cost;
    const requests = sum((line) => BigInt(line.requests));
    const tokens = sum((line) => Object.values(line.quantities).reduce((all, quantity) => all + BigInt(quantity ?? 0), 0n));
    const unknown = some.filter((line) => line.cost === null).reduce((all, line) => all + BigInt(line.requests), 0n);
    // What the local model's machines cost: twice what its callers paid.
    const machine = sum((line) => (line.resource === 'tandem/local' ? BigInt(line.charge) * 2n : 0n));
    const value = metric === 'machine' ? machine : metric === 'cost' ? cost : metric === 'margin' ? margin : metric === 'requests' ? requests : metric === 'failed' ? requests / 90n : metric === 'charge' ? charge : metric === 'tokens' ? tokens : sum((line) => BigInt(line.quantities[metric as 'input'] ?? 0));
    return { requests: String(requests), failed: String(requests / 90n), charge: String(charge), cost: cost === null ? null : String(cost), margin: margin === null ? null : String(margin), costUnknown: String(unknown), machine: String(machine), tokens: String(tokens), value: value === null ? null : String(value) };
  };
  const grouped = (dimension: string, some: readonly Line[]) => [...Map.groupBy(some.flatMap((line) => keysOf(dimension, line).map(([key, name]) => ({ key, name, line }))), ({ key }) => key)]
    .map(([key, entries]) => ({ key, name: entries[0]!.name, ...figures(entries.map(({ line }) => line)), lines: entries.map(({ line }) => line) })).toSorted((a, b) => Number(BigInt(b.value ?? -1) - BigInt(a.value ?? -1)));
  const partsOf = (some: readonly Line[]) => (subgroup === null ? [] : grouped(subgroup, some).map(({ key, name, value }) => ({ key, name, value })));
  const share = (value: string | null, day: number): string | null => (value === null ? null : String((BigInt(value) * BigInt(weight(day))) / BigInt(weights)));
  const total = figures(lines);
  const groups: Spend['groups'] = lines.length === 0 ? [] : group === 'day'
    ? Array.from({ length: dayCount }, (_, day) => day).filter((day) => day !== 9).map((day) => {
      const name = new Date(from + day * DAY).toISOString().slice(0, 10);
      const { failed, costUnknown, ...rest } = total;
      const amounts = Object.fromEntries(Object.entries(rest).map(([figure, value]) => [figure, share(value, day)])) as typeof rest;
      return { ...amounts, failed, costUnknown, key: name, name, parts: partsOf(lines).map((part) => ({ ...part, value: share(part.value, day) })) };
    })
    : grouped(group, lines).map(({ lines: some, ...one }) => ({ ...one, parts: partsOf(some) }));
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString(), currency: 'USD', metric, group, subgroup, total, before: total.value === null ? null : String((BigInt(total.value) * 89n) / 100n), groups, groupsInAll: groups.length, overlapping: group === 'tag' || subgroup === 'tag' };
}
