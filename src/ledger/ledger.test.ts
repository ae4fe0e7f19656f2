import { afterEach, beforeEach, expect, test } from 'vitest';
import { isTandemError } from '../base/index.ts';
import { admissionOf, booksOf, endOf, openPathHouse, type PathHouse } from './testing/path.ts';

let house: PathHouse;
beforeEach(async () => {
  house = await openPathHouse();
});
afterEach(() => house.close());

test('a call is held, settled, posted and on the books when the ledger stops', async () => {
  const ledger = await house.ledger();
  const hold = await ledger.admit(admissionOf(house, 100n, 50n));
  expect(hold.amount).toBe(200_000_000n);
  const { charge, lines } = await hold.settle(endOf(100n, 20n));
  expect(charge).toBe(140_000_000n);
  expect(lines.map((line) => line.amount)).toEqual([100_000_000n, 40_000_000n]);
  await expect(hold.settle(endOf(1n, 1n))).rejects.toThrow('ended already');
  await expect(hold.release(endOf(0n, 0n))).rejects.toThrow('ended already');
  await ledger.stop();

  const books = await booksOf(house.database);
  expect(books.events).toEqual([{ id: hold.id, charge: '140000000', outcome: 'completed' }]);
  expect(books).toMatchObject({ rolled: 140_000_000n, holds: 0, slices: 0n });
});

test('a budget that has one call left serves one of 1,000 parallel calls', async () => {
  await house.addBudget(200_000_000n);
  const ledger = await house.ledger();
  const results = await Promise.allSettled(Array.from({ length: 1_000 }, () => ledger.admit(admissionOf(house, 100n, 50n))));
  const served = results.filter((result) => result.status === 'fulfilled');
  const refused = results.filter((result) => result.status === 'rejected');
  expect(served).toHaveLength(1);
  expect(refused.every((result) => isTandemError(result.reason, 'budget_exceeded'))).toBe(true);
  expect(refused[0]!.reason.facts).toMatchObject({ scope: 'organisation', name: 'Acme', amount: '200000000', spent: '0', left: '0', largestCap: null });
  await served[0]!.value.settle(endOf(100n, 50n));
  await ledger.stop();
  const books = await booksOf(house.database);
  expect(books.windows).toEqual([{ amount: 200_000_000n, spent: 200_000_000n, leased: 0n }]);
  expect(books).toMatchObject({ holds: 0, slices: 0n });
});
