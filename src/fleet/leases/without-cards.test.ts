import { afterEach, beforeEach, expect, it } from 'vitest';
import { newId } from '../../base/index.ts';
import { newLease, openLeaseHouse, type LeaseHouse } from '../testing/lease-house.ts';
import { noteWithoutCards } from './without-cards.ts';

const MINUTE = 60_000;
let house: LeaseHouse;
beforeEach(async () => {
  house = await openLeaseHouse();
});
afterEach(() => house[Symbol.asyncDispose]());

it('a lease is not asked for minutes in which a card of its own was broken, as its machine says', async () => {
  const { database } = house.context;
  const { id } = await house.leases.create(house.admin, newLease());
  await house.pass(1_000);
  await house.pass(10 * MINUTE, MINUTE);
  await noteWithoutCards(database, 'b', [id]);
  await noteWithoutCards(database, 'a', [newId()]);
  await house.pass(MINUTE, MINUTE);
  expect((await house.leases.show(house.admin, id)).lease.minutes.outOfReach, 'another machine\'s word counts for nothing, nor that of others').toBe(0);
  await noteWithoutCards(database, 'a', [newId(), id]);
  await house.pass(20 * MINUTE, MINUTE);
  await noteWithoutCards(database, 'a', [id]);
  await noteWithoutCards(database, 'a', []);
  await house.pass(10 * MINUTE, MINUTE);
  await house.leases.end(house.admin, id);
  await house.pass(2_000);
  const { lease, events } = await house.leases.show(house.admin, id);
  expect(lease.minutes.outOfReach).toBeGreaterThanOrEqual(20);
  expect(lease.minutes.outOfReach).toBeLessThanOrEqual(22);
  expect(events.filter(({ kind }) => kind === 'away' || kind === 'back').map(({ detail }) => detail).reverse()).toEqual(['a card is broken or gone: these minutes are not paid', 'its machines are in reach again, and its cards work']);
  expect(await house.ledger.bill.verify(house.admin)).toMatchObject({ ok: true });
});
