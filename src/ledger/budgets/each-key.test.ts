import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Principal } from '../../access/index.ts';
import { newId } from '../../base/index.ts';
import type { Ledger } from '../ledger.ts';
import * as budgets from '../testing/budgets.ts';
import { openPathHouse, ownerOf, type PathHouse } from '../testing/path.ts';
import type { NewBudget } from './budgets.ts';

let house: PathHouse;
let ledger: Ledger;
let owner: Principal;
beforeEach(async () => {
  house = await openPathHouse();
  ledger = await house.ledger();
  owner = ownerOf(house);
});
afterEach(() => house.close());

const EACH_KEY = { kind: 'key', name: null } as const;
const set = (amount: number, more: Partial<NewBudget> = {}) => ledger.budgets.create(owner, { scope: { kind: 'project', id: house.projectId }, subject: EACH_KEY, amount: String(amount), period: 'day', ...more });

const call = (input: bigint, keyId: string | null, at = ledger, projectId: string | null = house.projectId) => budgets.call(house, at, input, { keyId, projectId });
const served = (keyId: string | null, tries: number, at = ledger, projectId: string | null = house.projectId) => budgets.served(house, at, { keyId, projectId }, tries);
const postedAndRight = (...others: readonly Ledger[]) => budgets.postedAndRight(house, ledger, ...others);
const windowsOf = (budgetId: string) => budgets.windowsOf(house.database, budgetId);
const rotate = (from: string, to: string) => house.database.transaction((tx) => ledger.budgets.carryOver(tx, house.organisationId, from, to));

test('each key has an amount of its own; one with a budget of its own is held by that; calls without a key are held by neither', async () => {
  const [one, two, vip] = [newId(), newId(), newId()];
  const { id, holder } = await set(4_000_000);
  expect(holder).toBe('each key of project default');
  await set(9_000_000, { scope: { kind: 'key', id: vip }, subject: null });
  expect([await served(one, 6), await served(two, 6), await served(vip, 12), await served(null, 6)]).toEqual([4, 4, 9, 6]);
  expect((await call(1n, one))?.message).toContain(`daily budget of key key-${one.slice(-4)} does not cover this call: 0.00 USD of 0.000004 are left. It starts again at`);
  expect((await call(1n, vip))?.message).toContain(`budget of key key-${vip.slice(-4)}`);
  await postedAndRight();
  // It is counted among each too, but not held by it.
  expect(await windowsOf(id)).toEqual({ [`=${one}`]: '4000000', [`=${two}`]: '4000000', [`=${vip}`]: '9000000' });
  const { each } = (await ledger.budgets.list(owner)).items.find((budget) => budget.id === id)!;
  expect(each).toMatchObject({ names: 3, exhausted: 3, most: [{ name: vip, label: `key-${vip.slice(-4)}`, spent: '9000000' }, {}, {}] });
}, 30_000);

test('a rotated key begins nothing anew, over however many rotations and in whichever process; made in the middle of the day the budget counts the whole line', async () => {
  const [first, second, third, other] = [newId(), newId(), newId(), newId()];
  const { id } = await set(10_000_000);
  expect(await served(first, 3)).toBe(3);
  await rotate(first, second);
  await rotate(second, third);
  const late = await house.ledger();
  // A process lets a key work only once it has read this.
  await ledger.budgets.inForce();
  expect([await served(second, 3), await served(third, 3, late), await served(first, 1)]).toEqual([3, 3, 1]);
  for (const key of [first, second, third]) for (const at of [ledger, late]) expect(await call(1n, key, at)).not.toBeNull();
  expect(await served(other, 2)).toBe(2);
  await expect.poll(async () => (await ledger.budgets.list(owner)).items[0]?.each?.most.map(({ name, spent, held }) => [name, spent, held]), { timeout: 15_000 }).toMatchObject([[first, '10000000', '0'], [other, '2000000', expect.anything()]]);
  const month = await set(11_000_000, { period: 'month' });
  expect(month.each).toMatchObject({ names: 2, most: [{ name: first, spent: '10000000' }, { name: other, spent: '2000000' }] });
  await ledger.budgets.update(owner, id, { amount: '50000000' });
  expect([await served(third, 3), await served(second, 1)]).toEqual([1, 0]);
  await postedAndRight(late);
  expect(await windowsOf(id)).toEqual({ [`=${first}`]: '11000000', [`=${other}`]: '2000000' });
  expect(await windowsOf(month.id)).toEqual({ [`=${first}`]: '11000000', [`=${other}`]: '2000000' });
}, 60_000);

test('two processes on the last cent of each key: never above it, and no refusal while an unused slice of the other covers the call', async () => {
  const { id } = await set(40_000_000);
  const other = await house.ledger();
  const both = [ledger, other] as const;
  const keys = [newId(), newId(), newId()];
  const successor = newId();
  await rotate(keys[0]!, successor);
  await Promise.all(both.map((at) => at.budgets.inForce()));
  const lines = [[keys[0]!, successor], [keys[1]!], [keys[2]!]] as const;
  const calls = lines.flatMap((line, at) => Array.from({ length: 100 }, (_, index) => ({ at, keyId: line[index % line.length]!, by: both[Math.floor(index / 2) % 2]! })));
  const replies = await Promise.all(calls.map(async ({ at, keyId, by }) => ({ at, refused: await call(1n, keyId, by) })));
  for (const [at, line] of lines.entries()) {
    const count = replies.filter((one) => one.at === at && one.refused === null).length;
    expect(count).toBeLessThanOrEqual(40);
    if (count < 40) expect(await call(BigInt(40 - count), line[0], other)).toBeNull();
    for (const by of both) expect(await call(1n, line.at(-1)!, by)).not.toBeNull();
  }
  await postedAndRight(other);
  expect(await windowsOf(id)).toEqual(Object.fromEntries(keys.map((key) => [`=${key}`, '40000000'])));
}, 60_000);

test('each project of the organisation, and calls of no project together; a project\'s own budget goes first', async () => {
  const { id } = await set(3_000_000, { scope: { kind: 'organisation', id: house.organisationId }, subject: { kind: 'project', name: null } });
  const key = newId();
  expect([await served(key, 5), await served(key, 5, ledger, null)]).toEqual([3, 3]);
  expect((await call(1n, key, ledger, null))?.message).toContain('budget of calls of organisation Acme that have no project');
  expect((await call(1n, key))?.message).toContain('budget of project default');
  await expect.poll(async () => (await ledger.usage.list(owner, { limit: 10 })).items.length, { timeout: 15_000 }).toBe(6);
  await set(5_000_000, { subject: null });
  expect(await served(key, 5)).toBe(2);
  await postedAndRight();
  expect(await windowsOf(id)).toEqual({ [`=${house.projectId}`]: '5000000', [`=${house.organisationId}`]: '3000000' });
}, 30_000);

test('webhooks are told by the key\'s name, and not of a key with a budget of its own, also where that was set for one that followed it', async () => {
  const [one, vip, successor] = [newId(), newId(), newId()];
  await set(10_000_000, { alertShares: [50] });
  await rotate(vip, successor);
  await set(100_000_000, { scope: { kind: 'key', id: successor }, subject: null });
  await ledger.budgets.inForce();
  expect([await served(one, 6), await served(successor, 7)]).toEqual([6, 7]);
  await ledger.stop();
  const { alerts, told } = budgets.openAlerts(house);
  expect([await alerts.tellDue(), await alerts.tellDue()]).toEqual([1, 0]);
  expect(told.map(({ data }) => data)).toMatchObject([{ share: 50, spent: '6000000', holder: `key key-${one.slice(-4)}`, subject: { kind: 'key', name: one }, period: 'day' }]);
}, 30_000);

test('the organisation\'s alert tells of the keys that it holds, and not of those that their project\'s amount for each key does', async () => {
  const wide = { scope: { kind: 'organisation', id: house.organisationId }, alertShares: [50] } as const;
  await set(10_000_000, wide);
  const inProject = await set(20_000_000);
  const [mine, free] = [newId(), newId()];
  // The project's holds its keys alone; a call of no project has the organisation's.
  expect([await served(mine, 12), await served(free, 6, ledger, null)]).toEqual([12, 6]);
  await ledger.stop();
  const { alerts, told } = budgets.openAlerts(house);
  expect([await alerts.tellDue(), await alerts.tellDue()]).toEqual([1, 0]);
  expect(told.map(({ data }) => data)).toMatchObject([{ scope: wide.scope, share: 50, spent: '6000000', subject: { kind: 'key', name: free } }]);
  await ledger.budgets.remove(owner, inProject.id);
  expect(await alerts.tellDue()).toBe(1);
  expect(told.at(-1)!.data).toMatchObject({ share: 50, spent: '12000000', subject: { kind: 'key', name: mine } });
}, 30_000);

test('a key that such a budget holds makes no other keys, unless it may change budgets', async () => {
  const [keyId, db] = [newId(), house.database.unscoped('test')];
  const developer = { ...owner, role: 'developer', projectId: house.projectId, keyId } as const;
  expect(await ledger.budgets.limited(db, developer, keyId)).toBe(false);
  await set(1_000_000);
  expect([await ledger.budgets.limited(db, developer, keyId), await ledger.budgets.limited(db, { ...developer, projectId: newId() }, keyId), await ledger.budgets.limited(db, { ...developer, projectId: null }, keyId)]).toEqual([true, false, true]);
  const admin: Principal = { ...owner, keyId };
  expect(await ledger.budgets.limited(db, admin, keyId)).toBe(false);
});

test('a lease that a key asks for is held from what each key has, and its usage frees that', async () => {
  const [keyId, successor] = [newId(), newId()];
  const { id } = await set(10_000_000);
  await ledger.prices.create(owner, { resource: 'mac/m4', tier: 'standard', side: 'sell', source: 'a test', buckets: { day: { price: '4000000', per: '1' } } });
  await rotate(keyId, successor);
  await ledger.budgets.inForce();
  const payer = { organisationId: house.organisationId, projectId: house.projectId, keyId: successor };
  const hold = (amount: bigint) => house.database.transaction((tx) => ledger.standing.hold(tx, payer, Date.now(), amount));
  const held = await hold(8_000_000n);
  expect(held).toEqual([{ budgetId: id, windowStartMs: expect.any(Number) as number, counted: `=${keyId}` }]);
  await expect(hold(2_000_001n)).rejects.toMatchObject({ code: 'budget_short', message: expect.stringContaining(`budget of key key-${keyId.slice(-4)}`) as string });
  expect([await served(keyId, 5), await served(newId(), 1)]).toEqual([2, 1]);
  const price = ledger.standing.priceAt(house.organisationId, 'mac/m4', 'standard', Date.now())!;
  await house.database.transaction((tx) => ledger.standing.record(tx, [{
    ...payer, id: newId(), kind: 'lease', resource: 'mac/m4', tier: 'standard', occurredAtMs: Date.now(), quantities: { day: 1n }, price, agreedAtMs: Date.now(), excess: 0n, cost: null, attributes: { lease: 'x' }, held: { windows: held, amount: 4_000_000n },
  }]));
  await house.database.transaction((tx) => ledger.standing.release(tx, held, 4_000_000n));
  await postedAndRight();
  expect((await windowsOf(id))[`=${keyId}`]).toBe('6000000');
}, 30_000);

test('what there is nothing of each of is refused, and so is one key as a part of something', async () => {
  await expect(set(1, { scope: { kind: 'key', id: newId() } })).rejects.toMatchObject({ code: 'invalid_request', message: expect.stringContaining('A key has no keys') as string });
  await expect(set(1, { subject: { kind: 'project', name: null } })).rejects.toMatchObject({ code: 'invalid_request' });
  await expect(set(1, { subject: { kind: 'key', name: newId() } })).rejects.toMatchObject({ code: 'invalid_request', message: expect.stringContaining('has that key as its scope') as string });
});
