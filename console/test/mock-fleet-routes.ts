import type { Schemas } from '../src/api/client.ts';
import { NOW, id } from './mock-basics.ts';
import type { World } from './mock-data.ts';
import { CHECKS, eventsOfLease, eventsOfNode, newLease, quoteOf } from './mock-fleet.ts';
import { recordingsOf } from './mock-recordings.ts';
import { all, found } from './mock-handlers.ts';
import { wipesOfLease, wipesOfNode } from './mock-wipes.ts';
import type { Handlers } from './mock-handlers.ts';
import { volumeHandlers } from './mock-volumes.ts';
import { replicasOf } from './mock-serving.ts';

/** Nodes, pools and leases of the stand-in. */
export function fleetHandlers(world: () => World): Handlers {
  let made = 0;
  return {
    ...volumeHandlers(world),
    'GET /api/servings': () => all(world().fleet.servings),
    'GET /api/servings/{id}': ({ path }) => ({ serving: found(world().fleet.servings, path['id']), replicas: replicasOf(found(world().fleet.servings, path['id'])) }),
    'GET /api/pools': () => all(world().fleet.pools),
    'POST /api/pools': ({ body }) => Object.assign(world().fleet.pools.find(({ name }) => name === body.name)!, body, { id: id() }),
    'DELETE /api/pools/{id}': ({ path }) => void world().fleet.pools.splice(world().fleet.pools.findIndex((pool) => pool.id === path['id']), 1),
    'GET /api/nodes': () => all(world().fleet.nodes),
    'POST /api/nodes': ({ body }) => ({ id: id(), pool: body.pool ?? 'default', name: body.name ?? null, expiresAt: new Date(NOW + 15 * 60_000).toISOString(), line: 'curl --pinnedpubkey sha256//pin https://fleet.harbour.example:4601/install.sh | sudo sh -s -- tok_once', token: 'tok_once' }),
    'GET /api/nodes/{id}': ({ path }) => ({ node: found(world().fleet.nodes, path['id']), events: eventsOfNode(found(world().fleet.nodes, path['id'])), rented: path['id'] === world().fleet.nodes[0]?.id ? { orderId: world().orders[0]!.id, provider: 'gpus-california', offer: 'gpu_8x_h100', currency: 'USD', perHour: '23920000000000', soFar: '287040000000000', charged: '412500000000000' } : null }),
    'POST /api/nodes/{id}/approve': ({ path }) => Object.assign(found(world().fleet.nodes, path['id']), { approved: { by: 'Ines Okafor', at: new Date(NOW).toISOString() }, changed: [] }),
    'POST /api/nodes/{id}/wanted': ({ path, body }) => Object.assign(found(world().fleet.nodes, path['id']), { state: ({ serve: 'ready', cordon: 'cordoned', drain: 'draining', maintain: 'maintenance', remove: 'removing' } as const)[body.what], wanted: { what: body.what, reason: body.reason ?? null, by: 'Ines Okafor', at: new Date(NOW).toISOString(), deadlineAt: body.graceSeconds === null || body.graceSeconds === undefined ? null : new Date(NOW + body.graceSeconds * 1000).toISOString() } }),
    'DELETE /api/nodes/{id}': ({ path }) => void Object.assign(found(world().fleet.nodes, path['id']), { state: 'removed' }),
    'POST /api/nodes/{id}/doctor': () => ({ checks: CHECKS }),
    'GET /api/leases': ({ query }) => all(world().fleet.leases.filter(({ state }) => query.get('state') !== 'live' || state !== 'ended')),
    'POST /api/leases': ({ body }) => {
      const lease = newLease(world().fleet, body, world().projects[0]!.id);
      world().fleet.leases.unshift(lease);
      return lease;
    },
    'POST /api/leases/quote': ({ body }) => quoteOf(body),
    'GET /api/leases/{id}': ({ path }) => ({ lease: withProvider(found(world().fleet.leases, path['id'])), events: eventsOfLease(found(world().fleet.leases, path['id'])) }),
    'GET /api/leases/{id}/logs': ({ path }) => ({ ...found(world().fleet.leases, path['id']).job!, rank: null, from: 4_096, next: 4_200, total: 4_200, first: 0, text: 'epoch 3 of 3\tloss 0.41\n<img src=x onerror=alert(1)> · saved model.bin\n' }),
    'POST /api/leases/{id}/tickets': ({ path }) => {
      found(world().fleet.leases, path['id']);
      made += 1;
      return { ticket: `ticket_of_the_stand_in_${made}`, expiresAt: new Date(NOW + 30_000).toISOString() };
    },
    'GET /api/leases/{id}/recordings': ({ path }) => all(recordingsOf(found(world().fleet.leases, path['id']))),
    'POST /api/leases/{id}/extend': ({ path, body }) => {
      const lease = found(world().fleet.leases, path['id']);
      return Object.assign(lease, { endsAt: new Date(Date.parse(lease.endsAt ?? new Date(NOW).toISOString()) + body.minutes * 60_000).toISOString() });
    },
    'POST /api/leases/{id}/hand-over': ({ path, body }) => Object.assign(found(world().fleet.leases, path['id']), body),
    'GET /api/leases/{id}/wipe-certificates': ({ path }) => all(wipesOfLease(found(world().fleet.leases, path['id']))),
    'GET /api/nodes/{id}/wipes': ({ path }) => all(wipesOfNode(found(world().fleet.nodes, path['id']))),
    'GET /api/leases/{id}/contents': ({ path }) => all([{ machineId: found(world().fleet.leases, path['id']).machines[0]?.machineId ?? '', files: 1_204, bytes: 3_400_000_000, whole: true, processes: [{ name: 'python3', count: 2 }], kept: null }]),
    'POST /api/leases/{id}/keep': ({ path, body }) => {
      const lease = found(world().fleet.leases, path['id']);
      lease.volumeId = id();
      return { id: lease.volumeId, name: body.name, projectId: lease.projectId, machineId: lease.machines[0]?.machineId ?? '', state: 'new', reason: null, leaseId: lease.id, lastLease: lease, files: null, bytes: null, days: body.days ?? 30, madeBy: 'Ines Okafor', createdAt: new Date(NOW).toISOString(), keptAt: null, expiresAt: null, cost: null };
    },
    'POST /api/leases/{id}/end': ({ path }) => Object.assign(found(world().fleet.leases, path['id']), { state: 'ending' as const, reason: 'ended by Ines Okafor' }),
  };
}

/** As one lease is shown to who sees costs. */
function withProvider(lease: Schemas['Lease']): Schemas['Lease'] {
  return { ...lease, cost: { ...lease.cost, provider: lease.pool === 'gpus' ? { soFar: '4740000000000', perHour: '2990000000000' } : null } };
}
