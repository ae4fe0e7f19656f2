import { afterEach, beforeEach, expect, it } from 'vitest';
import { newId } from '../../base/index.ts';
import { newLease, openLeaseHouse, type LeaseHouse } from '../testing/lease-house.ts';
import { noteStopped } from './stopped.ts';

let house: LeaseHouse;
beforeEach(async () => {
  house = await openLeaseHouse();
});
afterEach(() => house[Symbol.asyncDispose]());

it('a lease whose sandbox ended by itself is started again, and that minute is not paid', async () => {
  const { id } = await house.leases.create(house.admin, newLease());
  await house.pass(1_000);
  await house.pass(150_000, 30_000);
  // As the machine sees it: its sandbox is gone.
  house.machines.reboot('a');
  await noteStopped(house.context, 'b', [id]);
  await house.pass(2_000);
  expect(house.machines.running('a'), 'another machine\'s word counts for nothing').toEqual([]);
  await noteStopped(house.context, 'a', [newId(), id]);
  await noteStopped(house.context, 'a', [id]);
  await house.pass(2_000);
  expect(house.machines.running('a')).toEqual([id]);
  await house.pass(90_000, 30_000);
  await house.leases.end(house.admin, id);
  await house.pass(2_000);
  const { lease, events } = await house.leases.show(house.admin, id);
  expect(lease).toMatchObject({ state: 'ended', minutes: { paid: 4, outOfReach: 1 } });
  expect(events.filter(({ kind }) => kind === 'stopped-by-itself')).toHaveLength(1);
  await noteStopped(house.context, 'a', [id]);
  expect(house.machines.running('a')).toEqual([]);
});
