import type { BodyOf, ReplyOf, Schemas } from '../src/api/client.ts';
import { NOW, id } from './mock-basics.ts';
import { fullServings } from './mock-serving.ts';
import { fullVolumes } from './mock-volumes.ts';

/**
 * Machines of the invented organisation and who has them. Stand-ins: no such machine was there; what GPUs say is after what `nvidia-smi` is
 * documented to say.
 */
type Node = Schemas['Node'];
type Pool = Schemas['Pool'];
type Lease = Schemas['Lease'];
type Quote = ReplyOf<'/api/leases/quote', 'post'>;
export interface Fleet {
  readonly servings: ReturnType<typeof fullServings>;
  readonly nodes: Node[];
  readonly pools: Pool[];
  readonly leases: Lease[];
  readonly volumes: ReturnType<typeof fullVolumes>;
}

const ago = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();
const DAY = 24 * 60;
const dollars = (cents: number): string => (BigInt(cents) * 10_000_000_000n).toString();
/** What a hostile machine might send; the pages must show it as text. */
export const HOSTILE = '<img src=x onerror="document.title=1"><script>alert(1)</script>\u202eevil';

/** A quarter of a machine of 96 cores. */
const BOUNDS: NonNullable<Lease['machines'][number]['bounds']> = { limits: { cpuMillis: 23_750, memoryBytes: 136_365_211_648, processes: 4_096, diskBytes: 1_094_216_581_120 }, network: 'internet', resolvers: ['10.0.0.2'], unbound: [] };

export const nothingInFleet = (): Fleet => ({ servings: [], nodes: [], pools: [], leases: [], volumes: [] });

const gpu = (index: number, more: object = {}): object => ({ vendor: 'nvidia', index, uuid: `GPU-0${index}`, name: 'NVIDIA H100 80GB HBM3', memoryBytes: 85_520_809_984, usedBytes: 0, duty: index * 11, temperatureC: 41 + index, ecc: { corrected: 0, uncorrected: 0 }, driver: '580.95.05', mig: false, migDevices: [], ...more });

function node(name: string, more: Partial<Node> = {}): Node {
  return {
    id: id(), name, pool: 'default', platform: 'linux-x64', standIn: false, state: 'ready', connected: true, lastSeenAt: ago(0), health: { state: 'ok', reasons: [] }, approved: { by: 'Ines Okafor', at: ago(9 * DAY) }, changed: [],
    wanted: { what: 'serve', reason: null, by: null, at: null, deadlineAt: null }, quarantine: null, inventory: { hostname: name, os: { kind: 'linux', release: '6.12.0', name: 'Debian GNU/Linux 13' }, cpu: { model: 'AMD EPYC 9654', cores: 96, arch: 'x64' }, memoryBytes: 2 ** 39, disk: { path: '/', bytes: 2 ** 42, freeBytes: 2 ** 41 }, network: [{ name: 'eth0', mac: '02:00:00:00:00:01' }], gpus: [] },
    inventoryAt: ago(1), agentVersion: '4f2c81d0a9', createdAt: ago(10 * DAY), usableAt: ago(10 * DAY - 1), ...more,
  };
}

export function fullFleet(projectId: string): Fleet {
  const h100 = node('gpu-1', { pool: 'gpus', inventory: { ...node('gpu-1').inventory, gpus: Array.from({ length: 8 }, (_, index) => gpu(index)) } });
  const mac = node('mac-stand-in', { pool: 'macs', standIn: true, approved: null, inventory: { hostname: HOSTILE, os: { kind: 'linux', name: HOSTILE }, memoryBytes: 2 ** 34, gpus: [{ uuid: 'x', name: HOSTILE, memoryBytes: 'much' }] } });
  const nodes = [
    h100, mac,
    node('gpu-2', { pool: 'gpus', state: 'sick', health: { state: 'sick', reasons: ['GPU 3 has 2 errors that could not be corrected', 'GPU 3 asks for a reset'] }, changed: ['gpus'], inventory: { ...h100.inventory, gpus: [gpu(0), gpu(3, { ecc: { corrected: 18, uncorrected: 2 }, temperatureC: null })] } }),
    node('build-1', { state: 'draining', wanted: { what: 'drain', reason: 'kernel update', by: 'Ravi Menon', at: ago(40), deadlineAt: ago(-80) } }),
    node('build-2', { state: 'offline', connected: false, lastSeenAt: ago(190) }),
    node('build-3', { state: 'new', usableAt: null, approved: null, lastSeenAt: null, connected: false }),
  ];
  const lease = (name: string, more: Partial<Lease>): Lease => ({
    id: id(), name, projectId, askedBy: 'Ines Okafor', access: 'shell', state: 'running', reason: null, wait: null, pool: 'gpus', resource: 'h100-80gb', count: 2, leastDay: false, machines: [{ machineId: h100.id, units: ['gpu-0', 'gpu-1'], stage: 'running', bounds: BOUNDS }],
    startsAt: null, startedAt: ago(95), endsAt: ago(-145), paidUntil: ago(-20), stoppedAt: null, endedAt: null, createdAt: ago(96), minutes: { asked: 240, paid: 95, outOfReach: 0 },
    cost: { currency: 'USD', soFar: dollars(791), booked: dollars(750), atEnd: dollars(2_000), thisMonth: dollars(2_000), atMost: dollars(2_500) }, moneyShort: false, record: false, volumeId: null, job: null, ...more,
  });
  const night = lease('nightly-evals', {});
  const mine = lease('ios-screens', { pool: 'macs', resource: 'mac-m4', count: 1, leastDay: true, endsAt: null, machines: [{ machineId: mac.id, units: ['machine'], stage: 'running', bounds: { ...BOUNDS, network: 'loopback', resolvers: [], unbound: [{ what: 'network', why: HOSTILE }] } }], minutes: { asked: null, paid: 300, outOfReach: 0 }, cost: { currency: 'USD', soFar: dollars(1_999), booked: dollars(1_999), atEnd: null, thisMonth: dollars(14_990), atMost: null } });
  const none = { soFar: '0', booked: '0', atEnd: dollars(9_600), thisMonth: dollars(9_600), atMost: null, currency: 'USD' };
  const waiting = lease('finetune-8', { state: 'waiting', reason: 'the one machine of that kind is in use', wait: { code: 'busy', holders: [night.id], forecastAt: ago(-145) }, count: 8, machines: [], startedAt: null, endsAt: null, paidUntil: null, minutes: { asked: 480, paid: 0, outOfReach: 0 }, cost: none });
  const ended = lease('smoke-test', { state: 'ended', reason: 'its time was over', endsAt: ago(DAY), endedAt: ago(DAY - 1), stoppedAt: ago(DAY), paidUntil: null, machines: [], startedAt: ago(DAY + 60) });
  const job = lease('train-small', { access: 'job', state: 'ended', reason: 'its job ended with code 0', endedAt: ago(DAY - 1), stoppedAt: ago(DAY), paidUntil: null, machines: [], startedAt: ago(DAY + 60), job: { state: 'ended', exitCode: 0, reason: null, keepOpen: false, startedAt: ago(DAY + 59), endedAt: ago(DAY), failedRank: null, way: null, wayReason: null, ranks: [] } });
  const ranks = [h100, mac, h100].map((on, rank) => ({ rank, machineId: on.id, state: rank === 2 ? 'lost' as const : 'ended' as const, exitCode: rank === 2 ? null : 143, reason: rank === 2 ? HOSTILE : null, startedAt: ago(DAY + 59), endedAt: ago(DAY) }));
  const gang = lease('train-large', { access: 'job', state: 'ended', reason: 'its job ended: rank 2 is lost', count: 24, endedAt: ago(DAY - 1), stoppedAt: ago(DAY), paidUntil: null, machines: [], startedAt: ago(DAY + 60), job: { state: 'lost', exitCode: null, reason: 'rank 2 is lost: its sandbox or its machine went down', keepOpen: false, startedAt: ago(DAY + 59), endedAt: ago(DAY), failedRank: 2, way: 'server', wayReason: 'rank 1: it has no address in its pool\'s network', ranks } });
  const pools: Pool[] = [
    pool('gpus', { kinds: ['8 × h100-80gb'], resources: ['h100-80gb'], machines: { all: 2, leased: 1, idle: 0, wiping: 0, closed: 1 }, units: { all: 16, leased: 2 } }),
    pool('macs', { kinds: ['m4'], resources: ['mac-m4'], standIn: true, machines: { all: 1, leased: 1, idle: 0, wiping: 0, closed: 0 } }),
    pool('default', { kinds: ['96 cores'], machines: { all: 3, leased: 0, idle: 1, wiping: 0, closed: 2 } }),
    pool('shared', { own: false, kinds: ['b200-180gb'], resources: ['b200-180gb'], openTo: 'all', machines: { all: 4, leased: 2, idle: 1, wiping: 1, closed: 0 }, units: { all: 32, leased: 16 } }),
  ];
  return { nodes, pools, leases: [waiting, mine, night, ended, job, gang], servings: fullServings(projectId), volumes: fullVolumes(projectId, h100.id, ended) };
}

function pool(name: string, more: Partial<Pool>): Pool {
  return { id: null, name, own: true, kinds: [], resources: [], openTo: 'own', leastDay: 'others', idleMinutes: null, record: false, resource: null, limits: null, network: 'internet', networkAllow: [], resolvers: [], ranksNetwork: null, machines: { all: 0, leased: 0, idle: 0, wiping: 0, closed: 0 }, units: { all: 0, leased: 0 }, standIn: false, ...more };
}

export const eventsOfNode = ({ name }: Node): ReplyOf<'/api/nodes/{id}', 'get'>['events'] => [
  { id: id(), at: ago(190), kind: 'health', detail: name === 'gpu-2' ? 'sick: GPU 3 has 2 errors that could not be corrected' : 'ok' },
  { id: id(), at: ago(9 * DAY), kind: 'approved', detail: 'by Ines Okafor' }, { id: id(), at: ago(10 * DAY), kind: 'connected', detail: 'from 203.0.113.7, agent 4f2c81d0a9' }, { id: id(), at: ago(10 * DAY), kind: 'enrolled', detail: 'from 203.0.113.7, by a token of Ines Okafor' },
];
export const eventsOfLease = ({ state }: Lease): ReplyOf<'/api/leases/{id}', 'get'>['events'] => (state === 'waiting' ? [{ at: ago(4), kind: 'asked', detail: '' }] : [{ at: ago(96), kind: 'asked', detail: 'by Ines Okafor' }, { at: ago(95), kind: 'running', detail: 'on gpu-1' }, { at: ago(5), kind: 'notice', detail: 'it ends in 2 hours 25 minutes' }]);
export const CHECKS: ReplyOf<'/api/nodes/{id}/doctor', 'post'>['checks'] = [
  { id: 'disk', state: 'pass', detail: '50.9 GB are free on the disk of /var/lib/tandem-agent', next: null }, { id: 'sandbox', state: 'warn', detail: 'bubblewrap is not there', next: 'Install bubblewrap.' }, { id: 'gpus', state: 'fail', detail: HOSTILE, next: 'Reset GPU 3.' },
];

export function quoteOf({ kind, minutes = 60, gpus, machines = 1 }: BodyOf<'/api/leases/quote', 'post'>): Quote {
  const howMany = (gpus ?? 1) * machines;
  const perHour = BigInt(dollars(kind === 'mac' ? 110 : 250)) * BigInt(howMany);
  return { pool: kind === 'mac' ? 'macs' : 'gpus', resource: kind === 'mac' ? 'mac-m4' : 'h100-80gb', count: howMany, currency: 'USD', leastDay: kind === 'mac', minutes, cost: ((perHour * BigInt(minutes ?? 60)) / 60n).toString(), perHour: perHour.toString(), perDay: (perHour * 24n).toString(), wait: howMany > 6 ? { code: 'busy', reason: 'the one machine of that kind is in use', forecastAt: ago(-145) } : null };
}

export function newLease(fleet: Fleet, body: BodyOf<'/api/leases', 'post'>, projectId: string): Lease {
  const { cost, pool: from, resource, count, leastDay } = quoteOf(body);
  return { id: id(), name: body.name ?? 'lease', projectId: body.projectId ?? projectId, askedBy: 'Ines Okafor', access: body.access ?? 'shell', state: 'granting', reason: null, wait: null, pool: from, resource, count, leastDay, machines: [{ machineId: fleet.nodes[0]?.id ?? '', units: ['gpu-4'], stage: 'granting', bounds: null }], startsAt: null, startedAt: null, endsAt: null, paidUntil: ago(-30), stoppedAt: null, endedAt: null, createdAt: ago(0), minutes: { asked: body.minutes ?? 60, paid: 0, outOfReach: 0 }, cost: { currency: 'USD', soFar: '0', booked: '0', atEnd: cost, thisMonth: cost, atMost: body.atMost ?? null }, moneyShort: false, record: body.record ?? false, volumeId: null, job: body.job ? { state: 'waiting', exitCode: null, reason: null, keepOpen: body.job.keepOpen ?? false, startedAt: null, endedAt: null, failedRank: null, way: null, wayReason: null, ranks: [] } : null };
}
