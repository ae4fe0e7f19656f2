import { z } from 'zod';
import { byId, cost, count, currency, id, list, page, pico, time } from './common.ts';
import { ratedLine } from './ledger.ts';
import { route } from './route.ts';

/** A text by which is filtered. */
const text = z.string().min(1).max(200);
const ms = z.number();
const quantities = z.record(z.string(), count);
const outcome = z.enum(['completed', 'client_left', 'failed', 'cut', 'deadline', 'refused', 'not_completed']);

const request = z.object({
  id: id.describe('The header x-request-id of the reply, and a part of its own id'), at: time, outcome: z.string().describe('completed, client_left, failed, cut, deadline, or refused: not admitted'),
  code: z.string().nullable().describe('The error that it was answered with'), status: z.number().int().nullable(), model: z.string().nullable(), dialect: z.string().nullable(), tier: z.string().nullable(),
  projectId: id.nullable(), projectName: z.string().nullable(), keyId: id.nullable(), keyName: z.string().nullable(), backendId: z.string().nullable(), backendName: z.string().nullable(),
  tries: z.number().int(), user: z.string().nullable(), scenario: z.string().nullable(), tags: z.array(z.string()), streamed: z.boolean().nullable(), finishReason: z.string().nullable(),
  quantities, charge: pico, cost: cost('Null: not known'), margin: cost('Null: not known'), currency: currency.nullable(), firstTokenMs: ms.nullable(), totalMs: ms.nullable(),
});
const stage = z.object({ stage: z.enum(['queue', 'connect', 'first_token', 'stream', 'settle']), startMs: ms, ms, reason: z.string().describe('What it waited for') });
const attempt = z.object({
  number: z.number().int(), backendId: z.string().nullable(), backendName: z.string().nullable(), backendModel: z.string().nullable(), backendKey: z.string().nullable(), outcome: z.string(),
  httpStatus: z.number().int().nullable(), served: z.boolean(), hedged: z.boolean(), countedBy: z.string().nullable(), startMs: ms, ms, stages: z.array(stage), quantities, charge: pico.nullable().describe('What the caller pays of it; null: nothing'), cost: cost('Null: not known'), reason: z.string(),
});
const machine = z.object({
  state: z.enum(['split', 'waiting', 'missed']).describe('waiting: its minutes are not split yet, which takes some three minutes and the end of the call. missed: its usage was written down after the last of them was split'),
  minutes: z.number().nullable().describe('Minutes of leases, each by the call\'s part of its tokens; null unless split'), cost: pico.nullable().describe('Its part of what these minutes cost, without idle ones; null unless split'), currency,
});
const detail = request.extend({
  recordedAt: time.nullable(), counted: z.string().nullable(), totalMs: ms.nullable(), stages: z.array(stage).describe('In milliseconds from the admission; settle comes after the reply'), attempts: z.array(attempt),
  machine: machine.nullable().optional().describe('What the leased machines cost that it ran on. Null: it ran on none. Absent: the caller may not see costs'),
  annotations: z.record(z.string(), z.string().nullable()).describe('What hooks noted, kept for 30 days: a name to a label; null where what they said is no label, and so is not kept'),
  lines: z.array(ratedLine), route: z.object({ code: z.string(), why: z.string() }).nullable(),
  error: z.object({ code: z.string(), status: z.number().int(), param: z.string().nullable(), message: z.string().nullable(), next: z.string().nullable(), facts: z.record(z.string(), z.unknown()) }).nullable(),
});

const percentiles = z.object({ p50: z.number(), p95: z.number(), p99: z.number(), calls: count }).describe('So many in 100 calls were at least this good');
const latencies = { firstTokenMs: percentiles.nullable(), tokensPerSecond: percentiles.nullable().describe('After the first token; p95: 95 in 100 calls had at least so many'), wholeMs: percentiles.nullable() };
const series = z.object({
  model: z.string().nullable(), backendId: z.string().nullable(), backendName: z.string().nullable(), projectId: id.nullable(), projectName: z.string().nullable(), ...latencies,
  points: z.array(z.object({ at: time, ...latencies })),
});

const dimension = z.enum(['project', 'key', 'model', 'backend', 'tier', 'user', 'scenario', 'tag', 'hour', 'day', 'month']);
const metric = z.enum(['charge', 'cost', 'margin', 'machine', 'requests', 'failed', 'tokens', 'input', 'cache_read', 'cache_write', 'output', 'reasoning', 'audio', 'image']);
const value = z.string().nullable().describe('Picodollars or a count, by the metric; null: not known');
const figures = {
  requests: count, failed: count, charge: pico, cost: cost('Of the calls whose cost is known; null: of none'), margin: cost('Over the calls whose cost is known'),
  costUnknown: count.optional().describe('Usage events (calls, minutes of machines) whose cost is not known. Absent: the caller may not see costs'),
  machine: pico.optional().describe('What leased machines cost for these calls, as far as their minutes are split: paid as leases, so in neither cost nor margin. Absent: the caller may not see costs'), tokens: count,
};
const part = { key: z.string().nullable().describe('Null: what lies past the top, together'), name: z.string(), value };
const range = { from: time.optional(), to: time.optional() };
const narrow = { projectId: id.optional(), keyId: id.optional(), model: text.optional(), backendId: text.optional(), tier: text.optional(), user: text.optional(), scenario: text.optional(), tag: text.optional() };

export const sightRoutes = {
  requestList: route({ id: 'requests.list', method: 'GET', path: '/api/requests', summary: 'Calls of the model API, refused ones too, newest first', access: 'usage.read', status: 200,
    query: page.extend({ ...range, ...narrow, outcome: outcome.optional(), code: text.optional(), status: z.coerce.number().int().min(400).max(599).optional(), dialect: text.optional(),
      minMs: z.coerce.number().min(0).max(86_400_000).optional().describe('The whole reply took at least so long'), id: text.optional().describe('Of a reply in any dialect, or its x-request-id') }),
    reply: list(request).extend({ lookedBackTo: time.nullable().describe('Set where a page ended because 100,000 calls were looked through') }) }),
  requestErrors: route({ id: 'requests.errors', method: 'GET', path: '/api/requests/errors', summary: 'How many calls were answered with an error, by code', access: 'usage.read', status: 200,
    query: z.object({ ...range, projectId: id.optional() }),
    reply: z.object({ from: time, to: time, admitted: count, errors: count, codes: z.array(z.object({ code: z.string(), calls: count, lastAt: time })) }) }),
  requestShow: route({ id: 'requests.show', method: 'GET', path: '/api/requests/{id}', summary: 'One call with its waterfall, route, tokens and cost', access: 'usage.read', status: 200, params: byId, reply: detail }),
  latencyShow: route({ id: 'latency.show', method: 'GET', path: '/api/latency', summary: 'Percentiles of first token, tokens per second and whole reply', access: 'usage.read', status: 200,
    query: z.object({ by: z.enum(['route', 'model', 'backend', 'project']).default('route'), top: z.coerce.number().int().min(1).max(50).default(8), ...range, step: z.enum(['hour', 'day']).optional(),
      projectId: id.optional(), model: text.optional(), backendId: text.optional(), keyId: id.optional() }),
    reply: z.object({ from: time, to: time, step: z.enum(['hour', 'day']), by: z.string(), errorShare: z.number().describe('How far a percentile can lie from the true one, as a share of it'),
      newestCalls: z.number().int().nullable().describe('Set where only the newest so many calls were looked at'), all: series, series: z.array(series), seriesInAll: z.number().int() }) }),
  spendShow: route({ id: 'spend.show', method: 'GET', path: '/api/spend', summary: 'A metric by one or two dimensions, the top ones and the others', access: 'usage.read', status: 200,
    query: z.object({ metric: metric.default('charge').describe('cost, margin and machine: for the operator alone'), group: dimension.default('model'), subgroup: dimension.optional(), top: z.coerce.number().int().min(1).max(500).default(10), ...range, ...narrow }),
    reply: z.object({ from: time, to: time, currency, metric, group: dimension, subgroup: dimension.nullable(), total: z.object({ ...figures, value }).describe('Of everything that fits, whatever is listed'),
      before: value, groups: z.array(z.object({ ...part, ...figures, parts: z.array(z.object(part)) })), groupsInAll: z.number().int(), overlapping: z.boolean().describe('A call with two tags counts in both groups') }) }),
};
