import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { TandemError } from '../../base/index.ts';
import { newLease, openLeaseHouse, type LeaseHouse } from '../testing/lease-house.ts';
import { leaseHolds } from './holds.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let house: LeaseHouse;
beforeEach(async () => {
  house = await openLeaseHouse();
});
afterEach(() => house[Symbol.asyncDispose]());

const show = async (id: string) => (await house.leases.show(house.admin, id)).lease;
const close = (id: string, closed: string | null) => void house.views.splice(house.views.findIndex((view) => view.id === id), 1, { ...house.views.find((view) => view.id === id)!, closed });
const later = async (hours: number) => {
  const { id } = await house.leases.create(house.admin, newLease({ gpus: 8, startsAtMs: house.clock.nowMs() + hours * HOUR }));
  await house.pass(1_000);
  return id;
};

it('a lease that begins later is promised another machine when its own takes no lease any more', async () => {
  const id = await later(2);
  expect(await show(id)).toMatchObject({ state: 'reserved', machines: [{ machineId: 'a' }] });
  expect(await leaseHolds(house.context).count(house.database.unscoped('a test'), 'a')).toBe(0);
  close('a', 'draining: new disks');
  await house.pass(1_000);
  expect(await show(id)).toMatchObject({ state: 'reserved', reason: null, machines: [{ machineId: 'b' }] });
  await house.pass(2 * HOUR, 15 * MINUTE);
  await house.pass(2_000);
  expect([(await show(id)).state, house.machines.running('a'), house.machines.running('b')]).toEqual(['running', [], [id]]);
});

it('where there is no other, it says so, keeps its place while there is time, and waits from its start on', async () => {
  house.views.length = 1;
  const id = await later(2);
  close('a', 'quarantined: the wipe failed');
  await house.pass(1_000);
  expect(await show(id)).toMatchObject({ state: 'reserved', wait: { code: 'closed' }, reason: expect.stringContaining('another one is looked for: 1 of 1 machines of that kind take no lease now') });
  close('a', null);
  await house.pass(1_000);
  expect(await show(id)).toMatchObject({ state: 'reserved', wait: null, reason: null });
  close('a', 'quarantined: the wipe failed');
  await house.pass(2 * HOUR, 15 * MINUTE);
  expect(await show(id)).toMatchObject({ state: 'waiting', wait: { code: 'closed' }, machines: [] });
  expect(house.machines.running('a')).toEqual([]);
  close('a', null);
  await house.pass(2_000);
  expect([(await show(id)).state, house.machines.running('a')]).toEqual(['running', [id]]);
});

it('at its start it says on whom it waits while its machine is not free yet', async () => {
  house.views.length = 1;
  const before = await house.leases.create(house.admin, newLease({ gpus: 8, minutes: 60 }));
  await house.pass(1_000);
  const id = await later(2);
  const wipe = vi.spyOn(house.machines, 'wipe').mockRejectedValue(new TandemError('node_unreachable', { params: { name: 'a' } }));
  await house.pass(2 * HOUR, 15 * MINUTE);
  expect(await show(id)).toMatchObject({ state: 'reserved', wait: { code: 'busy', holders: [before.id] }, reason: 'its start has come, and the lease before it is not off its machine yet' });
  wipe.mockRestore();
  await house.pass(10_000);
  expect(await show(id)).toMatchObject({ state: 'running', wait: null, reason: null });
});
