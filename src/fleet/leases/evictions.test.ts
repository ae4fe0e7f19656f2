import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { newId } from '../../base/index.ts';
import { openLeaseHouse } from '../testing/lease-house.ts';
import { Evictions } from './evictions.ts';

it('leases on a node that is to be empty are told until when, once, and are ended when the time is over', async () => {
  const node = newId();
  await using house = await openLeaseHouse([node]);
  const { database, organisationId, clock, admin } = house;
  await database.scoped(organisationId).insertInto('nodes', {
    id: node, name: 'gpu-1', pool: 'default', identity: randomBytes(32), machine: null, platform: 'linux-x64', stand_in: true, inventory: '{}', inventory_at: null, approved_inventory: null, approved_at: null, approved_by: null,
    wanted: 'serve', wanted_reason: null, wanted_by: null, wanted_at: null, deadline_at: null, quarantined_at: null, quarantine_reason: null, health: 'ok', health_reasons: '[]', agent_version: null, protocol: 1, boot: null,
    connected_at: new Date(clock.nowMs()), last_seen_at: new Date(clock.nowMs()), certificate_expires_at: null, usable_at: null, created_at: new Date(clock.nowMs()), removed_at: null,
  }).execute();
  const { id } = await house.leases.create(admin, { key: 'a', name: 'lease', projectId: null, kind: 'gpu', gpus: 1, gpu: null, memoryGb: null, slice: null, macClass: null, xcode: null, pool: null, labels: {}, machines: 1, apart: null, fit: 'pack', access: 'shell', minutes: 600, startsAtMs: null, record: false, atMost: null });
  await house.pass(5_000, 1_000);
  expect((await house.leases.show(admin, id)).lease.state).toBe('running');
  const evictions = new Evictions(house.context);
  const want = (wanted: 'serve' | 'drain' | 'remove', deadline: Date | null) => database.unscoped('a test').updateTable('nodes').set({ wanted, wanted_reason: 'new disk', deadline_at: deadline }).execute();
  const told = async () => (await house.leases.show(admin, id)).events.filter(({ kind }) => kind === 'node-leaves').map(({ detail }) => detail);

  await evictions.look();
  expect(await told()).toEqual([]);
  await want('drain', null);
  for (let turn = 0; turn < 3; turn += 1) await evictions.look();
  expect(await told()).toEqual(['the machine gpu-1 is being emptied (new disk); the lease may end as it was promised']);
  const deadline = new Date(clock.nowMs() + 3_600_000);
  await want('remove', deadline);
  for (let turn = 0; turn < 3; turn += 1) await evictions.look();
  expect(await told()).toContain(`the machine gpu-1 is being removed (new disk); the lease is ended at ${deadline.toISOString()}`);
  expect((await house.leases.show(admin, id)).lease.state).toBe('running');

  await house.pass(3_600_000, 600_000);
  await evictions.look();
  await house.pass(30_000, 1_000);
  const { lease, events } = await house.leases.show(admin, id);
  expect([lease.state, events.some(({ kind, detail }) => kind === 'end-asked' && detail === 'the machine gpu-1 is being removed (new disk)')]).toEqual(['ended', true]);
  expect(house.machines.running(node)).toEqual([]);
});
