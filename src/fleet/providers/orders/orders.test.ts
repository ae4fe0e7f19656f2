import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock, createIdSource, isTandemError, silentLogger, type ErrorCode } from '../../../base/index.ts';
import { readEgressPolicy } from '../../../base/egress/index.ts';
import { openTestAccess, type TestAccess } from '../../../access/testing.ts';
import { ProviderClient } from '../provider-client.ts';
import { tagOf } from '../tag.ts';
import type { ProviderBench } from '../testing/bench.ts';
import { scalewayBench } from '../testing/scaleway-stand-in.ts';
import { storedClaims } from './claims.ts';
import { OrderReconciler } from './order-reconciler.ts';
import { Orders, type NewOrder } from './orders.ts';
import { Orphans } from './orphans.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const failsWith = (code: ErrorCode) => (error: unknown) => isTandemError(error, code);

let test: TestAccess;
let clock: ManualClock;
let client: ProviderClient;
let bench: ProviderBench;
let orders: Orders;
let orphans: Orphans;
let newReconciler: () => OrderReconciler;
let reconciler: OrderReconciler;
let number = 0;

beforeEach(async () => {
  test = await openTestAccess();
  clock = new ManualClock(Date.UTC(2026, 10, 26));
  client = new ProviderClient({ clock, policy: readEgressPolicy({ allow: ['127.0.0.1'] }) });
  // A stand-in, from docs: see its head.
  bench = await scalewayBench(clock, client);
  const shared = { database: test.database, clock, log: silentLogger, access: test.access, random: () => 0.5, providers: new Map([[bench.provider.name, bench.provider]]), nodes: { retire: () => Promise.resolve(null) }, newId: createIdSource(() => clock.nowMs()) };
  orders = new Orders({ ...shared, machines: { costs: () => Promise.resolve(new Map()) } });
  orphans = new Orphans(shared);
  newReconciler = () => new OrderReconciler(shared);
  reconciler = newReconciler();
});
afterEach(async () => {
  await client.close();
  await bench.stop();
  await test.close();
});

const wish = (more: Partial<NewOrder> = {}): NewOrder => {
  number += 1;
  return { provider: 'paris', offer: 'M4-M', ceiling: 100_000_000_000_000n, key: `order-${number}`, neededUntil: null, pool: null, name: null, ...more };
};
const show = (id: string) => orders.show(test.admin, id);
/** Lets time go by, with the orders looked after all along. */
const pass = async (ms: number, stepMs = 60_000): Promise<void> => {
  for (let gone = 0; gone < ms; gone += stepMs) {
    clock.advance(Math.min(stepMs, ms - gone));
    await reconciler.tick();
  }
};

describe('an order', () => {
  it('is refused without a known price, above its ceiling, at no account, and by who may not', async () => {
    await expect(orders.create(test.admin, wish({ ceiling: 6_959_999_999_999n }))).rejects.toMatchObject({ code: 'order_ceiling', message: expect.stringMatching(/^A machine M4-M costs at least [\d.]+ EUR, which is more than the ceiling of 6\.959999999999 EUR\.$/) as unknown });
    await expect(orders.planGpus({ ...test.admin, ofOperator: false }, { gpus: 8, gpu: null, provider: null })).rejects.toSatisfy(failsWith('no_account'));
    await expect(orders.create(test.admin, wish({ offer: 'M1-M' }))).rejects.toSatisfy(failsWith('order_refused'));
    await expect(orders.create(test.admin, wish({ offer: 'none' }))).rejects.toSatisfy(failsWith('resource_not_found'));
    await expect(orders.create(test.admin, wish({ provider: 'none' }))).rejects.toSatisfy(failsWith('resource_not_found'));
    await expect(orders.create({ ...test.admin, ofOperator: false }, wish())).rejects.toSatisfy(failsWith('resource_not_found'));
    await expect(orders.create({ ...test.admin, role: 'developer' }, wish())).rejects.toSatisfy(failsWith('permission_denied'));
    await reconciler.tick();
    expect(bench.billed()).toBe(0);
  });

  it('waits with reason and estimate, is delivered, entered, and given back when what is paid for is used', async () => {
    bench.deliverSlowly!(20 * 60_000);
    const { id } = await orders.create(test.admin, wish());
    await reconciler.tick();
    expect(await show(id)).toMatchObject({ state: 'delivering', reason: 'starting', estimateAt: expect.any(String), cost: { soFar: '6960000000000', currency: 'EUR' } });
    await expect(orders.enter(test.admin, id)).rejects.toSatisfy(failsWith('order_state'));
    await pass(21 * 60_000);
    expect(await show(id)).toMatchObject({ state: 'ready', paidUntil: '2026-11-27T00:00:00.000Z' });
    expect(await orders.enter(test.admin, id)).toMatchObject({ host: '198.51.100.7', user: 'm1', password: 'first-password' });
    expect(JSON.stringify(await orders.list(test.admin))).not.toContain('first-password');
    const released = await orders.release(test.admin, id, new Date(clock.nowMs() + 29 * HOUR + 30 * 60_000));
    expect(released.releaseAt).toBe('2026-11-27T05:58:00.000Z');
    await pass(29 * HOUR + 30 * 60_000, 30 * 60_000);
    await pass(6 * 60_000);
    expect(bench.billed()).toBe(1);
    await pass(3 * 60_000);
    expect(bench.billed()).toBe(0);
    expect(await show(id)).toMatchObject({ state: 'gone', goneAt: expect.any(String), cost: { soFar: '8700000000000' } });
    await expect(orders.release(test.admin, id, null)).rejects.toSatisfy(failsWith('order_state'));
  });

  it('is one however often it is clicked, also by two workers at once', async () => {
    const asked = wish();
    const made = await Promise.all(Array.from({ length: 6 }, () => orders.create(test.admin, asked)));
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    await expect(orders.create(test.admin, { ...asked, ceiling: 200_000_000_000_000n })).rejects.toSatisfy(failsWith('id_conflict'));
    await Promise.all([reconciler.tick(), newReconciler().tick(), newReconciler().tick()]);
    expect(bench.billed()).toBe(1);
  });

  it('is ordered again until there is capacity', async () => {
    bench.setStock(0);
    const { id } = await orders.create(test.admin, wish());
    await pass(10 * 60_000);
    expect(await show(id)).toMatchObject({ state: 'asked', reason: expect.stringContaining('out of stock'), next: expect.stringContaining('ordered again'), estimateAt: expect.any(String) });
    bench.setStock(1);
    await pass(30 * 60_000);
    expect((await show(id)).state).toBe('ready');
    expect(bench.billed()).toBe(1);
  });

  it.each(['lost-answer', 'truncated'] as const)('adopts by its tag the machine of a call whose answer was a %s', async (what) => {
    bench.standIn.troubles.push({ on: 'order', what });
    const { id } = await orders.create(test.admin, wish());
    await reconciler.tick();
    expect(await show(id)).toMatchObject({ state: 'asked', machineId: null });
    await pass(5 * 60_000);
    expect(await show(id)).toMatchObject({ state: 'ready', machineId: expect.any(String) });
    expect(bench.billed()).toBe(1);
  });

  it('that a process left between call and record is adopted by the next', async () => {
    const { id } = await orders.create(test.admin, wish());
    // What the process had done when it died: taken and marked the row, and called.
    await test.database.unscoped('a test').updateTable('provider_orders').set({ sent_at: new Date(clock.nowMs()), unclear: true, lock_token: id, lock_until: new Date(clock.nowMs() + 5 * 60_000) }).execute();
    await bench.provider.order({ offer: 'M4-M', tag: tagOf(id) });
    reconciler = newReconciler();
    await pass(4 * 60_000);
    expect((await show(id)).machineId).toBeNull();
    await pass(3 * 60_000);
    expect((await show(id)).state).toBe('ready');
    expect(bench.billed()).toBe(1);
  });

  it('that is given back while nobody knows whether it came leaves no machine behind', async () => {
    bench.standIn.troubles.push({ on: 'order', what: 'lost-answer' });
    const { id } = await orders.create(test.admin, wish());
    await reconciler.tick();
    await orders.release(test.admin, id, null);
    await pass(DAY, HOUR);
    await pass(10 * 60_000);
    expect(bench.billed()).toBe(0);
    expect((await show(id)).state).toBe('gone');
    // One that never came is closed, after the provider's list had time to show it.
    bench.standIn.troubles.push({ on: 'order', what: 'reset' });
    const other = await orders.create(test.admin, wish());
    await reconciler.tick();
    await orders.release(test.admin, other.id, null);
    await pass(5 * 60_000);
    expect((await show(other.id)).state).toBe('gone');
  });

  it('is given back before its ceiling is reached, by itself', async () => {
    // 26 hours and a half.
    const { id } = await orders.create(test.admin, wish({ ceiling: 7_685_000_000_000n }));
    await reconciler.tick();
    expect((await show(id)).releaseAt).toBe('2026-11-27T01:58:00.000Z');
    await pass(25 * HOUR, HOUR);
    await pass(50 * 60_000, 10 * 60_000);
    await pass(15 * 60_000);
    const { state, cost } = await show(id);
    expect(state).toBe('gone');
    expect(BigInt(cost.soFar)).toBeLessThanOrEqual(7_685_000_000_000n);
    expect(bench.billed()).toBe(0);
  });

  it('is reinstalled once for one wish, and its release is tried again when the provider fails', async () => {
    const { id } = await orders.create(test.admin, wish());
    await reconciler.tick();
    expect((await orders.reinstall(test.admin, id)).state).toBe('ready');
    await reconciler.tick();
    expect(await show(id)).toMatchObject({ state: 'reinstalling', reinstalls: 1 });
    await pass(10 * 60_000);
    expect(await show(id)).toMatchObject({ state: 'ready', reinstalls: 1 });
    await orders.release(test.admin, id, null);
    await pass(DAY - 11 * 60_000, 30 * 60_000);
    bench.standIn.troubles.push({ on: 'release', what: 'reply', reply: bench.down! }, { on: 'release', what: 'reply', reply: bench.throttled! });
    await pass(20 * 60_000);
    expect((await show(id)).state).toBe('gone');
  });

  it('of a machine that somebody removed at the provider ends', async () => {
    const { id } = await orders.create(test.admin, wish());
    await reconciler.tick();
    clock.advance(DAY);
    await bench.provider.release((await show(id)).machineId!);
    await pass(20 * 60_000);
    expect(await show(id)).toMatchObject({ state: 'gone', reason: 'the provider no longer has it' });
  });

  it('of several that are to come together is given back whole when one does not come in time', async () => {
    bench.setStock(2);
    const group = wish({ ceiling: 300_000_000_000_000n });
    const { items } = await orders.createSeveral(test.admin, { ...group, count: 3, allWithinMs: 30 * 60_000 });
    await pass(20 * 60_000);
    expect(bench.billed()).toBe(2);
    await pass(20 * 60_000);
    const states = await Promise.all(items.map(async ({ id }) => (await show(id))));
    expect(states.map(({ wanted }) => wanted)).toEqual(['released', 'released', 'released']);
    expect(states.map(({ state }) => state).toSorted()).toEqual(['gone', 'ready', 'ready']);
    await pass(DAY, HOUR);
    expect(bench.billed()).toBe(0);
  });

  it('is nobody else\'s', async () => {
    const { id } = await orders.create(test.admin, wish());
    const stranger = { ...test.admin, organisationId: '0192f0c1-7a00-7000-8000-000000000001' };
    for (const work of [() => orders.show(stranger, id), () => orders.release(stranger, id, null), () => orders.reinstall(stranger, id), () => orders.enter(stranger, id)]) await expect(work()).rejects.toSatisfy(failsWith('resource_not_found'));
    expect((await orders.list(stranger)).items).toEqual([]);
  });
});

describe('a machine without an order', () => {
  const found = () => test.database.unscoped('a test').selectFrom('provider_orphans').selectAll().execute();

  it('is told of with its cost, never deleted, and can be adopted', async () => {
    const machineId = bench.addForeign!('by hand');
    const { id } = await orders.create(test.admin, wish());
    await orphans.look();
    await reconciler.tick();
    clock.advance(3 * HOUR);
    await orphans.look();
    expect(await found()).toMatchObject([{ machine_id: machineId, name: 'by hand', tag: null, per_hour: '290000000000', currency: 'EUR', billed_since: new Date(Date.UTC(2026, 10, 26)) }]);
    expect(bench.billed()).toBe(2);
    await expect(orders.adopt(test.admin, { provider: 'paris', machineId: (await show(id)).machineId!, ceiling: 10n ** 14n, key: 'again', neededUntil: null, pool: null, name: null })).rejects.toSatisfy(failsWith('order_state'));
    const adopted = await orders.adopt(test.admin, { provider: 'paris', machineId, ceiling: 10n ** 14n, key: 'mine', neededUntil: null, pool: null, name: null });
    await reconciler.tick();
    expect(await show(adopted.id)).toMatchObject({ state: 'ready', machineId, billedSince: '2026-11-26T00:00:00.000Z' });
    await orphans.look();
    expect(await found()).toEqual([]);
  });

  it('of a closed order is one too', async () => {
    const { id } = await orders.create(test.admin, wish());
    await reconciler.tick();
    await test.database.unscoped('a test').updateTable('provider_orders').set({ observed: 'gone' }).where('id', '=', id).execute();
    await orphans.look();
    expect(await found()).toMatchObject([{ tag: tagOf(id) }]);
  });
});

describe('accounts', () => {
  it('and orphans are shown to the operator alone', async () => {
    bench.addForeign!('by hand');
    await orphans.look();
    expect(await orders.providers(test.admin)).toMatchObject({ items: [{ name: 'paris', kind: 'scaleway', reinstalls: true }] });
    expect((await orders.check(test.admin, 'paris')).offers[0]).toMatchObject({ name: 'M4-M', minimumHours: 24, perHour: { amount: '290000000000', currency: 'EUR' } });
    expect((await orders.orphans(test.admin)).items).toMatchObject([{ name: 'by hand', perHour: '290000000000' }]);
    const tenant = { ...test.admin, ofOperator: false };
    expect([(await orders.providers(tenant)).items, (await orders.orphans(tenant)).items]).toEqual([[], []]);
    await expect(orders.check(tenant, 'paris')).rejects.toSatisfy(failsWith('resource_not_found'));
  });
});

describe('claims of one\'s own machines', () => {
  it('give a machine to one of several that want it at once', async () => {
    const claims = storedClaims(test.database, clock, 'office');
    const got = await Promise.all(['a', 'b', 'c', 'd'].map((tag) => claims.claim('mini-1', tag)));
    expect(got.filter(Boolean)).toHaveLength(1);
    expect((await claims.all()).size).toBe(1);
    await claims.free('mini-1');
    expect(await claims.claim('mini-1', 'e')).toBe(true);
  });
});
