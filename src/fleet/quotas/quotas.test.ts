import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isTandemError, newId, type ErrorCode } from '../../base/index.ts';
import { openLeaseHouse, newLease, type LeaseHouse } from '../testing/lease-house.ts';
import { OneMachineAccount } from '../testing/renting.ts';
import { Orders } from '../providers/orders/orders.ts';
import { Quotas } from './quotas.ts';

const MINUTE = 60_000;
const failsWith = (code: ErrorCode) => (error: unknown) => isTandemError(error, code);
const none = { nodes: null, gpus: null, leases: null, spend: null };

let house: LeaseHouse;
let quotas: Quotas;
beforeEach(async () => {
  house = await openLeaseHouse();
  quotas = new Quotas(house);
});
afterEach(() => house[Symbol.asyncDispose]());
const project = () => ({ kind: 'project' as const, id: house.projectId });
const organisation = () => ({ kind: 'organisation' as const, id: house.organisationId });
const reason = async (id: string) => (await house.leases.show(house.admin, id)).lease.reason;

describe('quotas', () => {
  it('are set in the place of the last, listed, and taken away', async () => {
    const first = await quotas.set(house.admin, { ...none, scope: project(), gpus: 8 });
    const second = await quotas.set(house.admin, { ...none, scope: project(), leases: 2, spend: '5' });
    expect([second.id, second.gpus, second.leases, second.spend]).toEqual([first.id, null, 2, { amount: '5', currency: 'USD' }]);
    expect((await quotas.list(house.admin)).items).toEqual([second]);
    await quotas.remove(house.admin, first.id);
    expect((await quotas.list(house.admin)).items).toEqual([]);
    await expect(quotas.remove(house.admin, first.id)).rejects.toSatisfy(failsWith('resource_not_found'));
    await expect(quotas.set({ ...house.admin, role: 'developer' }, { ...none, scope: project(), gpus: 1 })).rejects.toSatisfy(failsWith('permission_denied'));
    await expect(quotas.set(house.admin, { ...none, scope: { kind: 'project', id: newId() }, gpus: 1 })).rejects.toSatisfy(failsWith('resource_not_found'));
  });

  it('of the operator hold another organisation beside its own, which cannot take them away', async () => {
    const tenant = await house.access.createTenant({ name: 'Tenant', currency: 'USD', billing: 'postpaid', ownerEmail: 'owner@tenant.example' });
    const theirs = { ...house.admin, organisationId: tenant.organisationId, ofOperator: false };
    const scope = { kind: 'organisation' as const, id: tenant.organisationId };
    const given = await quotas.set(house.admin, { ...none, scope, gpus: 4 });
    const own = await quotas.set(theirs, { ...none, scope, gpus: 100 });
    expect([given.byOperator, own.byOperator, given.id === own.id]).toEqual([true, false, false]);
    expect((await quotas.list(theirs)).items).toHaveLength(2);
    await expect(quotas.remove(theirs, given.id)).rejects.toSatisfy(failsWith('resource_not_found'));
    await expect(quotas.remove(house.admin, own.id)).rejects.toSatisfy(failsWith('resource_not_found'));
    await quotas.remove(house.admin, given.id);
    expect((await quotas.list(theirs)).items.map(({ id }) => id)).toEqual([own.id]);
  });

  it('hold leases back by name, already in the quote, and let them go when something ends', async () => {
    await quotas.set(house.admin, { ...none, scope: project(), gpus: 4 });
    const first = await house.leases.create(house.admin, newLease({ gpus: 3 }));
    await house.pass(1_000);
    const asked = newLease({ gpus: 2 });
    expect((await house.leases.quote(house.admin, asked)).wait).toMatchObject({ code: 'quota', reason: expect.stringMatching(/^the project \S.* may have 4 GPUs at a time, has 3 and asks for 2 more; let something end, or set another quota: tandem quotas$/) });
    const second = await house.leases.create(house.admin, asked);
    await house.pass(2_000);
    expect(await reason(second.id)).toContain('may have 4 GPUs');
    await house.leases.end(house.admin, first.id);
    await house.pass(6_000);
    expect((await house.leases.show(house.admin, second.id)).lease.state).toBe('running');
  });

  it('of what providers bill count what runs until its end, in the same round', async () => {
    // $8 an hour for 8 GPUs: $1 for each.
    for (const id of ['a', 'b']) house.costs.set(id, { perHour: 8_000_000_000_000n, currency: 'USD', units: 8 });
    await quotas.set(house.admin, { ...none, scope: project(), spend: '3000000000000' });
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) ids.push((await house.leases.create(house.admin, newLease({ gpus: 1, minutes: 75 }))).id);
    await house.pass(2_000);
    const states = await Promise.all(ids.map(async (id) => (await house.leases.show(house.admin, id)).lease.state));
    expect(states.filter((state) => state === 'waiting')).toHaveLength(1);
    expect(await reason(ids[2]!)).toMatch(/^providers may bill the project \S.* 3\.00 this month, bill 2\.50 already, and would bill 1\.25 more/);
    await house.leases.end(house.admin, ids[0]!);
    await house.pass(6_000);
    expect((await house.leases.show(house.admin, ids[2]!)).lease.state).toBe('running');
  });
});

describe('a lease that lasts longer', () => {
  it('is held to what providers may bill in the month, as a new one is', async () => {
    for (const id of ['a', 'b']) house.costs.set(id, { perHour: 8_000_000_000_000n, currency: 'USD', units: 8 });
    await quotas.set(house.admin, { ...none, scope: organisation(), spend: '3000000000000' });
    const { id } = await house.leases.create(house.admin, newLease({ gpus: 1, minutes: 60 }));
    await house.pass(2_000);
    await house.leases.extend(house.admin, id, { minutes: 60, atMost: null });
    await expect(house.leases.extend(house.admin, id, { minutes: 90, atMost: null })).rejects.toMatchObject({ code: 'lease_quota', message: expect.stringMatching(/ cannot be extended: providers may bill the organisation \S.* 3\.00 this month, bill 2\.\d+ already, and would bill 1\.50 more/) });
    expect((await house.leases.show(house.admin, id)).lease.minutes.asked).toBe(120);
  });
});

describe('the provider\'s cost', () => {
  it('stands beside the price, in the lease and in the books, for who sees costs', async () => {
    house.costs.set('a', { perHour: 8_000_000_000_000n, currency: 'USD', units: 8 });
    const { id } = await house.leases.create(house.admin, newLease({ gpus: 2, minutes: 90 }));
    await house.pass(1_000);
    await house.pass(30 * MINUTE, 10 * MINUTE);
    expect((await house.leases.show(house.admin, id)).lease.cost).toMatchObject({ soFar: '2000000000000', provider: { soFar: '1000000000000', perHour: '2000000000000' } });
    expect('provider' in (await house.leases.show({ ...house.admin, ofOperator: false }, id)).lease.cost).toBe(false);
    await house.pass(62 * MINUTE, 10 * MINUTE);
    const events = await house.database.unscoped('a test').selectFrom('usage_events').select(['charge', 'cost']).where('kind', '=', 'lease').orderBy('occurred_at').execute();
    expect(events).toMatchObject([{ charge: '4000000000000', cost: '2000000000000' }, { charge: '2000000000000', cost: '1000000000000' }]);
    expect(await house.ledger.bill.verify(house.admin)).toMatchObject({ ok: true });
  });

  it('is unknown, not nothing, where the machine is not rented', async () => {
    const { id } = await house.leases.create(house.admin, newLease({ gpus: 1, minutes: 5 }));
    await house.pass(1_000);
    await house.pass(6 * MINUTE, MINUTE);
    expect((await house.leases.show(house.admin, id)).lease.cost.provider).toBeNull();
    expect(await house.database.unscoped('a test').selectFrom('usage_events').select('cost').where('kind', '=', 'lease').execute()).toEqual([{ cost: null }]);
  });
});

describe('an order', () => {
  const account = new OneMachineAccount(() => ({ host: '192.0.2.1', port: 22, user: 'm', password: null, hostKey: null }));
  const orders = () => new Orders({ ...house.context, providers: new Map([[account.name, account]]) });
  const wish = (key: string, more: object = {}) => ({ provider: 'rented', offer: 'one', ceiling: 2_900_000_000_000n, key, neededUntil: null, pool: null, name: null, ...more });

  it('is refused by name beyond the quota of its month, however many are asked for at once', async () => {
    // Ten hours by their ceiling, or to the month's end.
    const month = new Date(house.clock.nowMs());
    house.clock.advance(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 2) - house.clock.nowMs());
    await quotas.set(house.admin, { ...none, scope: organisation(), spend: '6000000000000' });
    const done = await Promise.allSettled(['1', '2', '3', '4'].map((key) => orders().create(house.admin, wish(key))));
    expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    await expect(orders().create(house.admin, wish('5'))).rejects.toThrow(/Providers may bill the organisation .* 6\.00 USD this month, bill 5\.\d+ USD already, and would bill 2\.\d+ USD more/);
    expect((await orders().create(house.admin, wish('6', { neededUntil: new Date(house.clock.nowMs() + 30 * MINUTE), ceiling: 200_000_000_000n }))).state).toBe('asked');
  });

  it('of several machines is all of them or none, under one ceiling', async () => {
    const made = await orders().createSeveral(house.admin, { ...wish('many', { ceiling: 29_000_000_000_000n, name: 'gpu' }), count: 10, allWithinMs: null });
    expect(made.items.map(({ cost }) => cost.ceiling)).toEqual(Array.from({ length: 10 }, () => '2900000000000'));
    expect((await orders().createSeveral(house.admin, { ...wish('many', { ceiling: 29_000_000_000_000n, name: 'gpu' }), count: 10, allWithinMs: null })).items.map(({ id }) => id)).toEqual(made.items.map(({ id }) => id));
    await quotas.set(house.admin, { ...none, scope: organisation(), spend: '1000000000000' });
    await expect(orders().createSeveral(house.admin, { ...wish('more'), count: 3, allWithinMs: null })).rejects.toSatisfy(failsWith('order_quota'));
    expect((await orders().list(house.admin)).items).toHaveLength(10);
  });
});
