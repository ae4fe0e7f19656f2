import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Principal } from '../../access/index.ts';
import { isTandemError, newId } from '../../base/index.ts';
import type { Ledger } from '../ledger.ts';
import { forgetEpoch, lostEpochs } from '../epochs/operator.ts';
import { admissionOf, booksOf, endOf, openPathHouse, ownerOf, type PathHouse } from '../testing/path.ts';

let house: PathHouse;
let ledger: Ledger;
let principal: Principal;
beforeEach(async () => {
  house = await openPathHouse();
  ledger = await house.ledger();
  principal = ownerOf(house);
});
afterEach(() => house.close());

const exceeded = (error: unknown) => isTandemError(error, 'budget_exceeded');

test('a call is held from key, project and organisation, all or nothing, and the 402 says which was short', async () => {
  const keyId = newId();
  for (const [kind, id, amount] of [['organisation', house.organisationId, '90000000'], ['project', house.projectId, '60000000'], ['key', keyId, '30000000']] as const) {
    await ledger.budgets.create(principal, { scope: { kind, id }, amount, period: 'month' });
  }
  const refusal: unknown = await ledger.admit(admissionOf(house, 1n, 20n, keyId)).catch((error: unknown) => error);
  expect(isTandemError(refusal, 'budget_exceeded') && refusal.facts).toMatchObject({ scope: 'key', scopeId: keyId, amount: '30000000', spent: '0', left: '30000000', largestCap: '14' });
  const hold = await ledger.admit(admissionOf(house, 1n, 14n, keyId));
  await expect(ledger.admit(admissionOf(house, 1n, 1n, keyId))).rejects.toSatisfy(exceeded);
  // The refused calls left nothing behind in the wider budgets.
  const other = await ledger.admit(admissionOf(house, 1n, 14n));
  await expect(ledger.admit(admissionOf(house, 1n, 1n))).rejects.toSatisfy(exceeded);
  await hold.release(endOf(0n, 0n, 'failed'));
  await other.settle(endOf(1n, 14n));
  await ledger.stop();
  const { windows, holds } = await booksOf(house.database);
  expect(windows.map(({ spent, leased }) => ({ spent, leased })).sort((a, b) => Number(a.spent - b.spent))).toEqual([0n, 29_000_000n, 29_000_000n].map((spent) => ({ spent, leased: 0n })));
  expect(holds).toBe(0);
});

test('a rotated key and its successor share one budget', async () => {
  const [keyId, successor] = [newId(), newId()];
  await ledger.budgets.create(principal, { scope: { kind: 'key', id: keyId }, amount: '10000000', period: 'total' });
  await house.database.transaction((tx) => ledger.budgets.carryOver(tx, house.organisationId, keyId, successor));
  await expect.poll(async () => ledger.budgets.limited(house.database.unscoped('test'), ownerOf(house), successor)).toBe(true);
  const hold = await ledger.admit(admissionOf(house, 6n, 0n, keyId));
  await expect.poll(() => ledger.admit(admissionOf(house, 6n, 0n, successor)).then(() => 'served', (error) => (exceeded(error) ? 'refused' : error))).toBe('refused');
  await hold.settle(endOf(6n, 0n));
  const found = await ledger.budgets.ofKeys(house.organisationId, [keyId, successor]);
  expect(found.get(successor)).toEqual(found.get(keyId));
});

test('the prepaid balance is a budget that follows the credits', async () => {
  await house.database.transaction((tx) => ledger.budgets.setPrepaid(tx, house.organisationId, 5_000_000n));
  await expect.poll(() => ledger.admit(admissionOf(house, 6n, 0n)).then(() => 'served', (error) => (exceeded(error) ? 'refused' : error))).toBe('refused');
  await (await ledger.admit(admissionOf(house, 5n, 0n))).settle(endOf(5n, 0n));
  await house.database.transaction((tx) => ledger.budgets.setPrepaid(tx, house.organisationId, 8_000_000n));
  await expect.poll(() => ledger.admit(admissionOf(house, 3n, 0n)).then(() => 'served', () => 'refused')).toBe('served');
  expect((await ledger.budgets.list(principal)).items).toEqual([]);
});

test('what goes beyond the worst case is the operator\'s cost, and is written down', async () => {
  await ledger.budgets.create(principal, { scope: { kind: 'project', id: house.projectId }, amount: '5000000', period: 'day' });
  const hold = await ledger.admit(admissionOf(house, 1n, 2n));
  expect((await hold.settle(endOf(1n, 3n))).charge).toBe(5_000_000n);
  await ledger.stop();
  const event = await house.database.unscoped('test').selectFrom('usage_events').select(['charge', 'attributes', 'quantities']).executeTakeFirstOrThrow();
  expect(event).toMatchObject({ charge: '5000000', quantities: { input: '1', output: '3' }, attributes: { excess: '2000000', hold: '5000000' } });
});

test('an epoch whose disk is gone keeps its slices until an operator forgets it', async () => {
  await ledger.budgets.create(principal, { scope: { kind: 'project', id: house.projectId }, amount: '5000000', period: 'total' });
  const lost = newId();
  const executor = house.database.unscoped('test');
  const lastSeen = new Date(Date.now() - 61_000);
  await executor.insertInto('epochs').values({ id: lost, kind: 'log', host: 'gone', home: newId(), folder: '/gone', pid: 1, started_at: lastSeen, heartbeat_at: lastSeen, chain: Buffer.alloc(32) }).execute();
  const window = await executor.updateTable('budget_windows').set({ leased: 5_000_000n }).returning(['budget_id', 'window_start']).executeTakeFirstOrThrow();
  await executor.insertInto('slices').values({ organisation_id: house.organisationId, ...window, epoch_id: lost, amount: 5_000_000n }).execute();
  await expect(ledger.admit(admissionOf(house, 1n, 1n))).rejects.toSatisfy(exceeded);
  expect(await lostEpochs(house.database, Date.now())).toEqual([{ id: lost, host: 'gone', folder: '/gone', lastSeenAt: lastSeen.toISOString(), openCalls: 0, slices: 1 }]);
  // One that was heard of a moment ago may still write its log, and one beside a living one is posted by that.
  expect(await lostEpochs(house.database, lastSeen.getTime() + 59_000)).toEqual([]);
  await expect(forgetEpoch(house.database, ledger.epochId, Date.now())).rejects.toSatisfy((error) => isTandemError(error, 'gateway_lives'));
  const { home } = await executor.selectFrom('epochs').select('home').where('id', '=', ledger.epochId).executeTakeFirstOrThrow();
  await sql`update epochs set home = ${home} where id = ${lost}`.execute(executor);
  expect(await lostEpochs(house.database, Date.now())).toEqual([]);
  await sql`update epochs set home = ${newId()} where id = ${lost}`.execute(executor);
  await forgetEpoch(house.database, lost, Date.now());
  await (await ledger.admit(admissionOf(house, 1n, 1n))).settle(endOf(1n, 1n));
  await expect(forgetEpoch(house.database, lost, Date.now())).rejects.toSatisfy((error) => isTandemError(error, 'resource_not_found'));
});
