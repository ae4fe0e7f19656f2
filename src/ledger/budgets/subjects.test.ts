import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Principal } from '../../access/index.ts';
import { newId } from '../../base/index.ts';
import type { Ledger } from '../ledger.ts';
import * as budgets from '../testing/budgets.ts';
import { MODEL, admissionOf, endOf, openPathHouse, ownerOf, type PathHouse } from '../testing/path.ts';
import { hearStatements } from '../testing/statements.ts';
import { NAMES_AT_MOST } from './counted.ts';
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

const EACH_USER = { kind: 'user', name: null } as const;
const set = (subject: NewBudget['subject'], amount: number, more: Partial<NewBudget> = {}, at = ledger) =>
  at.budgets.create(owner, { scope: { kind: 'project', id: house.projectId }, subject, amount: String(amount), period: 'month', ...more });

const call = (input: bigint, who: budgets.Who, at = ledger) => budgets.call(house, at, input, who);
const served = (who: budgets.Who, tries: number, at = ledger) => budgets.served(house, at, who, tries);
const postedAndRight = (...others: readonly Ledger[]) => budgets.postedAndRight(house, ledger, ...others);
const windowsOf = (budgetId: string) => budgets.windowsOf(house.database, budgetId);

test('each user has a budget of its own, one by name another, and leaving the name out is no way around', async () => {
  const { id } = await set(EACH_USER, 4_000_000);
  await set({ kind: 'user', name: 'vip' }, 9_000_000);
  expect(await served({ user: 'u-1' }, 6)).toBe(4);
  expect(await served({ user: 'u-2' }, 6)).toBe(4);
  expect(await served({ user: 'vip' }, 12)).toBe(9);
  expect(await served({}, 6)).toBe(4);
  const [named, each, none] = [await call(1n, { user: 'vip' }), await call(2n, { user: 'u-1' }), await call(1n, {})];
  expect(named?.message).toContain('monthly budget of user vip of project default does not cover this call: 0.00 USD of 0.000009');
  expect(each?.message).toContain('budget of user u-1 of project default');
  expect(none?.message).toContain('budget of calls of project default that name no user');
  const next = new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth() + 1, 1)).toISOString();
  expect(each?.facts).toMatchObject({ scope: 'project', subject: 'user', holder: 'user u-1 of project default', left: '0', spent: expect.any(String) as string, startsAgainAt: next });
  expect(each?.message).toContain(`It starts again at ${next.slice(0, 16)}Z.`);
  expect(each?.retryAfterSeconds).toBeGreaterThan(0);
  await postedAndRight();
  // The user with a budget of its own is counted among each too, but not held by it.
  expect(await windowsOf(id)).toEqual({ '=u-1': '4000000', '=u-2': '4000000', '=vip': '9000000', '=': '4000000' });
}, 30_000);

test('a call is held from the budgets of its model and of each of its tags, all or nothing', async () => {
  await house.addPrice('test/other', 1_000_000n, 1n);
  ledger = await house.ledger();
  const tags = await set({ kind: 'tag', name: null }, 3_000_000);
  await set({ kind: 'tag', name: 'night' }, 5_000_000);
  const models = await set({ kind: 'model', name: null }, 8_000_000, { scope: { kind: 'organisation', id: house.organisationId }, period: 'day' });
  expect(await served({ tags: ['a', 'b', 'a'] }, 5)).toBe(3);
  // `a` has nothing left, and a call that it holds takes nothing of `c`.
  expect((await call(1n, { tags: ['c', 'a'] }))?.message).toContain('budget of tag a of project default');
  expect(await served({ tags: ['c'] }, 5)).toBe(3);
  expect((await call(3n, { tags: ['d'] }))?.message).toContain(`daily budget of model ${MODEL} of organisation Acme`);
  expect(await served({ resource: 'test/other', tags: ['night'] }, 9)).toBe(5);
  // Without tags it is no tag's, but its model's.
  expect(await served({ resource: 'test/other' }, 9)).toBe(3);
  await postedAndRight();
  expect(await windowsOf(tags.id)).toMatchObject({ '=a': '3000000', '=b': '3000000', '=c': '3000000', '=night': '5000000' });
  expect(await windowsOf(models.id)).toEqual({ [`=${MODEL}`]: '6000000', '=test/other': '8000000' });
}, 30_000);

test('made in the middle of a month it counts what each has spent; raised it serves on; removed it holds nobody', async () => {
  await served({ user: 'u-1', tags: ['x'] }, 3);
  await served({ user: 'u-2' }, 1);
  await expect.poll(async () => (await ledger.usage.list(owner, { limit: 10 })).items.length, { timeout: 15_000 }).toBe(4);
  const each = await set(EACH_USER, 3_000_000, { alertShares: [50] });
  const one = await set({ kind: 'tag', name: 'x' }, 5_000_000);
  expect(each).toMatchObject({ holder: 'each user of project default', subject: { kind: 'user', name: null }, spent: '3000000', left: '0', each: { names: 2, exhausted: 1, most: [{ name: 'u-1', spent: '3000000', held: '0' }, { name: 'u-2', spent: '1000000', held: '0' }] } });
  expect(one).toMatchObject({ holder: 'tag x of project default', spent: '3000000', left: '2000000', each: null });
  expect(await call(1n, { user: 'u-1' })).not.toBeNull();
  expect(await served({ user: 'u-2' }, 4)).toBe(2);
  await ledger.budgets.update(owner, each.id, { amount: '5000000' });
  expect(await served({ user: 'u-1', tags: ['x'] }, 4)).toBe(2);
  await expect(set(EACH_USER, 1)).rejects.toMatchObject({ code: 'budget_taken', message: expect.stringContaining('each user of project default') as string });
  await ledger.budgets.remove(owner, each.id);
  expect(await served({ user: 'u-1' }, 3)).toBe(3);
  await postedAndRight();
}, 30_000);

test('two processes share what a user has: never above it, and no refusal while an unused slice of the other covers the call', async () => {
  const { id } = await set(EACH_USER, 40_000_000);
  const other = await house.ledger();
  const both = [ledger, other] as const;
  const users = ['u-1', 'u-2', 'u-3'];
  const calls = users.flatMap((user) => Array.from({ length: 60 }, (_, index) => ({ user, at: both[index % 2]! })));
  const refusals = await Promise.all(calls.map(async ({ user, at }) => ({ user, refused: await call(1n, { user }, at) })));
  for (const user of users) {
    const count = refusals.filter((one) => one.user === user && one.refused === null).length;
    // What is left lies in slices of both, and either serves it.
    if (count < 40) expect(await call(BigInt(40 - count), { user }, other)).toBeNull();
    for (const at of both) expect(await call(1n, { user }, at)).not.toBeNull();
  }
  await postedAndRight(other);
  expect(await windowsOf(id)).toEqual(Object.fromEntries(users.map((user) => [`=${user}`, '40000000'])));
}, 60_000);

test('users past the bound share one count, in every process; those before it keep theirs', async () => {
  const { id } = await set(EACH_USER, 2_000_000);
  expect(await served({ user: 'first' }, 1)).toBe(1);
  await sql`insert into budget_name_windows (organisation_id, budget_id, window_start, counted, amount, spent, leased)
    select organisation_id, budget_id, window_start, '=made-up-' || n, amount, 0, 0 from budget_name_windows cross join generate_series(1, ${NAMES_AT_MOST - 1}) as n
    where budget_id = ${id}`.execute(house.database.unscoped('test'));
  const other = await house.ledger();
  const replies = [await call(1n, { user: 'late-1' }), await call(1n, { user: 'late-2' }, other), await call(1n, { user: 'late-3' }), await call(1n, { user: 'late-1' }, other)];
  expect(replies.map((reply) => reply?.message.includes('budget of further users of project default') ?? null)).toEqual([null, null, true, true]);
  expect([await served({ user: 'first' }, 3), await served({ user: 'made-up-77' }, 3, other)]).toEqual([1, 2]);
  expect((await ledger.budgets.list(owner)).items[0]?.each).toMatchObject({ names: NAMES_AT_MOST + 1 });
  await postedAndRight(other);
  const windows = await windowsOf(id);
  expect(windows).toMatchObject({ others: '2000000', '=first': '2000000', '=made-up-77': '2000000' });
  expect(Object.keys(windows)).toHaveLength(NAMES_AT_MOST + 1);
}, 60_000);

test('what a crash leaves of a call is charged to its user and tags', async () => {
  const { id } = await set(EACH_USER, 9_000_000);
  await set({ kind: 'tag', name: 'night' }, 9_000_000);
  const home = house.newHome();
  const dies = await house.ledger({ home });
  const hold = await dies.admit({ ...admissionOf(house, 3n, 2n), user: 'ada', tags: ['night'] });
  hold.progress({ input: 3n, output: 1n });
  await dies.stop(0);
  await house.ledger({ home });
  await expect.poll(async () => (await ledger.budgets.list(owner)).items.map(({ spent, held }) => [spent, held]), { timeout: 15_000 }).toEqual([['5000000', '0'], ['5000000', '0']]);
  await postedAndRight();
  expect(await windowsOf(id)).toEqual({ '=ada': '5000000' });
}, 30_000);

test('webhooks are told of a share by the name of who reached it, and not of who has a budget of their own', async () => {
  await set(EACH_USER, 10_000_000, { alertShares: [50, 100] });
  await set({ kind: 'user', name: 'vip' }, 100_000_000, { alertShares: [10] });
  for (const [user, count] of [['u-1', 6], ['u-2', 2], ['vip', 12]] as const) await served({ user }, count);
  const { alerts, told } = budgets.openAlerts(house);
  await ledger.stop();
  expect(await alerts.tellDue()).toBe(2);
  expect(await alerts.tellDue()).toBe(0);
  expect(told.map(({ data: { share, spent, holder, subject } }) => ({ share, spent, holder, subject }))).toEqual([
    { share: 10, spent: '12000000', holder: 'user vip of project default', subject: { kind: 'user', name: 'vip' } },
    { share: 50, spent: '6000000', holder: 'user u-1 of project default', subject: { kind: 'user', name: 'u-1' } },
  ]);
  expect(new Set(told.map(({ key }) => key)).size).toBe(2);
}, 30_000);

test('windows of names that ended long ago are forgotten, and what is left verifies', async () => {
  const { id } = await set(EACH_USER, 9_000_000, { period: 'day' });
  await served({ user: 'ada' }, 2);
  const db = house.database.unscoped('test');
  const ago = (days: number) => new Date(Date.UTC(2026, 0, 1) - days * 86_400_000);
  await sql`update budgets set first_window = ${ago(9)} where id = ${id}`.execute(db);
  const old = sql`insert into budget_name_windows (organisation_id, budget_id, window_start, counted, amount, spent, leased) select organisation_id, id, ${ago(1)}, '=bob', amount, 0, 0 from budgets`;
  await old.execute(db);
  await sql`update budget_name_windows set leased = 1 where counted = '=bob'`.execute(db);
  await ledger.budgets.tidy();
  // Somebody holds of it still.
  expect((await sql`select from budget_name_windows where counted = '=bob'`.execute(db)).rows).toHaveLength(1);
  await sql`update budget_name_windows set leased = 0 where counted = '=bob'`.execute(db);
  await ledger.budgets.tidy();
  await postedAndRight();
  expect(await windowsOf(id)).toEqual({ '=ada': '2000000' });
  expect((await db.selectFrom('budgets').select('first_window').executeTakeFirstOrThrow()).first_window.getTime()).toBeGreaterThan(ago(0).getTime());
}, 30_000);

test('what a planted edit of a name\'s window changes, verification names', async () => {
  const { id } = await set(EACH_USER, 9_000_000);
  await served({ user: 'ada' }, 2);
  await postedAndRight();
  const db = house.database.unscoped('test');
  for (const [edit, fault] of [
    [sql`update budget_name_windows set spent = spent + 1`, `budget ${id} (ada)`], [sql`update budget_name_windows set spent = spent - 1, leased = 5`, 'the field leased is 5'],
    [sql`delete from budget_name_windows`, `budget ${id} (the others)`],
  ] as const) {
    await edit.execute(db);
    const { ok, firstFault } = await ledger.bill.verify(owner);
    expect(ok).toBe(false);
    expect(firstFault).toContain(fault);
    if (fault.includes('leased')) await sql`update budget_name_windows set leased = 0`.execute(db);
  }
}, 30_000);

test('with budgets of each user and tag 10,000 calls run no SQL but refills and the first sight of a name', async () => {
  await set(EACH_USER, 1e15);
  await set({ kind: 'tag', name: null }, 1e15);
  await set({ kind: 'model', name: MODEL }, 1e15);
  const database = await house.openDatabase();
  const statements = hearStatements(database);
  const counted = await house.ledger({ database });
  const keyId = newId();
  const before = statements.length;
  for (let round = 0; round < 100; round += 1) {
    await Promise.all(Array.from({ length: 100 }, async (_, index) => {
      const hold = await counted.admit({ ...admissionOf(house, 1n, 2n, keyId), user: `u-${index % 10}`, tags: ['a', 'b'] });
      await hold.settle(endOf(1n, 1n));
    }));
  }
  const ran = statements.slice(before);
  expect(ran.filter((text) => !/budget_windows|budget_name_windows|^(begin|commit|start transaction)|select id from budgets where id/i.test(text))).toEqual([]);
  // Ten users and two tags, each opened once, and refills.
  expect(ran.filter((text) => text.includes('insert into budget_name_windows')).length).toBeLessThanOrEqual(12);
  expect(ran.length).toBeLessThan(1_200);
}, 60_000);
