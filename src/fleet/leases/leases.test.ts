import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isTandemError, type ErrorCode } from '../../base/index.ts';
import { leasable, newLease, openLeaseHouse, type LeaseHouse } from '../testing/lease-house.ts';
import { leaseHolds } from './holds.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const failsWith = (code: ErrorCode) => (error: unknown) => isTandemError(error, code);

let house: LeaseHouse;
beforeEach(async () => {
  house = await openLeaseHouse();
});
afterEach(() => house[Symbol.asyncDispose]());

const show = async (id: string) => (await house.leases.show(house.admin, id)).lease;
const kinds = async (id: string) => (await house.leases.show(house.admin, id)).events.map(({ kind }) => kind).reverse();
const bill = async () => (await house.ledger.usage.list(house.admin, { limit: 500 })).items.map(({ charge, quantities }) => [charge, quantities]).reverse();
const leased = async () => (await house.database.unscoped('a test reads').selectFrom('budget_windows').select(['spent', 'leased']).execute());
const budget = async (amount: string) => house.ledger.budgets.create(house.admin, { scope: { kind: 'project', id: house.projectId }, amount, period: 'total' });

describe('a lease', () => {
  it('is quoted, placed, run, charged by started minutes, ended and wiped', async () => {
    const asked = newLease({ gpus: 3, minutes: 90 });
    expect(await house.leases.quote(house.admin, asked)).toMatchObject({ resource: 'gpu/h100-80gb', count: 3, cost: '9000000000000', perHour: '6000000000000', wait: null });
    const { id } = await house.leases.create(house.admin, asked);
    expect((await show(id)).state).toBe('waiting');
    await house.pass(1_000);
    expect(await show(id)).toMatchObject({ state: 'running', machines: [{ machineId: 'a', units: ['gpu-0', 'gpu-1', 'gpu-2'], stage: 'granted' }] });
    expect(house.machines.running('a')).toEqual([id]);
    await house.pass(61 * MINUTE - 2_000, 10 * MINUTE);
    expect(await bill()).toEqual([['6000000000000', { minute: '180' }]]);
    const running = await show(id);
    expect(running).toMatchObject({ minutes: { asked: 90, outOfReach: 0 }, cost: { booked: '6000000000000', soFar: '6100000000000', atEnd: '9000000000000' } });
    // The minute that is begun is in what it has cost, and not once more in what it will.
    expect(BigInt(running.cost.thisMonth)).toBeLessThanOrEqual(9_000_000_000_000n);
    await house.pass(30 * MINUTE, 10 * MINUTE);
    expect(await show(id)).toMatchObject({ state: 'ended', reason: 'its time is over', cost: { soFar: '9000000000000' } });
    expect(await bill()).toEqual([['6000000000000', { minute: '180' }], ['3000000000000', { minute: '90' }]]);
    expect([house.machines.running('a'), house.machines.residue('a')]).toEqual([[], []]);
    expect(await kinds(id)).toEqual(['asked', 'placed', 'running', 'notice', 'notice', 'ending', 'stopped', 'wiped', 'ended']);
    expect(await house.ledger.bill.verify(house.admin)).toMatchObject({ ok: true });
  });

  it('is refused where its wish names what would be overlooked, whoever asks for it', async () => {
    const mixed = newLease({ gpu: 'h100-80gb', slice: '1g.10gb' });
    for (const asked of [house.leases.quote(house.admin, mixed), house.leases.create(house.admin, mixed)]) await expect(asked).rejects.toMatchObject({ code: 'invalid_request', param: 'gpu', message: expect.stringContaining('a slice is named by its profile') });
  });

  it('is one however often it is clicked, and another wish by the same word is refused', async () => {
    const asked = newLease();
    const made = await Promise.all(Array.from({ length: 8 }, () => house.leases.create(house.admin, asked)));
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    await expect(house.leases.create(house.admin, { ...asked, gpus: 2 })).rejects.toSatisfy(failsWith('id_conflict'));
    await house.pass(1_000);
    expect(house.machines.running('a')).toHaveLength(1);
  });

  it('is found by its name, its name in host names and the beginning of its id, and only by who may see it', async () => {
    const { id } = await house.leases.create(house.admin, newLease({ name: 'Train, the 2nd' }));
    const { id: other } = await house.leases.create(house.admin, newLease({ name: `${id.slice(0, 8)}` }));
    const found = async (called: string, who = house.admin) => (await house.leases.list(who, { called, limit: 10 })).items.map((lease) => lease.id);
    for (const called of ['Train, the 2nd', 'train-the-2nd', 'TRAIN-the-2nd', id, id.toUpperCase(), id.slice(0, 35)]) expect(await found(called)).toEqual([id]);
    expect((await found(id.slice(0, 8))).sort()).toEqual([id, other].sort());
    for (const called of ['train', 'Train', id.slice(0, 5), '%', '______', `${id.slice(0, 6)}%`]) expect(await found(called)).toEqual([]);
    expect(await found('train-the-2nd', { ...house.admin, projectId: '0192f0c1-7a00-7000-8000-00000000beef' })).toEqual([]);
  });

  it('is ended within seconds of being told so, and pays for the minute that it has begun', async () => {
    const { id } = await house.leases.create(house.admin, newLease());
    await house.pass(1_000);
    await house.pass(10 * MINUTE + 5_000, 5 * MINUTE);
    await house.leases.end(house.admin, id);
    await house.pass(1_000);
    expect(house.machines.running('a')).toEqual([]);
    expect(await show(id)).toMatchObject({ state: 'ended', reason: expect.stringContaining('ended by') });
    expect(await bill()).toEqual([['366666666667', { minute: '11' }]]);
    await expect(house.leases.end(house.admin, id)).rejects.toSatisfy(failsWith('lease_state'));
    await expect(house.leases.extend(house.admin, id, { minutes: 5, atMost: null })).rejects.toSatisfy(failsWith('lease_state'));
  });

  it('waits with its reason, who has what it waits for, and when that ends', async () => {
    house.views.length = 1;
    const first = await house.leases.create(house.admin, newLease({ gpus: 8, minutes: 60 }));
    await house.pass(1_000);
    const second = await house.leases.create(house.admin, newLease({ gpus: 1 }));
    expect((await house.leases.quote(house.admin, newLease({ gpus: 1 }))).wait).toMatchObject({ code: 'busy' });
    await house.pass(1_000);
    const wait = (await show(second.id)).wait!;
    expect(wait).toMatchObject({ code: 'busy', holders: [first.id] });
    expect(Math.abs(Date.parse(wait.forecastAt!) - Date.parse((await show(first.id)).endsAt!) - MINUTE)).toBeLessThan(5_000);
    await house.leases.end(house.admin, first.id);
    await house.pass(3_000);
    expect((await show(second.id)).state).toBe('running');
  });

  it('begins later where it was asked for, and others have its machine until then', async () => {
    house.views.length = 1;
    const later = await house.leases.create(house.admin, newLease({ gpus: 8, startsAtMs: house.clock.nowMs() + 2 * HOUR }));
    await house.pass(1_000);
    expect((await show(later.id)).state).toBe('reserved');
    const now = await house.leases.create(house.admin, newLease({ minutes: 60 }));
    await house.pass(1_000);
    await expect(house.leases.extend(house.admin, now.id, { minutes: 120, atMost: null })).rejects.toSatisfy(failsWith('lease_reserved'));
    await house.pass(2 * HOUR, 15 * MINUTE);
    await house.pass(3_000);
    expect([(await show(now.id)).state, (await show(later.id)).state]).toEqual(['ended', 'running']);
  });
});

describe('the money of a lease', () => {
  it('is set aside before it runs, and comes back when it ends', async () => {
    await budget('5000000000000');
    const { id } = await house.leases.create(house.admin, newLease({ minutes: 120 }));
    await house.pass(1_000);
    expect(await leased()).toEqual([{ spent: '0', leased: '4000000000000' }]);
    const second = await house.leases.create(house.admin, newLease({ minutes: 60 }));
    await house.pass(2_000);
    expect(await show(second.id)).toMatchObject({ state: 'waiting', wait: { code: 'budget' } });
    await house.leases.end(house.admin, id);
    await house.pass(2_000);
    expect(await show(second.id)).toMatchObject({ state: 'running' });
    expect(await leased()).toEqual([{ spent: '33333333333', leased: '2000000000000' }]);
    expect(await house.ledger.bill.verify(house.admin)).toMatchObject({ ok: true });
  });

  it('that runs short ends it at what is paid, with notice a day, an hour and ten minutes before, and goes on when there is more', async () => {
    const made = await budget('60000000000000');
    const { id } = await house.leases.create(house.admin, newLease({ minutes: 100 * 60 }));
    await house.pass(1_000);
    await house.pass(6 * HOUR, 30 * MINUTE);
    expect(await show(id)).toMatchObject({ moneyShort: true, state: 'running' });
    const paidUntil = Date.parse((await show(id)).paidUntil!);
    expect(paidUntil - Date.parse((await show(id)).startedAt!)).toBe(30 * HOUR);
    await house.pass(23.9 * HOUR, 50 * MINUTE);
    expect((await kinds(id)).filter((kind) => kind === 'notice')).toHaveLength(3);
    await house.ledger.budgets.update(house.admin, made.id, { amount: '62000000000000' });
    await house.pass(2_000);
    expect(Date.parse((await show(id)).paidUntil!)).toBe(paidUntil + HOUR);
    await house.pass(1.2 * HOUR, 10 * MINUTE);
    expect(await show(id)).toMatchObject({ state: 'ended', reason: 'no more money could be set aside', cost: { soFar: '62000000000000' } });
    expect(await leased()).toEqual([{ spent: '62000000000000', leased: '0' }]);
    expect(await house.ledger.bill.verify(house.admin)).toMatchObject({ ok: true });
  });

  it('is not asked for minutes in which its machine was out of reach', async () => {
    const { id } = await house.leases.create(house.admin, newLease({ minutes: 120 }));
    await house.pass(1_000);
    await house.pass(10 * MINUTE, MINUTE);
    house.machines.link('a', 'deaf');
    await house.pass(20 * MINUTE, MINUTE);
    expect(await show(id)).toMatchObject({ state: 'running', reason: 'its machine is out of reach' });
    house.machines.link('a', 'up');
    await house.pass(1_000);
    await house.pass(HOUR, 10 * MINUTE);
    await house.leases.end(house.admin, id);
    await house.pass(2_000);
    const { minutes } = await show(id);
    expect(minutes.outOfReach).toBeGreaterThanOrEqual(20);
    expect(minutes.outOfReach).toBeLessThanOrEqual(22);
    const charged = (await bill()).reduce((sum, [charge]) => sum + BigInt(charge as string), 0n);
    expect(charged).toBeLessThanOrEqual(BigInt(minutes.paid) * 2_000_000_000_000n / 60n + 5n);
    expect(await house.ledger.bill.verify(house.admin)).toMatchObject({ ok: true });
  });

  it('of a Mac is the best price, a day at least where it is another\'s, and the Mac stays with its tenant until then', async () => {
    house.views.splice(0, 2, leasable({ id: 'a', kind: 'mac', openTo: null, owner: 'somebody else' }));
    const asked = newLease({ kind: 'mac', gpus: null, minutes: 10 * 1_440 });
    expect(await house.leases.quote(house.admin, asked)).toMatchObject({ leastDay: true, cost: '75000000000000', perDay: '10000000000000' });
    const short = await house.leases.create(house.admin, newLease({ kind: 'mac', gpus: null, minutes: 30 }));
    await house.pass(1_000);
    await house.pass(31 * MINUTE, 10 * MINUTE);
    expect(await show(short.id)).toMatchObject({ state: 'ended', cost: { soFar: '10000000000000' } });
    const tenant = await house.access.createTenant({ name: 'Other', currency: 'USD', billing: 'postpaid', ownerEmail: 'o@other.example' });
    const other = house.access.directory.verify(tenant.adminKey);
    const theirs = await house.leases.create(other, newLease({ kind: 'mac', gpus: null, minutes: 60 }));
    await house.pass(2_000);
    expect((await house.leases.show(other, theirs.id)).lease).toMatchObject({ state: 'waiting', wait: { code: 'busy' } });
    const long = await house.leases.create(house.admin, asked);
    await house.leases.end(other, theirs.id);
    await house.pass(2_000);
    expect((await show(long.id)).state).toBe('running');
    await house.pass(10 * DAY + HOUR, 6 * HOUR);
    expect(await show(long.id)).toMatchObject({ state: 'ended', cost: { soFar: '75000000000000', booked: '75000000000000' } });
    expect((await bill()).filter(([charge]) => charge !== '0')).toEqual([10, 10, 10, 10, 10, 5, 10, 10, 10].map((dollars) => [`${dollars}000000000000`, { day: '1' }]));
    expect(await house.ledger.bill.verify(house.admin)).toMatchObject({ ok: true });
  });

  it('is paid by whom it is handed to from the next minute on', async () => {
    const second = await house.access.projects.create(house.admin, { name: 'second' });
    const { id } = await house.leases.create(house.admin, newLease({ minutes: 60 }));
    await house.pass(1_000);
    await house.pass(10 * MINUTE, MINUTE);
    await house.leases.handOver(house.admin, id, { projectId: second.id });
    await house.pass(51 * MINUTE, 10 * MINUTE);
    const { items } = await house.ledger.usage.list(house.admin, { limit: 10 });
    expect(items.map(({ projectId, quantities }) => [projectId === second.id, quantities]).reverse()).toEqual([[false, { minute: '10' }], [true, { minute: '50' }]]);
    expect((await show(id)).state).toBe('ended');
  });

  it('that is handed over goes on in its best price: together they pay what one would have, and each what its time added', async () => {
    house.views.splice(0, 2, leasable({ id: 'a', kind: 'mac', openTo: null }, { leastDay: 'never' }));
    const second = await house.access.projects.create(house.admin, { name: 'second' });
    const { id } = await house.leases.create(house.admin, newLease({ kind: 'mac', gpus: null, minutes: 7 * 1_440 }));
    await house.pass(1_000);
    await house.pass(3 * DAY + HOUR, 6 * HOUR);
    await house.leases.handOver(house.admin, id, { projectId: second.id });
    await house.pass(4 * DAY, 6 * HOUR);
    expect(await show(id)).toMatchObject({ state: 'ended', cost: { soFar: '45000000000000' } });
    const { items } = await house.ledger.usage.list(house.admin, { limit: 500 });
    const paid = (own: boolean) => items.filter(({ projectId }) => (projectId === second.id) === own).reduce((sum, { charge }) => sum + BigInt(charge ?? 0), 0n);
    expect([paid(false), paid(true)]).toEqual([40_000_000_000_000n, 5_000_000_000_000n]);
    expect(await house.ledger.bill.verify(house.admin)).toMatchObject({ ok: true });
  });

  it('that is being ended is waited for as long as that takes, and not for the time that it had left', async () => {
    house.views.length = 1;
    const { id } = await house.leases.create(house.admin, newLease({ gpus: 8, minutes: 30 * 1_440 }));
    await house.pass(1_000);
    const forecast = async () => Date.parse((await house.leases.quote(house.admin, newLease())).wait!.forecastAt!) - house.clock.nowMs();
    expect(await forecast()).toBeGreaterThan(HOUR);
    await house.leases.end(house.admin, id);
    expect(await forecast()).toBeLessThanOrEqual(2 * MINUTE);
  });

  it('may be at most so much', async () => {
    await expect(house.leases.create(house.admin, newLease({ atMost: '1999999999999' }))).rejects.toSatisfy(failsWith('over_at_most'));
    const { id } = await house.leases.create(house.admin, newLease({ minutes: null, atMost: '3000000000000' }));
    await house.pass(1_000);
    expect((await show(id)).minutes.asked).toBe(90);
    await expect(house.leases.extend(house.admin, id, { minutes: 1, atMost: null })).rejects.toSatisfy(failsWith('over_at_most'));
    await expect(house.leases.extend(house.admin, id, { minutes: 31, atMost: '4000000000000' })).rejects.toThrow('It costs 4.033333333333 USD, more than the 4.00 USD it may cost at most.');
    await house.leases.extend(house.admin, id, { minutes: 30, atMost: '4000000000000' });
    await house.pass(1_000);
    expect(Date.parse((await show(id)).endsAt!) - Date.parse((await show(id)).startedAt!)).toBe(2 * HOUR);
    expect(house.machines.asked.filter((one) => one.startsWith('grant'))).toHaveLength(2);
  });
});

describe('when things fail', () => {
  it('a machine that is cut off ends the lease by itself, and nobody else gets it before it is wiped', async () => {
    house.views.length = 1;
    const { id } = await house.leases.create(house.admin, newLease({ minutes: 60 }));
    await house.pass(1_000);
    const next = await house.leases.create(house.admin, newLease({ gpus: 8, minutes: 60 }));
    house.machines.link('a', 'deaf');
    await house.pass(62 * MINUTE, 10 * MINUTE);
    await house.pass(1_000);
    expect(house.machines.running('a')).toEqual([]);
    expect(await show(id)).toMatchObject({ state: 'wiping', reason: 'its machine is out of reach; it is wiped before anybody else gets it' });
    house.machines.link('a', 'up');
    await house.pass(3_000);
    expect([(await show(id)).state, (await show(next.id)).state]).toEqual(['ended', 'running']);
  });

  it('a machine with root that is cut off cannot be fenced from inside: it is quarantined at the end, and what it was out of reach for is not paid', async () => {
    house.views.splice(0, 2, leasable({ id: 'a', kind: 'mac', openTo: null, rawRoot: true }, { leastDay: 'never' }));
    const { id } = await house.leases.create(house.admin, newLease({ kind: 'mac', gpus: null, access: 'root', minutes: 60 }));
    await house.pass(2_000);
    expect((await show(id)).state).toBe('running');
    house.machines.link('a', 'deaf');
    await house.pass(1_000);
    await house.pass(59 * MINUTE, 10 * MINUTE);
    expect(house.quarantined).toEqual([]);
    await house.pass(5 * MINUTE, MINUTE);
    expect(house.quarantined[0]).toBe('a');
    expect((await show(id)).minutes).toEqual({ asked: 60, paid: 0, outOfReach: 60 });
  });

  it('a process that dies in the middle is followed by another, and what was sent twice is one lease', async () => {
    const { id } = await house.leases.create(house.admin, newLease({ minutes: 30 }));
    house.machines.link('a', 'mute');
    house.machines.link('b', 'mute');
    // Placed while it was thought to be in reach: the grant arrives, its answer does not.
    const reaches = house.machines.reaches.bind(house.machines);
    house.machines.reaches = () => true;
    await house.pass(1_000);
    expect(house.machines.running('a')).toEqual([id]);
    expect((await show(id)).state).toBe('granting');
    house.machines.reaches = reaches;
    house.machines.link('a', 'up');
    house.restart();
    await house.pass(1_000);
    expect((await show(id)).state).toBe('running');
    await house.pass(31 * MINUTE, 10 * MINUTE);
    expect([(await show(id)).state, house.machines.running('a')]).toEqual(['ended', []]);
  });

  it('a row that a process with a wrong clock has locked for hours is taken all the same', async () => {
    const { id } = await house.leases.create(house.admin, newLease());
    await house.pass(1_000);
    await house.database.unscoped('a test').updateTable('leases').set({ lock_token: id, lock_until: new Date(house.clock.nowMs() + HOUR) }).where('id', '=', id).execute();
    await house.leases.end(house.admin, id);
    await house.pass(2_000);
    expect((await show(id)).state).toBe('ended');
  });

  it('a wipe that fails keeps the machine from everybody', async () => {
    house.views.length = 1;
    house.machines.failWipes('a');
    const { id } = await house.leases.create(house.admin, newLease({ minutes: 10 }));
    await house.pass(1_000);
    await house.pass(11 * MINUTE, 5 * MINUTE);
    expect(await show(id)).toMatchObject({ state: 'ended', machines: [{ stage: 'failed' }] });
    expect(house.quarantined).toEqual(['a']);
    expect(await leaseHolds(house.context).count(house.database.unscoped('a test'), 'a'), 'a person may remove it').toBe(0);
    const next = await house.leases.create(house.admin, newLease());
    await house.pass(2_000);
    expect((await show(next.id)).wait).toMatchObject({ code: 'closed' });
  });

  it('a machine that is gone for good holds its lease back until it is removed, and no longer', async () => {
    const { id } = await house.leases.create(house.admin, newLease({ minutes: 10 }));
    await house.pass(1_000);
    const holds = leaseHolds(house.context);
    house.machines.link('a', 'deaf');
    await house.pass(5 * MINUTE, MINUTE);
    expect(await holds.count(house.database.unscoped('a test'), 'a')).toBe(1);
    await house.pass(10 * MINUTE, MINUTE);
    expect(await show(id)).toMatchObject({ state: 'wiping', machines: [{ stage: 'stopped' }] });
    expect(await holds.count(house.database.unscoped('a test'), 'a')).toBe(0);
    await house.database.transaction((tx) => holds.giveUp(tx, 'a'));
    await house.pass(2_000);
    expect(await show(id)).toMatchObject({ state: 'ended', machines: [{ stage: 'failed' }] });
    expect(await kinds(id)).toContain('wipe-failed');
  });

  it('a machine that was restarted runs it again when it is back', async () => {
    const { id } = await house.leases.create(house.admin, newLease({ minutes: 60 }));
    const end = house.reconciler.watch();
    await house.pass(1_000);
    house.machines.link('a', 'deaf');
    house.machines.reboot('a');
    house.machines.link('a', 'up');
    await expect.poll(async () => {
      await house.pass(1_000);
      return house.machines.running('a');
    }).toEqual([id]);
    end();
  });

  it('leases that are placed together on one machine begin in the order of their fences, so that none shuts out another', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 8; count += 1) ids.push((await house.leases.create(house.admin, newLease({ gpus: 1 }))).id);
    await house.pass(2_000);
    expect(await Promise.all(ids.map(async (id) => (await show(id)).state))).toEqual(ids.map(() => 'running'));
    const rows = await house.database.unscoped('a test reads').selectFrom('leases').select(['id', 'fence']).execute();
    const fences = house.machines.asked.filter((line) => line.startsWith('grant a ')).map((line) => BigInt(rows.find(({ id }) => line.endsWith(id))!.fence));
    expect(fences).toEqual(fences.toSorted((a, b) => (a < b ? -1 : 1)));
  });

  it('two processes place nothing twice', async () => {
    for (let count = 0; count < 6; count += 1) await house.leases.create(house.admin, newLease({ gpus: 4, minutes: 600 }));
    const first = house.reconciler;
    house.restart();
    house.clock.advance(1_000);
    await Promise.all([first.tick(), house.reconciler.tick()]);
    await Promise.all([first.settled(), house.reconciler.settled()]);
    const units = await house.database.unscoped('a test reads').selectFrom('lease_units').selectAll().execute();
    expect(new Set(units.map(({ machine_id, unit_id }) => `${machine_id} ${unit_id}`)).size).toBe(16);
    expect(new Set(units.map(({ lease_id }) => lease_id)).size).toBe(4);
  });
});

describe('who enters a lease', () => {
  it('is told where it is while it runs, by its own organisation, and heard of when it is over', async () => {
    const ended: string[] = [];
    const forget = house.leases.onEnd((id) => ended.push(id));
    const { id } = await house.leases.create(house.admin, newLease());
    await expect(house.leases.enter(house.admin, id)).rejects.toSatisfy(failsWith('lease_state'));
    await house.pass(1_000);
    expect(await house.leases.enter(house.admin, id)).toMatchObject({ leaseId: id, nodeId: 'a', endsAtMs: Date.parse((await show(id)).endsAt!) });
    await expect(house.leases.enter(house.admin, id, 'b')).rejects.toSatisfy(failsWith('lease_state'));
    const tenant = await house.access.createTenant({ name: 'Other', currency: 'USD', billing: 'postpaid', ownerEmail: 'o@other.example' });
    await expect(house.leases.enter(house.access.directory.verify(tenant.adminKey), id)).rejects.toSatisfy(failsWith('resource_not_found'));
    await expect(house.leases.enter({ ...house.admin, role: 'viewer' }, id)).rejects.toSatisfy(failsWith('permission_denied'));
    expect(ended).toEqual([]);
    // Who is inside comes in anew where it is another project's, which not everybody may who was.
    const second = await house.access.projects.create(house.admin, { name: 'second' });
    const bound = { ...house.admin, projectId: house.projectId };
    await house.leases.enter(bound, id);
    await house.leases.handOver(house.admin, id, { projectId: second.id });
    await expect.poll(() => ended).toEqual([id]);
    await expect(house.leases.enter(bound, id)).rejects.toSatisfy(failsWith('resource_not_found'));
    expect(await house.leases.enter(house.admin, id)).toMatchObject({ leaseId: id });
    await house.leases.end(house.admin, id);
    await expect.poll(() => ended.length).toBeGreaterThan(1);
    forget();
  });
});
