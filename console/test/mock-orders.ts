import type { Schemas } from '../src/api/client.ts';
import { NOW, id } from './mock-basics.ts';
import type { World } from './mock-data.ts';
import { HOSTILE } from './mock-fleet.ts';
import { all, found } from './mock-handlers.ts';
import type { Handlers } from './mock-handlers.ts';

/** Machines that are ordered, as stand-ins: nobody rents them. */
export type Order = Schemas['Order'];

const at = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();
const euros = (cents: number): string => (BigInt(cents) * 10_000_000_000n).toString();
const HOUR = 60;
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIADk9qoHafldJYCLbb94kY+LZDNI8C9Dxv+hNpiQbEBN';
const step = (name: NonNullable<Order['arrival']>['steps'][number]['step'], more: object = {}) => ({ step: name, state: 'done' as const, attempts: 1, reason: null, next: null, startedAt: at(90), endedAt: at(89), ...more });

function order(offer: string, more: Partial<Order> = {}): Order {
  return {
    id: id(), provider: 'macs-paris', offer, wanted: 'have', state: 'ready', reason: 'ready', next: null, estimateAt: null, machineId: `machine-${offer}`, reinstalls: 0, orderedBy: 'Ines Okafor', createdAt: at(3 * HOUR), deliveredAt: at(2 * HOUR),
    billedSince: at(3 * HOUR), paidUntil: at(-21 * HOUR), deletableAt: at(-21 * HOUR), neededUntil: null, releaseAt: at(-40 * HOUR), goneAt: null, arrival: null, cost: { currency: 'EUR', perHour: euros(29), ceiling: euros(4_000), soFar: euros(696) }, ...more,
  };
}

export function fullOrders(nodeId: string): Order[] {
  return [
    order('M4-M', { arrival: { pool: 'macs', state: 'done', nodeId, hostKey: KEY, hostKeyFrom: 'first-use', by: null, steps: [
      step('enter', { reason: 'Darwin; its host key is the one that answered first: the provider reports none' }), step('enrol'), step('connect', { attempts: 4, reason: 'the node mac-1' }), step('password', { reason: 'changed for m1; the new one is on the machine alone, for root' }),
      step('close', { reason: 'SSH (22) and VNC (5900), by pf' }), step('probe', { reason: '22 silent, 5900 silent' }),
    ] } }),
    order('M2-L', { releaseAt: null, reason: HOSTILE, arrival: { pool: 'macs', state: 'person', nodeId: null, hostKey: null, hostKeyFrom: null, by: at(-2 * HOUR), steps: [
      step('enter', { state: 'person', attempts: 9, endedAt: null, reason: 'the machine lets neither the password nor the key in', next: 'Give the provider the public key of sshKeyFile at the account.' }),
    ] } }),
    order('M1-M', { state: 'asked', reason: 'Scaleway is out of stock', next: 'It is ordered again by itself. Sooner: choose another offer or another zone.', estimateAt: at(-12), machineId: null, deliveredAt: null, billedSince: null, paidUntil: null, deletableAt: null, releaseAt: null, arrival: { pool: 'macs', state: 'waits', nodeId: null, hostKey: null, hostKeyFrom: null, by: null, steps: [] }, cost: { currency: 'EUR', perHour: euros(17), ceiling: euros(2_000), soFar: '0' } }),
    order('M4-S', { state: 'gone', wanted: 'released', goneAt: at(30 * HOUR), releaseAt: at(30 * HOUR), reason: 'given back' }),
  ];
}

export function orderHandlers(world: () => World): Handlers {
  const orders = () => world().orders;
  return {
    'GET /api/orders': () => all(orders()),
    'GET /api/orders/{id}': ({ path }) => found(orders(), path['id']),
    'GET /api/providers': () => all([{ name: 'macs-paris', kind: 'scaleway' as const, reinstalls: true }, { name: 'gpus-california', kind: 'lambda' as const, reinstalls: false }]),
    'GET /api/providers/{name}': ({ path }) => ({ name: path['name'] ?? '', kind: 'scaleway', reinstalls: true, offers: [
      { name: 'M4-M', machine: 'mac', about: 'Apple M4, 10 cores, 16 GB', gpus: null, perHour: { amount: euros(29), currency: 'EUR' }, minimumHours: 24, available: true },
      { name: 'M1-M', machine: 'mac', about: 'Apple M1, 8 cores, 8 GB', gpus: null, perHour: null, minimumHours: 24, available: false },
    ] }),
    'GET /api/quotas': () => all(orders().length === 0 ? [] : [
      { id: id(), scope: { kind: 'organisation' as const, id: world().organisation.id, name: world().organisation.name }, nodes: null, gpus: 64, leases: null, spend: { amount: euros(200_000), currency: 'EUR' }, byOperator: true, setBy: 'Ines Okafor', createdAt: at(400) },
      { id: id(), scope: { kind: 'project' as const, id: world().projects[0]!.id, name: world().projects[0]!.name }, nodes: 4, gpus: 16, leases: 8, spend: null, byOperator: false, setBy: 'Ines Okafor', createdAt: at(400) },
    ]),
    'GET /api/operator-minutes': () => ({
      month: '2026-11', nodes: orders().length === 0 ? 0 : 5.4, minutes: 1_312, steps: 9, minutesPerNode: 242.96, price: { currency: 'EUR', minute: euros(120), step: euros(500) }, cost: euros(161_940), kinds: [{ kind: 'sick' as const, count: 2, minutes: 1_290 }, { kind: 'step' as const, count: 9, minutes: 0 }],
      setup: { count: 3, meanSeconds: 16, longestSeconds: 22 }, waiting: world().fleet.nodes.filter(({ state }) => state === 'sick').map(({ id: subject, name }) => ({ kind: 'sick' as const, subject, name, detail: 'GPU 3 has 2 errors that could not be corrected', since: at(700), minutes: 700 })),
    }),
    'GET /api/orphans': () => all(orders().length === 0 ? [] : [{ provider: 'macs-paris', machineId: '6170692e-0009', name: HOSTILE, tag: null, offer: 'M2-M', state: 'ready', perHour: euros(19), currency: 'EUR', billedSince: at(50 * HOUR), firstSeenAt: at(49 * HOUR), lastSeenAt: at(3) }]),
    'POST /api/orders': ({ body }) => {
      const made = order(body.offer, { provider: body.provider, state: 'asked', reason: null, machineId: null, deliveredAt: null, releaseAt: null, createdAt: at(0), cost: { currency: 'EUR', perHour: euros(29), ceiling: body.ceiling, soFar: '0' } });
      orders().unshift(made);
      return made;
    },
    'POST /api/orders/{id}/release': ({ path }) => Object.assign(found(orders(), path['id']), { wanted: 'released' as const, releaseAt: at(-21 * HOUR) }),
    'POST /api/orders/{id}/reinstall': ({ path }) => Object.assign(found(orders(), path['id']), { state: 'reinstalling' as const, reason: 'asked for' }),
  };
}
