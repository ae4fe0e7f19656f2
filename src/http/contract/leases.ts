import { z } from 'zod';
import { byId, currency, id, list, name, page, pico, picoPositive, time, words } from './common.ts';
import { route } from './route.ts';
import { demandOneWish } from './wishes.ts';

/** As it stands in host names and labels. */
const label = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'must be 1 to 63 letters, digits or dashes, such as gpus');
const kind = words(60);
const minutes = z.int().min(1).max(527_040);
const access = z.enum(['api', 'job', 'shell', 'root']).describe('`root`: raw root, only where something outside the machine can reinstall it');
const leastDay = z.enum(['others', 'always', 'never']).describe('Of a Mac a day is paid at least: by other organisations than its owner, by all, or by nobody');
const wish = {
  name: name.default('lease'), projectId: id.nullable().default(null).describe('Null: the caller\'s own'),
  kind: z.enum(['gpu', 'mac', 'node']),
  gpus: z.int().min(1).max(64).nullable().default(null).describe('GPUs or slices on each machine; null: all of it. Of GPUs alone'),
  gpu: kind.nullable().default(null).describe('Such as h100-80gb; null: any'), memoryGb: z.number().positive().max(10_000).nullable().default(null).describe('Of each GPU or slice, at least'),
  slice: kind.nullable().default(null).describe('A hardware slice instead of a GPU, by its profile such as 1g.10gb; any: the cheapest with the memory that is asked for'),
  macClass: kind.nullable().default(null).describe('Such as m4; null: any'), xcode: kind.nullable().default(null),
  pool: label.nullable().default(null).describe('Null: the cheapest that fits'), labels: z.record(words(63), words(200)).default({}).refine((labels) => Object.keys(labels).length <= 16, 'must be at most 16 labels'),
  machines: z.int().min(1).max(1_000).default(1).describe('Together: all or none'), apart: label.nullable().default(null).describe('Leases of one project with the same word share no machine'), fit: z.enum(['pack', 'spread']).default('pack'),
  access: access.default('shell'), minutes: minutes.nullable().default(60).describe('Null: until it is ended'), startsAt: time.nullable().default(null).describe('Null: as soon as possible'),
  record: z.boolean().default(false).describe('Record its sessions; they are told. A pool may want it of all its leases'),
  atMost: picoPositive.nullable().default(null).describe('It ends before it would cost more'),
  volume: label.nullable().default(null).describe('The name of a volume of the project that its home is; it is placed where that lies'),
};
/** Lines and tabs too: `sh -c` takes a program of several lines. */
const jobWord = z.string().max(4_096).regex(/^(?:[\t\n]|[^\p{Cc}\u202a-\u202e\u2066-\u2069])*$/u, 'must hold no control characters but lines and tabs');
const newJob = z.object({
  command: z.array(jobWord).min(1).max(200).refine(([program]) => program !== '', 'must begin with a program').describe('A program and its words; no shell reads them'),
  env: z.record(z.string().regex(/^[A-Z_][A-Z0-9_]{0,99}$/, 'must be a name such as HF_TOKEN'), jobWord).default({}).refine((env) => Object.keys(env).length <= 64, 'must be at most 64 variables').describe('Kept sealed, and never shown again'),
  keepOpen: z.boolean().default(false).describe('The lease stays when its job has ended'),
}).describe('What it runs once; with the access `job`');
const jobEnd = {
  state: z.enum(['waiting', 'running', 'ended', 'cut', 'lost', 'failed']).describe('`cut`: the lease ended first; `lost`: its sandbox or machine went down, and it is not run again; `failed`: it could not begin'),
  exitCode: z.int().nullable().describe('128 and the signal\'s number where a signal ended it'), reason: z.string().nullable(), startedAt: time.nullable(), endedAt: time.nullable(),
};
const job = z.object({
  ...jobEnd, keepOpen: z.boolean(), failedRank: z.int().nullable().describe('Of several machines the first whose end ended the others; the exit code is its'),
  way: z.enum(['direct', 'server']).nullable().describe('How its machines reach each other: `direct` over their pool\'s network, all ports, TCP and UDP, not encrypted; `server`: by TCP through the server. Null: one machine, or not decided yet'), wayReason: z.string().nullable().describe('Why not directly'),
  ranks: z.array(z.object({ rank: z.int(), machineId: id, ...jobEnd })).describe('Of a job over several machines each, from when they are there; empty: it has one'),
});
const wait = z.object({ code: z.string(), reason: z.string(), forecastAt: time.nullable() });
const state = z.enum(['waiting', 'reserved', 'granting', 'running', 'ending', 'wiping', 'ended']);
const bounds = z.object({
  limits: z.object({ cpuMillis: z.int().nullable().describe('Thousandths of a core'), memoryBytes: z.int().nullable(), processes: z.int().nullable(), diskBytes: z.int().nullable() }).describe('Null: nothing bounds it'),
  network: z.enum(['internet', 'loopback']).describe('`loopback`: it reaches itself alone'), resolvers: z.array(z.string()), unbound: z.array(z.object({ what: z.string(), why: z.string() })).describe('What the machine could not do'),
});
const lease = z.object({
  id, name: z.string(), projectId: id, askedBy: z.string(), access, state, reason: z.string().nullable(),
  wait: z.object({ code: z.string(), holders: z.array(id).describe('Leases of the organisation that have what it waits for'), forecastAt: time.nullable() }).nullable(),
  pool: z.string(), resource: z.string(), count: z.int().describe('GPUs, slices or machines that are paid'), leastDay: z.boolean(),
  machines: z.array(z.object({ machineId: z.string(), units: z.array(z.string()), stage: z.string(), bounds: bounds.nullable().describe('What the machine says really bounds it; null: not running yet, or it does not say') })),
  startsAt: time.nullable(), startedAt: time.nullable(), endsAt: time.nullable(), paidUntil: time.nullable().describe('Up to when money is set aside'), stoppedAt: time.nullable(), endedAt: time.nullable(), createdAt: time,
  minutes: z.object({ asked: z.int().nullable(), paid: z.int(), outOfReach: z.int().describe('Not paid') }),
  cost: z.object({ currency, soFar: pico, booked: pico.describe('Of that, what is in the bill'), atEnd: pico.nullable().describe('Null: it has no end'), thisMonth: pico.describe('By the end of the month, if it goes on'), atMost: pico.nullable(),
    provider: z.object({ soFar: pico, perHour: pico }).nullable().optional().describe('What providers charge for its machines, by its share of them. Null: not known; absent: it is not shown here, or the caller does not see costs') }),
  moneyShort: z.boolean().describe('No more money could be set aside: it ends at paidUntil'), record: z.boolean().describe('Its sessions are recorded'), volumeId: id.nullable().describe('The volume that its home becomes; null: its home is gone with it'), job: job.nullable().describe('What it runs once; null: nothing'),
});
const quote = z.object({
  pool: z.string(), resource: z.string(), count: z.int(), currency, leastDay: z.boolean(), minutes: z.int().nullable(), cost: pico.describe('For the minutes; for an hour where there is no end'), perHour: pico, perDay: pico,
  wait: wait.nullable().describe('Null: it begins at once'),
});
const unitLimits = z.object({
  cpus: z.number().positive().max(4_096).nullable().default(null), memoryMb: z.int().min(16).max(2 ** 30).nullable().default(null), processes: z.int().min(16).max(4_194_304).nullable().default(null), diskMb: z.int().min(16).max(2 ** 40).nullable().default(null),
}).describe('For each GPU, slice or whole machine of a lease; null: its share of the machine');
const ranges = z.array(z.union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()])).max(32);
/** Machines' own addresses lie in none of the others, and a range of all would bound nothing. */
const machineRange = z.cidrv4().refine((range) => Number(range.split('/')[1]) >= 8 && !/^(?:0|127|169\.254|22[4-9]|2[3-5]\d)\./.test(range), 'must be a range of machines\' IPv4 addresses of /8 or narrower, such as 10.0.0.0/16');
const reach = {
  limits: unitLimits.nullable().optional(), network: z.enum(['internet', 'none']).optional().describe('`none`: its leases reach themselves alone'),
  networkAllow: ranges.optional().describe('Ranges that leases may reach although they are private or this server\'s, such as 10.1.0.0/16'),
  resolvers: z.array(z.union([z.ipv4(), z.ipv6()])).max(3).optional().describe('Whom leases ask for names; empty: whom their machine asks'),
  ranksNetwork: machineRange.nullable().optional().describe('IPv4 range in which its machines reach each other by UDP port 4609: those of one job talk directly over it. What they say is not encrypted: whoever sits on that network can read and change it. Null: through the server'),
};
const terms = { resource: words(200).nullable().optional().describe('By which price; null: by what the machines are'), openTo: z.enum(['own', 'all']).optional().describe('`all`: approved machines of the operator serve other organisations'), leastDay: leastDay.optional(), idleMinutes: z.int().min(1).max(527_040).nullable().optional().describe('Its people are told when nobody has used a lease for so long'), record: z.boolean().optional().describe('Sessions in its new leases are recorded, whether it was asked for or not'), ...reach };
const pool = z.object({
  id: id.nullable().describe('Null: nothing is set for it'), name: z.string(), own: z.boolean(), kinds: z.array(z.string()), resources: z.array(z.string()), openTo: z.enum(['own', 'all']), leastDay, idleMinutes: z.int().nullable(), record: z.boolean(), resource: z.string().nullable(),
  limits: unitLimits.nullable(), network: z.enum(['internet', 'none']), networkAllow: z.array(z.string()), resolvers: z.array(z.string()), ranksNetwork: z.string().nullable(),
  machines: z.object({ all: z.int(), leased: z.int(), idle: z.int(), wiping: z.int(), closed: z.int() }), units: z.object({ all: z.int(), leased: z.int() }), standIn: z.boolean().describe('Linux in the place of a Mac is among them: not macOS'),
});

export const leaseRoutes = {
  poolList: route({ id: 'pools.list', method: 'GET', path: '/api/pools', summary: 'Pools with what is in them and how much of it is in use', access: 'leases.read', status: 200, reply: list(pool) }),
  poolCreate: route({ id: 'pools.create', method: 'POST', path: '/api/pools', summary: 'Set the terms of a pool, which may have machines already', access: 'pools.write', status: 201, body: z.object({ name: label, ...terms }), reply: pool }),
  poolUpdate: route({ id: 'pools.update', method: 'PATCH', path: '/api/pools/{id}', summary: 'Change the terms of a pool; leases that run keep theirs', access: 'pools.write', status: 200, params: byId, body: z.object(terms), reply: pool }),
  poolRemove: route({ id: 'pools.remove', method: 'DELETE', path: '/api/pools/{id}', summary: 'Take the terms of a pool away; refused while nodes, leases or orders are in it', access: 'pools.write', status: 204, params: byId }),
  leaseQuote: route({ id: 'leases.quote', method: 'POST', path: '/api/leases/quote', summary: 'What a lease would cost, and whether it would wait; nothing is kept', access: 'leases.write', status: 200, body: z.object(wish).superRefine(demandOneWish), reply: quote }),
  leaseCreate: route({ id: 'leases.create', method: 'POST', path: '/api/leases', summary: 'Lease GPUs, slices, machines or Macs; asked twice by the same key it is asked once', access: 'leases.write', status: 201,
    body: z.object({ key: words(100).describe('The caller\'s own word for this wish'), ...wish, agreed: picoPositive.nullable().default(null).describe('What a quote of it cost: where it would cost more by now, nothing is leased'), job: newJob.nullable().default(null) }).superRefine(demandOneWish), reply: lease }),
  leaseList: route({ id: 'leases.list', method: 'GET', path: '/api/leases', summary: 'Leases, newest first', access: 'leases.read', status: 200, query: page.extend({ state: z.enum(['live', 'ended']).optional(), projectId: id.optional(), called: words(100).optional().describe('Its name, the name as it stands in host names (gpu-lease for "gpu lease"), or the first 6 or more characters of its id') }), reply: list(lease) }),
  leaseShow: route({ id: 'leases.show', method: 'GET', path: '/api/leases/{id}', summary: 'One lease with what happened to it', access: 'leases.read', status: 200, params: byId, reply: z.object({ lease, events: z.array(z.object({ at: time, kind: z.string(), detail: z.string() })) }) }),
  leaseLogs: route({ id: 'leases.logs', method: 'GET', path: '/api/leases/{id}/logs', summary: 'What a lease\'s job printed, from a byte on or the end of it; the last 64 KiB outlive the lease', access: 'leases.write', status: 200, params: byId, query: z.object({ from: z.coerce.number().int().min(0).max(2 ** 50).default(0).describe('The `next` of the part before'), last: z.coerce.number().int().min(1).max(64 * 1024).optional().describe('Instead: the last so many bytes'), rank: z.coerce.number().int().min(0).max(1_000).optional().describe('Of a job over several machines; default: 0') }),
    reply: job.extend({ rank: z.int().nullable().describe('Whose output it is; null: the job has one machine'), from: z.int(), next: z.int().describe('Where to go on'), total: z.int().describe('Bytes that it has printed in all'), first: z.int().describe('What came before this byte is not kept'), text: z.string().describe('Control characters are shown as a dot') }) }),
  leaseExtend: route({ id: 'leases.extend', method: 'POST', path: '/api/leases/{id}/extend', summary: 'Have a lease last longer', access: 'leases.write', status: 200, params: byId, body: z.object({ minutes, atMost: picoPositive.nullable().default(null).describe('Null: as before') }), reply: lease }),
  leaseHandOver: route({ id: 'leases.hand-over', method: 'POST', path: '/api/leases/{id}/hand-over', summary: 'Give a lease to another project, which pays from the next minute on', access: 'leases.write', status: 200, params: byId, body: z.object({ projectId: id }), reply: lease }),
  leaseEnd: route({ id: 'leases.end', method: 'POST', path: '/api/leases/{id}/end', summary: 'End a lease: its sessions are cut within seconds and its machines wiped', access: 'leases.write', status: 200, params: byId, reply: lease }),
};
