import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ManualClock } from '../../base/index.ts';
import type { Ledger } from '../ledger.ts';
import { openAlerts, type Told } from '../testing/budgets.ts';
import { admissionOf, endOf, openPathHouse, ownerOf, type PathHouse } from '../testing/path.ts';
import type { BudgetAlerts } from './alerts.ts';

let house: PathHouse;
let ledger: Ledger;
let told: readonly Told[];
let alerts: BudgetAlerts;
beforeEach(async () => {
  house = await openPathHouse();
  ledger = await house.ledger();
  ({ alerts, told } = openAlerts(house));
});
afterEach(() => house.close());

const spend = async (input: bigint) => void (await (await ledger.admit(admissionOf(house, input, 0n))).settle(endOf(input, 0n)));
const posted = (spent: string) => expect.poll(async () => (await house.database.unscoped('test').selectFrom('budget_windows').select('spent').executeTakeFirst())?.spent, { timeout: 15_000 }).toBe(spent);

test('each share is told once a window, in rising order, whatever the amount does afterwards', async () => {
  const budget = await ledger.budgets.create(ownerOf(house), { scope: { kind: 'project', id: house.projectId }, amount: '100000000', period: 'month', alertShares: [100, 50, 80, 80] });
  expect(budget.alertShares).toEqual([50, 80, 100]);
  await spend(49n);
  await posted('49000000');
  expect(await alerts.tellDue()).toBe(0);
  await spend(31n);
  await posted('80000000');
  expect(await alerts.tellDue()).toBe(2);
  expect(await alerts.tellDue()).toBe(0);
  expect(told.map(({ data }) => data['share'])).toEqual([50, 80]);
  expect(told[1]).toMatchObject({ event: 'budget.alert', data: { budgetId: budget.id, scope: { kind: 'project', id: house.projectId, name: 'default' }, period: 'month', spent: '80000000', amount: '100000000', currency: 'USD' } });
  await ledger.budgets.update(ownerOf(house), budget.id, { amount: '200000000' });
  await spend(80n);
  await posted('160000000');
  expect(await alerts.tellDue()).toBe(0);
  await spend(40n);
  await posted('200000000');
  expect(await alerts.tellDue()).toBe(1);
});

test('two workers at once tell a share once', async () => {
  await ledger.budgets.create(ownerOf(house), { scope: { kind: 'organisation', id: house.organisationId }, amount: '10000000', period: 'total', alertShares: [50] });
  await spend(6n);
  await posted('6000000');
  const counts = await Promise.all([alerts.tellDue(), alerts.tellDue(), alerts.tellDue()]);
  expect(counts.toSorted()).toEqual([0, 0, 1]);
});

test('shares are changed and taken away without touching the amount', async () => {
  const { id } = await ledger.budgets.create(ownerOf(house), { scope: { kind: 'organisation', id: house.organisationId }, amount: '10000000', period: 'day', alertShares: [50] });
  expect(await ledger.budgets.update(ownerOf(house), id, { alertShares: [] })).toMatchObject({ amount: '10000000', alertShares: [] });
  await spend(6n);
  await posted('6000000');
  expect(await alerts.tellDue()).toBe(0);
});

test('at the turn of the month the old one is told of until all that was admitted in it is posted, and the new one by itself', async () => {
  await ledger.budgets.create(ownerOf(house), { scope: { kind: 'project', id: house.projectId }, amount: '100000000', period: 'month', alertShares: [50, 80] });
  await spend(60n);
  await posted('60000000');
  const { rows: [window] } = await sql<{ start: Date; next: Date }>`select window_start as start, window_start + interval '1 month' as next from budget_windows`.execute(house.database.unscoped('test'));
  const { start, next } = window!;
  const clock = new ManualClock(next.getTime());
  const turned = openAlerts(house, clock);
  const seen = () => turned.told.map(({ data }) => [data['windowStart'], data['share']]);
  expect(await turned.alerts.tellDue()).toBe(1);
  await sql`insert into budget_windows select (jsonb_populate_record(w, jsonb_build_object('window_start', ${next}::timestamptz))).* from budget_windows w`.execute(house.database.unscoped('test'));
  expect(await turned.alerts.tellDue()).toBe(1);
  // A reply may take as long as its deadline lets it, and counts in the window of its admission.
  await sql`update budget_windows set spent = 85000000 where window_start = ${start}`.execute(house.database.unscoped('test'));
  clock.advance(35 * 60_000);
  expect(await turned.alerts.tellDue()).toBe(1);
  expect(seen()).toEqual([[start.toISOString(), 50], [next.toISOString(), 50], [start.toISOString(), 80]]);
  expect(await turned.alerts.tellDue()).toBe(0);
});
