import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isTandemError, type ErrorCode } from '../../base/index.ts';
import type { Principal } from '../../access/index.ts';
import { newLease, openLeaseHouse, type LeaseHouse } from '../testing/lease-house.ts';

const DAY = 86_400_000;
const failsWith = (code: ErrorCode) => (error: unknown) => isTandemError(error, code);

let house: LeaseHouse;
beforeEach(async () => {
  house = await openLeaseHouse();
});
afterEach(() => house[Symbol.asyncDispose]());

async function running(more: Parameters<typeof newLease>[0] = {}): Promise<string> {
  const { id } = await house.leases.create(house.admin, newLease(more));
  await house.pass(2_000);
  return id;
}
async function end(id: string): Promise<void> {
  await house.leases.end(house.admin, id);
  await house.pass(3_000);
}
const volumes = async () => (await house.volumes.list(house.admin)).items;
const machineOf = async (id: string) => (await house.leases.show(house.admin, id)).lease.machines[0]?.machineId;

describe('a volume', () => {
  it('is what a lease would lose, kept by its wish and brought back on the same machine', async () => {
    await running({ gpus: 8 });
    const id = await running({ gpus: 1 });
    const machine = await machineOf(id);
    expect(machine).toBe('b');
    expect((await house.volumes.contents(house.admin, id)).items).toEqual([{ machineId: 'b', kept: null, files: 2, bytes: 1_000, whole: true, processes: [{ name: 'python3', count: 1 }] }]);
    await house.volumes.keep(house.admin, id, { name: 'first', days: 3 });
    // Said again, it has another name.
    expect(await house.volumes.keep(house.admin, id, { name: 'models', days: 7 })).toMatchObject({ name: 'models', state: 'new', leaseId: id, machineId: 'b', days: 7 });
    expect((await house.volumes.contents(house.admin, id)).items[0]!.kept).toBe('models');
    await end(id);
    const [kept] = await volumes();
    expect(kept).toMatchObject({ name: 'models', state: 'kept', leaseId: null, lastLease: { id, name: expect.stringContaining('lease') as string }, files: '2', bytes: '1000', machineId: 'b' });
    expect(Date.parse(kept!.expiresAt!) - house.clock.nowMs()).toBeGreaterThan(6.9 * DAY);

    await expect(house.leases.create(house.admin, newLease({ gpus: 1, volume: 'models', access: 'root' }))).rejects.toSatisfy(failsWith('volume_refused'));
    const next = await running({ gpus: 1, volume: 'models' });
    expect(await machineOf(next)).toBe('b');
    expect(await volumes()).toMatchObject([{ state: 'in-use', leaseId: next, lastLease: { id: next } }]);
    expect((await house.leases.show(house.admin, next)).lease.volumeId).toBe(kept!.id);
    await expect(house.leases.create(house.admin, newLease({ volume: 'models' }))).rejects.toSatisfy(failsWith('volume_state'));
    await expect(house.volumes.remove(house.admin, kept!.id)).rejects.toSatisfy(failsWith('volume_state'));
    await expect(house.volumes.keep(house.admin, next, { name: 'other', days: 1 })).rejects.toSatisfy(failsWith('volume_refused'));
    await expect(house.volumes.letGo(house.admin, next)).rejects.toSatisfy(failsWith('volume_refused'));
    await end(next);
    expect(await volumes()).toMatchObject([{ state: 'kept', leaseId: null }]);
    expect([...house.machines.volumes]).toEqual([kept!.id]);

    await house.volumes.remove(house.admin, kept!.id);
    expect([await volumes(), house.machines.volumes.size]).toEqual([[], 0]);
    await expect(house.leases.create(house.admin, newLease({ volume: 'models' }))).rejects.toSatisfy(failsWith('resource_not_found'));
  });

  it('waits for its machine, and is free again when the lease ends before it was there', async () => {
    const id = await running({ gpus: 1 });
    await house.volumes.keep(house.admin, id, { name: 'models', days: 7 });
    await end(id);
    const whole = await running({ gpus: 8 });
    expect(await machineOf(whole)).toBe('a');
    const waiting = await running({ gpus: 1, volume: 'models' });
    expect((await house.leases.show(house.admin, waiting)).lease.state).toBe('waiting');
    await end(waiting);
    expect(await volumes()).toMatchObject([{ state: 'kept', leaseId: null, expiresAt: expect.any(String) as string }]);
  });

  it('is let go of, expires, and is taken away when its machine is in reach again', async () => {
    const id = await running();
    await house.volumes.keep(house.admin, id, { name: 'models', days: 2 });
    await house.volumes.letGo(house.admin, id);
    await house.volumes.letGo(house.admin, id);
    expect(await volumes()).toEqual([]);
    await house.volumes.keep(house.admin, id, { name: 'models', days: 2 });
    await end(id);
    const [kept] = await volumes();
    expect(await house.volumes.extend(house.admin, kept!.id, { days: 4 })).toMatchObject({ days: 4 });
    house.clock.advance(3 * DAY);
    await house.volumes.tidy();
    expect(await volumes()).toMatchObject([{ state: 'kept' }]);
    house.machines.link('a', 'deaf');
    house.clock.advance(2 * DAY);
    await house.volumes.tidy();
    expect(await volumes()).toMatchObject([{ state: 'removing', reason: 'its time is over' }]);
    await expect(house.volumes.extend(house.admin, kept!.id, { days: 4 })).rejects.toSatisfy(failsWith('volume_state'));
    house.machines.link('a', 'up');
    await house.volumes.tidy();
    expect([await volumes(), house.machines.volumes.size]).toEqual([[], 0]);
  });

  it('is not promised on a machine that is being removed', async () => {
    await house[Symbol.asyncDispose]();
    const node = '0192f0c1-7a00-7000-8000-0000000000aa';
    house = await openLeaseHouse([node]);
    await house.database.scoped(house.organisationId).insertInto('nodes', { id: node, name: 'gpu-1', pool: 'gpus', identity: 'one', machine: 'one', platform: 'linux-x64', stand_in: false, inventory: '{}', wanted: 'serve', created_at: new Date(house.clock.nowMs()) } as never).execute();
    const id = await running({ gpus: 1 });
    await house.volumes.keep(house.admin, id, { name: 'models', days: 7 });
    await house.database.scoped(house.organisationId).updateTable('nodes').set({ wanted: 'remove' }).where('id', '=', node).execute();
    await expect(house.volumes.keep(house.admin, id, { name: 'other', days: 7 })).rejects.toMatchObject({ code: 'volume_refused', message: expect.stringContaining('its machine is being removed') });
  });

  it('is lost and says so where the machine kept nothing; its home is refused where there are several', async () => {
    const id = await running();
    const { id: volume } = await house.volumes.keep(house.admin, id, { name: 'models', days: 2 });
    await expect(house.volumes.keep(house.admin, await running({ machines: 2, gpus: 1 }), { name: 'both', days: 2 })).rejects.toSatisfy(failsWith('volume_refused'));
    const { wipes } = house.context;
    Object.assign(house.context, { wipes: { wipe: async (order: Parameters<typeof wipes.wipe>[0]) => wipes.wipe({ ...order, home: { from: null, keep: null } }) } });
    house.restart();
    await end(id);
    expect(await house.database.unscoped('a test reads').selectFrom('volumes').select(['state', 'reason']).where('id', '=', volume).execute()).toEqual([{ state: 'lost', reason: 'the machine kept nothing of the lease' }]);
    await expect(house.volumes.contents(house.admin, id)).rejects.toSatisfy(failsWith('lease_state'));
  });

  it('costs its GiB by started hours where there is a price, each hour once and at the size that it had', async () => {
    const { ledger, clock, admin } = house;
    const HOUR = 3_600_000;
    const lines = async () => (await ledger.usage.list(admin, { limit: 100 })).items.filter(({ resource }) => resource === 'volume/gib').map(({ charge, quantities }) => [charge, quantities['hour']]).reverse();
    const cost = async () => (await volumes())[0]!.cost;
    // $7.20 for a GiB and month is a cent an hour.
    await ledger.prices.create(admin, { resource: 'volume/gib', source: 'a test', tier: 'standard', side: 'sell', buckets: { hour: { price: '7200000000000', per: '720' } } });
    clock.advance(DAY - (clock.nowMs() % DAY) + 20 * HOUR);
    const id = await running();
    await house.volumes.keep(admin, id, { name: 'models', days: 7 });
    await end(id);
    expect(await cost()).toEqual({ currency: 'USD', soFar: '10000000000', perMonth: '7200000000000' });
    clock.advance(2.5 * HOUR);
    expect([await cost(), await lines()]).toEqual([{ currency: 'USD', soFar: '30000000000', perMonth: '7200000000000' }, []]);
    clock.advance(4 * HOUR);
    for (let times = 0; times < 3; times += 1) await house.volumes.tidy();
    await Promise.all([house.volumes.tidy(), house.volumes.tidy()]);
    // Of the day that is over; what began since is charged with its own day.
    expect([await lines(), (await cost())!.soFar]).toEqual([[['40000000000', '4']], '70000000000']);
    // From here on it has three GiB: what has begun before is paid as one.
    const { wipes } = house.context;
    Object.assign(house.context, { wipes: { wipe: async (order: Parameters<typeof wipes.wipe>[0]) => {
      const done = await wipes.wipe(order);
      return done === null ? null : { ...done, report: { ...done.report, kept: { files: 9, bytes: 2 ** 31 + 1 } } };
    } } });
    house.restart();
    const next = await running({ volume: 'models' });
    await end(next);
    expect(await lines()).toEqual([['40000000000', '4'], ['30000000000', '3']]);
    clock.advance(HOUR);
    const { id: volume } = (await volumes())[0]!;
    await house.volumes.remove(admin, volume);
    expect(await lines()).toEqual([['40000000000', '4'], ['30000000000', '3'], ['30000000000', '3']]);
    clock.advance(3 * DAY);
    await house.volumes.tidy();
    expect(await lines()).toHaveLength(3);
    expect(await ledger.bill.verify(admin)).toMatchObject({ ok: true, difference: '0' });
  });

  it('costs nothing without a price, also when there is one later', async () => {
    const id = await running();
    await house.volumes.keep(house.admin, id, { name: 'models', days: 7 });
    await end(id);
    house.clock.advance(2 * DAY);
    await house.volumes.tidy();
    expect((await volumes())[0]!.cost).toBeNull();
    expect((await house.ledger.usage.list(house.admin, { limit: 100 })).items.filter(({ resource }) => resource === 'volume/gib')).toEqual([]);
  });

  it('is its project\'s alone', async () => {
    const id = await running();
    const { id: volume } = await house.volumes.keep(house.admin, id, { name: 'models', days: 2 });
    const stranger: Principal = { ...house.admin, projectId: '0192f0c1-7a00-7000-8000-00000000beef' };
    expect((await house.volumes.list(stranger)).items).toEqual([]);
    const asked = [() => house.volumes.contents(stranger, id), () => house.volumes.keep(stranger, id, { name: 'x', days: 1 }), () => house.volumes.letGo(stranger, id), () => house.volumes.extend(stranger, volume, { days: 1 }), () => house.volumes.remove(stranger, volume)];
    for (const ask of asked) {
      await expect(ask()).rejects.toSatisfy(failsWith('resource_not_found'));
    }
    await expect(house.volumes.keep({ ...house.admin, role: 'viewer' }, id, { name: 'x', days: 1 })).rejects.toSatisfy(failsWith('permission_denied'));
  });
});
