import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { newLease, openLeaseHouse, type LeaseHouse } from '../testing/lease-house.ts';

let house: LeaseHouse;
beforeAll(async () => {
  house = await openLeaseHouse(['a', 'b', 'c', 'd']);
  house.jobs.apart = true;
});
afterAll(() => house[Symbol.asyncDispose]());
beforeEach(() => {
  const { ways, jobs, lines } = house;
  for (const map of [ways.offers, ways.unreached, ways.refuses, ways.standing, lines.states]) map.clear();
  ways.network = '10.4.0.0/16';
  for (const [at, id] of ['a', 'b', 'c', 'd'].entries()) ways.offers.set(id, { address: `10.4.0.${at + 1}`, mtu: 1_500 });
  jobs.begins = 0;
});

const ask = (machines = 2) => house.leases.create(house.admin, newLease({ access: 'job', gpus: null, machines, job: { command: ['train'], env: {}, keepOpen: false } }));
const show = async (id: string) => (await house.leases.show(house.admin, id)).lease;
const stored = (id: string) => house.database.unscoped('a test').selectFrom('lease_jobs').selectAll().where('lease_id', '=', id).executeTakeFirstOrThrow();
const end = async (...ids: string[]) => {
  for (const id of ids) await house.leases.end(house.admin, id).catch(() => {});
  await house.pass(8_000);
  // It goes with the sandboxes.
  for (const key of house.ways.standing.keys()) if (ids.some((id) => key.startsWith(id))) house.ways.standing.delete(key);
};

it('all machines of a job have the direct way before it begins, by a number of its own, and no line through the server', async () => {
  const { id } = await ask(4);
  await house.pass(4_000);
  expect(await show(id)).toMatchObject({ state: 'running', job: { state: 'running', way: 'direct', wayReason: null } });
  const { vni } = await stored(id);
  const plan = { vni, mtu: 1_450, addresses: ['10.4.0.1', '10.4.0.2', '10.4.0.3', '10.4.0.4'] };
  for (const machine of ['a', 'b', 'c', 'd']) expect(house.ways.standing.get(`${id} ${machine}`)).toEqual(plan);
  expect([vni! >= 1 && vni! < 2 ** 24, house.lines.kept, house.jobs.begins, house.jobs.ways.get(`${id} a`)]).toEqual([true, [], 4, 'direct']);
  expect((await house.leases.show(house.admin, id)).events.map(({ kind }) => kind)).toContain('job-way');
  house.restart();
  await house.pass(4_000);
  expect([house.jobs.begins, house.lines.kept]).toEqual([4, []]);
  await end(id);
  // Its number and its machines' addresses are others' to have once nothing of it can run any more.
  expect([(await show(id)).state, (await stored(id)).vni]).toEqual(['ended', null]);
});

it('one machine that cannot has all fall back, and the lease says which and why', async () => {
  const cases: readonly (readonly [() => void, string])[] = [
    [() => house.ways.offers.set('b', { why: 'the kernel has no VXLAN' }), 'rank 1: the kernel has no VXLAN'],
    [() => house.ways.offers.set('b', { address: '10.9.0.2', mtu: 1_500 }), 'rank 1: it has no address in its pool\'s network'],
    [() => house.ways.offers.set('b', { address: '10.4.0.1', mtu: 1_500 }), 'ranks 0 and 1 say that they have the same address'],
    [() => house.ways.refuses.set('join b', 'no_way'), 'rank 1: The node b did not do it: it says no.'],
    [() => house.ways.refuses.set('probe a', 'no_way'), 'rank 0: The node a did not do it: it says no.'],
    [() => house.ways.unreached.set('a', [1]), 'rank 0 does not reach rank 1 over its pool\'s network: UDP port 4609 has to be open there'],
    [() => { house.ways.network = null; }, 'its pool names no network for jobs'],
  ];
  for (const [change, why] of cases) {
    const before = [...house.ways.offers];
    change();
    const { id } = await ask();
    await house.pass(5_000);
    expect(await show(id), why).toMatchObject({ state: 'running', job: { state: 'running', way: 'server', wayReason: why } });
    expect([house.ways.standing.size, (await stored(id)).vni, house.lines.kept.map(({ leaseId }) => leaseId), house.jobs.ways.get(`${id} a`)], why).toEqual([0, null, [id], 'server']);
    await end(id);
    house.ways.network = '10.4.0.0/16';
    for (const map of [house.ways.refuses, house.ways.unreached]) map.clear();
    for (const [machine, offer] of before) house.ways.offers.set(machine, offer);
  }
});

it('a machine that claims the address of another job\'s machine has its own job fall back, and the other one keeps its way', async () => {
  const first = await ask();
  await house.pass(4_000);
  house.ways.offers.set('d', { address: '10.4.0.1', mtu: 1_500 });
  const second = await ask();
  await house.pass(4_000);
  expect([(await show(first.id)).job!.way, (await show(second.id)).job]).toMatchObject(['direct', { way: 'server', wayReason: 'rank 1: another machine says that it has the same address' }]);
  const [one, other] = [await stored(first.id), await stored(second.id)];
  expect([one.vni === null, other.vni]).toEqual([false, null]);
  await end(first.id, second.id);
  const two = [await ask(), await ask()];
  house.ways.offers.set('d', { address: '10.4.0.4', mtu: 1_500 });
  await house.pass(4_000);
  const numbers = await Promise.all(two.map(async ({ id }) => (await stored(id)).vni));
  expect(new Set(numbers).size).toBe(2);
  await end(...two.map(({ id }) => id));
});

it('a machine that is away while the way is looked for is waited for; a process that dies meanwhile leaves nothing half', async () => {
  house.ways.refuses.set('probe b', 'away');
  const { id } = await ask();
  await house.pass(4_000);
  expect([(await show(id)).job, house.jobs.begins]).toMatchObject([{ state: 'waiting', way: null, reason: 'its machines look for a way to each other' }, 0]);
  const { vni } = await stored(id);
  house.restart();
  house.ways.refuses.clear();
  house.ways.offers.set('b', { why: 'it has no address in its pool\'s network' });
  house.ways.refuses.set('leave b', 'away');
  await house.pass(4_000);
  // Until all have gone back to the way through the server, none begins.
  expect([vni === null, (await show(id)).job!.way, house.jobs.begins]).toEqual([false, null, 0]);
  house.ways.refuses.clear();
  await house.pass(4_000);
  expect([(await show(id)).job, house.ways.standing.size]).toMatchObject([{ state: 'running', way: 'server' }, 0]);
  await end(id);
});

it('a machine that has neither way ends the job before it begins, with the reason', async () => {
  house.ways.refuses.set('join b', 'no_way').set('leave b', 'no_way');
  const { id } = await ask();
  await house.pass(8_000);
  expect([await show(id), house.jobs.begins]).toMatchObject([{ state: 'ended', job: { state: 'failed', failedRank: 1, reason: 'rank 1 could not begin: The node b did not do it: it says no.' } }, 0]);
});
