import { z } from 'zod';
import { alias, byId, count, currency, id, list, pico, picoPositive, time, words } from './common.ts';
import { route } from './route.ts';
import { demandOneWish } from './wishes.ts';

const engine = z.enum(['vllm', 'llama-cpp', 'embedded']).describe('`embedded`: the local engine, which goes to the machine from here; the others have to be installed there');
const cold = z.enum(['wait', 'refuse']).describe('A call while no replica answers waits for one to start, or is answered 503 with a time to come back at');
const label = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'must be 1 to 63 letters, digits or dashes, such as gpus');
const idleMinutes = z.int().min(1).max(527_040).nullable().describe('Without a call for so long it goes down to min; null: never');
const replicas = z.int().min(0).max(100);
const lease = z.object({
  kind: z.enum(['gpu', 'node']).default('gpu'), gpus: z.int().min(1).max(64).nullable().default(1).describe('GPUs or slices of each replica; null: all of the machine'), gpu: words(60).nullable().default(null).describe('Such as h100-80gb; null: any'),
  memoryGb: z.number().positive().max(10_000).nullable().default(null), slice: words(60).nullable().default(null), pool: label.nullable().default(null),
  labels: z.record(words(63), words(200)).default({}).refine((labels) => Object.keys(labels).length <= 16, 'must be at most 16 labels'),
}).describe('What each replica leases, until it is let go');
const figures = z.object({
  running: z.number().nullable(), waiting: z.number().nullable(), ended: z.number().nullable(), cacheUse: z.number().nullable().describe('0 to 1'), firstTokenSeconds: z.number().nullable(), firstTokens: z.number().nullable(),
}).describe('As the engine said last; null: it does not say');
const money = z.object({
  currency, from: time, tokens: count, busyCost: pico.describe('Of minutes in which tokens were made'), idleCost: pico.describe('Of minutes in which none was'), busyMinutes: z.int(), idleMinutes: z.int(), charged: pico.describe('What callers paid for the tokens'),
  perMillion: z.object({ charged: pico, occupancy: pico.describe('All minutes'), busy: pico.describe('Minutes with tokens alone') }).nullable().describe('For a million tokens; null: there were none'),
}).describe('Of the last 30 days, up to the minutes that are split over tokens');
const replica = z.object({
  id, number: z.int(), state: z.enum(['asked', 'leasing', 'preparing', 'loading', 'ready', 'draining', 'ending', 'ended']), wanted: z.enum(['run', 'drain', 'end']), reason: z.string().nullable(), leaseId: id.nullable(), nodeId: id.nullable(), figures: figures.nullable(),
  askedAt: time, leasedAt: time.nullable(), readyAt: time.nullable(), endedAt: time.nullable(),
  coldStart: z.object({ leaseMs: z.int(), loadMs: z.int(), totalMs: z.int() }).nullable().describe('From being asked for to its lease, and from there until the model answered'),
});
const settings = {
  contextTokens: z.int().min(256).max(100_000_000).nullable().describe('Prompt and answer together; null: the model\'s own'), maxOutputTokens: z.int().min(1).max(10_000_000), parallel: z.int().min(1).max(10_000).nullable().describe('Answers at a time; null: the engine\'s own'),
  args: z.array(words(500)).max(100).describe('Further words for the engine\'s command line'), targetFirstTokenMs: z.int().min(1).max(600_000).nullable().describe('Above it there is to be one more replica; null: by the queue alone'),
};
const serving = z.object({
  id, name: z.string(), projectId: id, model: z.string(), engine, ...settings, lease: z.object({ ...lease.shape, gpus: z.int().nullable(), kind: z.enum(['gpu', 'node', 'mac']) }), min: z.int(), max: z.int(), idleMinutes, cold, atMost: pico.nullable().describe('For each replica'), askedBy: z.string(),
  state: z.enum(['serving', 'starting', 'asleep', 'stopping', 'stopped']), reason: z.string().nullable(), wantedReplicas: z.int(), readyReplicas: z.int(), running: z.number(), waiting: z.number(),
  coldStartMs: z.int().nullable().describe('The middle one of the latest starts'), createdAt: time, stoppedAt: time.nullable(), money,
});
const shown = z.object({ serving, replicas: z.array(replica).describe('The newest first, also some that have ended') });

export const servingRoutes = {
  servingList: route({ id: 'servings.list', method: 'GET', path: '/api/servings', summary: 'Models that are served from the fleet', access: 'models.read', status: 200, reply: list(serving) }),
  servingCreate: route({ id: 'servings.create', method: 'POST', path: '/api/servings', summary: 'Serve a model from leased machines by a name', access: 'models.write', status: 201,
    body: z.object({
      name: alias, projectId: id.nullable().default(null).describe('Pays for the leases; null: the caller\'s own'), model: words(500).describe('A path on the machine, a name at a hub, or tandem/local'), engine, lease: lease.superRefine(demandOneWish).prefault({}),
      min: replicas.default(0), max: z.int().min(1).max(100).default(1), idleMinutes: idleMinutes.default(10), cold: cold.default('wait'), atMost: picoPositive.nullable().default(null).describe('A replica\'s lease ends before it costs more'),
      contextTokens: settings.contextTokens.default(null), maxOutputTokens: settings.maxOutputTokens.default(4_096), parallel: settings.parallel.default(null), args: settings.args.default([]), targetFirstTokenMs: settings.targetFirstTokenMs.default(null),
    }), reply: shown }),
  servingShow: route({ id: 'servings.show', method: 'GET', path: '/api/servings/{id}', summary: 'One served model with its replicas and what its tokens cost', access: 'models.read', status: 200, params: byId, reply: shown }),
  servingOutput: route({ id: 'servings.output', method: 'GET', path: '/api/servings/{id}/output', summary: 'What the program of a replica printed last: of one that runs, or of one that never became ready', access: 'models.write', status: 200, params: byId,
    query: z.object({ replica: z.coerce.number().int().min(1).max(1_000_000_000).optional().describe('Its number; default: the newest that has printed anything') }),
    reply: z.object({ replica: z.int().nullable(), running: z.boolean(), text: z.string().nullable().describe('At most 16 KiB; null: it is not known any more, or there was none') }) }),
  servingScale: route({ id: 'servings.scale', method: 'PATCH', path: '/api/servings/{id}', summary: 'Change between how many replicas it goes; what is left out stays', access: 'models.write', status: 200, params: byId,
    body: z.object({ min: replicas.optional(), max: z.int().min(1).max(100).optional(), idleMinutes: idleMinutes.optional(), cold: cold.optional() }), reply: shown }),
  servingStop: route({ id: 'servings.stop', method: 'POST', path: '/api/servings/{id}/stop', summary: 'Stop serving: running answers end, then the leases', access: 'models.write', status: 200, params: byId, reply: shown }),
};
