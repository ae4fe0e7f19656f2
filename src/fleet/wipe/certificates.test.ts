import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isTandemError, verifyJws } from '../../base/index.ts';
import type { Principal } from '../../access/index.ts';
import { newLease, openLeaseHouse, type LeaseHouse } from '../testing/lease-house.ts';
import { CERTIFICATE_TYPE, opaque } from './certificate.ts';
import { lastOfUnits } from './certificates.ts';

const MINUTE = 60_000;

let house: LeaseHouse;
beforeEach(async () => {
  house = await openLeaseHouse(['a']);
});
afterEach(() => house[Symbol.asyncDispose]());

/** A lease from its beginning to its end. */
async function leaseOnce(gpus = 1): Promise<string> {
  const { id } = await house.leases.create(house.admin, newLease({ gpus }));
  await house.pass(2_000);
  await house.leases.end(house.admin, id);
  await house.pass(3_000);
  return id;
}
const of = async (id: string, principal: Principal = house.admin) => (await house.wipes.ofLease(principal, id)).items;
const claims = async (certificate: string) => verifyJws(certificate, CERTIFICATE_TYPE, (await house.wipes.keys()).keys)!.claims;

describe('certificates of wipes', () => {
  it('are there for the tenant before and the tenant after, with the same words', async () => {
    const first = await leaseOnce(8);
    const { id: second } = await house.leases.create(house.admin, newLease({ gpus: 8 }));
    expect(await of(second)).toEqual([]);
    await house.pass(2_000);
    const [mine] = await of(first);
    const [before] = await of(second);
    expect(mine).toMatchObject({ of: 'this', machineId: 'a', clean: true, by: 'agent', method: 'reset', evidence: ['stand-in: nothing was found'], unchecked: ['stand-in: nothing real was looked at'], canaries: { planted: ['home'], found: [] } });
    expect(before).toEqual({ ...mine, of: 'before' });
    const said = await claims(mine!.certificate);
    expect(said).toMatchObject({ jti: mine!.id, clean: true, method: 'reset', by: 'agent', lease: opaque('lease', first), machine: opaque('machine', 'a'), evidence: mine!.evidence, unchecked: mine!.unchecked, software: { server: '0.0.0', agent: 'stand-in' } });
  });

  it('tell neither tenant of the other', async () => {
    const first = await leaseOnce(8);
    const { id: second } = await house.leases.create(house.admin, newLease({ gpus: 8 }));
    await house.pass(2_000);
    const text = JSON.stringify([(await of(second)).map((one) => ({ ...one, certificate: '' })), await claims((await of(second))[0]!.certificate)]);
    for (const word of [first, second, house.organisationId, house.projectId, house.admin.actor.label]) expect(text).not.toContain(word);
  });

  it('are of the units that the lease was given, and of nobody else\'s', async () => {
    const one = await leaseOnce(3);
    const { id: other } = await house.leases.create(house.admin, newLease({ gpus: 8 }));
    await house.pass(2_000);
    expect((await of(other)).map(({ of: whose }) => whose)).toEqual(['before']);
    expect((await of(one)).map(({ of: whose }) => whose)).toEqual(['this']);
    const stranger: Principal = { ...house.admin, organisationId: '0192f0c1-7a00-7000-8000-00000000beef', projectId: null };
    await expect(of(one, stranger)).rejects.toSatisfy((error) => isTandemError(error, 'resource_not_found'));
    await expect(of(one, { ...house.admin, projectId: '0192f0c1-7a00-7000-8000-00000000beef' })).rejects.toSatisfy((error) => isTandemError(error, 'resource_not_found'));
  });

  it('say of a wipe that found something that it is not clean; the machine is quarantined and nobody comes after', async () => {
    house.machines.failWipes('a');
    const id = await leaseOnce(8);
    expect(house.quarantined).toEqual(['a']);
    const [mine] = await of(id);
    expect(mine).toMatchObject({ clean: false, canaries: { found: ['home'] } });
    expect(await claims(mine!.certificate)).toMatchObject({ clean: false });
    const { id: next } = await house.leases.create(house.admin, newLease({ gpus: 8 }));
    await house.pass(10 * MINUTE, MINUTE);
    expect((await house.leases.show(house.admin, next)).lease.state).toBe('waiting');
    expect(await of(next)).toEqual([]);
  });

  it('need a signature: without one the machine is free for nobody', async () => {
    const { id } = await house.leases.create(house.admin, newLease());
    await house.pass(2_000);
    const { wipes } = house.context;
    Object.assign(house.context, { wipes: { wipe: () => Promise.reject(new Error('the key cannot be opened')) } });
    house.restart();
    await house.leases.end(house.admin, id);
    await house.pass(5_000);
    expect((await house.leases.show(house.admin, id)).lease.machines[0]!.stage).toBe('stopped');
    Object.assign(house.context, { wipes });
    house.restart();
    await house.pass(5_000);
    expect(await of(id)).toHaveLength(1);
  });
});

it('a wipe that goes on outside is asked for again until it is done', async () => {
  const { id } = await house.leases.create(house.admin, newLease());
  await house.pass(2_000);
  let asked = 0;
  const { wipes } = house.context;
  Object.assign(house.context, { wipes: { wipe: async (order: Parameters<typeof wipes.wipe>[0]) => ((asked += 1) < 3 ? null : wipes.wipe(order)) } });
  house.restart();
  await house.leases.end(house.admin, id);
  await house.pass(5_000);
  expect([asked, (await house.leases.show(house.admin, id)).lease.state]).toEqual([1, 'wiping']);
  await house.pass(30_000, 5_000);
  expect([asked, (await house.leases.show(house.admin, id)).lease.state]).toEqual([3, 'ended']);
});

it('the last wipe of each unit is found, and none is named twice', () => {
  const units = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1 });
  fc.assert(fc.property(fc.array(units.map((unit_ids) => ({ unit_ids })), { maxLength: 12 }), units, (rows, wanted) => {
    const found = lastOfUnits(rows, wanted);
    for (const unit of wanted) {
      const newest = rows.find(({ unit_ids }) => unit_ids.includes(unit));
      if (newest !== undefined) expect(found).toContain(newest);
    }
    expect(new Set(found).size).toBe(found.length);
    for (const row of found) expect(wanted.some((unit) => rows.find(({ unit_ids }) => unit_ids.includes(unit)) === row)).toBe(true);
  }));
});
