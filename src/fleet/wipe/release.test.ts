import { afterEach, beforeEach, expect, it } from 'vitest';
import { isTandemError, type ErrorCode } from '../../base/index.ts';
import { newLease, openLeaseHouse, type LeaseHouse } from '../testing/lease-house.ts';
import { releaseNode } from './release.ts';

const NODE = '0192f0c1-7a00-7000-8000-0000000000d1';
const failsWith = (code: ErrorCode) => (error: unknown) => isTandemError(error, code);

let house: LeaseHouse;
beforeEach(async () => {
  house = await openLeaseHouse([NODE]);
  await house.database.scoped(house.organisationId).insertInto('nodes', {
    id: NODE, name: 'gpu-1', pool: 'gpus', identity: Buffer.from('a key'), machine: null, platform: 'linux-x64', inventory: '{}', health_reasons: '[]', wanted: 'serve', health: 'ok', created_at: new Date(),
  } as never).execute();
});
afterEach(() => house[Symbol.asyncDispose]());

const quarantine = async () => house.database.unscoped('a test').updateTable('nodes').set({ quarantined_at: new Date(), quarantine_reason: 'the wipe failed' }).where('id', '=', NODE).execute();
const release = () => releaseNode(house.context, house.admin, NODE, 'killed what was left');
const show = async (id: string) => (await house.leases.show(house.admin, id)).lease;

it('a machine whose wipe failed is wiped again when somebody lets it out, and is free only when that is clean', async () => {
  await expect(release()).rejects.toSatisfy(failsWith('release_refused'));
  house.machines.failWipes(NODE);
  const { id } = await house.leases.create(house.admin, newLease({ gpus: 8 }));
  await house.pass(2_000);
  await house.leases.end(house.admin, id);
  await house.pass(3_000);
  await quarantine();
  const { endedAt, cost } = await show(id);
  expect((await show(id)).machines[0]!.stage).toBe('failed');

  // Not clean still: it is where it was.
  expect(await release()).toMatchObject({ quarantine: null, wanted: { what: 'cordon', reason: 'released from quarantine: killed what was left' } });
  await house.pass(3_000);
  expect(house.quarantined).toEqual([NODE, NODE]);
  expect((await show(id)).machines[0]!.stage).toBe('failed');
  await quarantine();

  house.quarantined.splice(0);
  house.machines.failWipes(NODE, false);
  await release();
  await house.pass(3_000);
  expect(house.quarantined).toEqual([]);
  expect(await show(id)).toMatchObject({ state: 'ended', endedAt, cost, machines: [{ stage: 'wiped' }] });
  expect((await house.wipes.ofLease(house.admin, id)).items.map(({ clean }) => clean)).toEqual([true, false, false]);
  const { id: next } = await house.leases.create(house.admin, newLease({ gpus: 8 }));
  await house.pass(2_000);
  expect((await show(next)).state).toBe('running');
  await expect(releaseNode(house.context, { ...house.admin, organisationId: '0192f0c1-7a00-7000-8000-00000000beef' }, NODE, 'x')).rejects.toSatisfy(failsWith('resource_not_found'));
  await expect(releaseNode(house.context, { ...house.admin, role: 'viewer' }, NODE, 'x')).rejects.toSatisfy(failsWith('permission_denied'));
  const trail = await house.database.scoped(house.organisationId).selectFrom('node_events').select('kind').where('node_id', '=', NODE).execute();
  expect(trail.map(({ kind }) => kind)).toEqual(['released', 'released']);
});

it('a machine that is quarantined for its identity is not let out', async () => {
  await quarantine();
  await expect(release()).rejects.toSatisfy(failsWith('release_refused'));
});
