import { afterEach, beforeEach, expect, it } from 'vitest';
import { Quotas } from '../quotas/quotas.ts';
import { newLease, openLeaseHouse, type LeaseHouse } from '../testing/lease-house.ts';

let house: LeaseHouse;
beforeEach(async () => {
  house = await openLeaseHouse();
});
afterEach(() => house[Symbol.asyncDispose]());

const project = (name: string) => house.access.projects.create(house.admin, { name });
const running = async () => {
  const { id } = await house.leases.create(house.admin, newLease({ gpus: 3 }));
  await house.pass(1_000);
  return id;
};

it('a lease is handed to nobody who would have more than a quota lets them have, of two at once one', async () => {
  const { id: second } = await project('second');
  const ids = [await running(), await running()];
  const quotas = new Quotas(house);
  await quotas.set(house.admin, { scope: { kind: 'project', id: second }, nodes: null, gpus: 5, leases: null, spend: null });
  const handed = await Promise.allSettled(ids.map((id) => house.leases.handOver(house.admin, id, { projectId: second })));
  expect(handed.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(handed.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'lease_quota', message: expect.stringContaining('the project second may have 5 GPUs at a time, has 3 and asks for 3 more') } });
  // What it has already can be handed to it again, and back.
  const got = ids[handed.findIndex(({ status }) => status === 'fulfilled')]!;
  expect((await house.leases.handOver(house.admin, got, { projectId: second })).projectId).toBe(second);
  expect((await house.leases.handOver(house.admin, got, { projectId: house.projectId })).projectId).toBe(house.projectId);
});

it('a lease whose home is a volume of its project stays with it: the next project\'s files would come into that volume', async () => {
  const { id: second } = await project('second');
  const id = await running();
  await house.volumes.keep(house.admin, id, { name: 'models', days: 7 });
  await expect(house.leases.handOver(house.admin, id, { projectId: second })).rejects.toMatchObject({ code: 'lease_volume' });
  await house.volumes.letGo(house.admin, id);
  expect((await house.leases.handOver(house.admin, id, { projectId: second })).projectId).toBe(second);
});
