import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isTandemError } from '../../base/index.ts';
import { admissionOf, booksOf, endAfter, endOf, openPathHouse, ownerOf, setBudget, type PathHouse } from '../testing/path.ts';
import { hearStatements } from '../testing/statements.ts';
import type { Ledger } from '../ledger.ts';

let house: PathHouse;
beforeEach(async () => {
  house = await openPathHouse();
});
afterEach(() => house.close());

/** In picodollars: what a call with one input token and `output` output tokens holds. */
const holdOf = (output: bigint) => 1_000_000n + 2_000_000n * output;

test('a slice that lies idle in another process is called back before a call is refused', async () => {
  await house.addBudget(holdOf(1n) * 40n);
  const [one, other] = [await house.ledger(), await house.ledger()];
  const first = await one.admit(admissionOf(house, 1n, 1n));
  await first.settle(endOf(1n, 1n));
  // The first process has leased more than it used; the other can still spend all the rest.
  const holds = await Promise.all(Array.from({ length: 39 }, () => other.admit(admissionOf(house, 1n, 1n))));
  await expect(one.admit(admissionOf(house, 1n, 1n))).rejects.toSatisfy((error) => isTandemError(error, 'budget_exceeded'));
  await Promise.all(holds.map((hold) => hold.settle(endOf(1n, 1n))));
  await Promise.all([one.stop(), other.stop()]);
  expect((await booksOf(house.database)).windows).toEqual([{ amount: holdOf(1n) * 40n, spent: holdOf(1n) * 40n, leased: 0n }]);
}, 60_000);

test('two processes and random calls: never above the budget, and no refusal while what is left would cover it', async () => {
  let amount = 0n;
  let served = 0n;
  const budgetId = await house.addBudget(0n);
  const ledgers = [await house.ledger(), await house.ledger()] as const;
  await fc.assert(fc.asyncProperty(
    fc.bigInt({ min: 50n, max: 400n }), fc.array(fc.record({ at: fc.constantFrom(0, 1), output: fc.bigInt({ min: 1n, max: 40n }), used: fc.nat({ max: 100 }) }), { minLength: 20, maxLength: 60 }),
    async (more, calls) => {
      amount += more * 1_000_000n;
      await setBudget(house.database, budgetId, amount);
      const results = await Promise.all(calls.map(async ({ at, output, used }) => {
        try {
          const hold = await ledgers[at].admit(admissionOf(house, 1n, output));
          const { charge } = await hold.settle(endOf(1n, (output * BigInt(used)) / 100n));
          served += charge;
          return null;
        } catch (error) {
          if (!isTandemError(error, 'budget_exceeded')) throw error;
          return output;
        }
      }));
      expect(served).toBeLessThanOrEqual(amount);
      // Nothing runs now: what was refused although it fits into the rest is served when it is asked again.
      const fits = results.filter((output): output is bigint => output !== null).find((output) => holdOf(output) <= amount - served);
      if (fits === undefined) return;
      const hold = await ledgers[0].admit(admissionOf(house, 1n, fits));
      served += (await hold.settle(endOf(1n, fits))).charge;
      // And one that is a picodollar too dear is not.
      const left = amount - served;
      await expect(ledgers[1].admit(admissionOf(house, left / 1_000_000n + 1n, 0n))).rejects.toSatisfy((error) => isTandemError(error, 'budget_exceeded'));
    },
  ), { numRuns: 12 });
  await Promise.all(ledgers.map((ledger: Ledger) => ledger.stop()));
  const books = await booksOf(house.database);
  expect(books.windows).toEqual([{ amount, spent: served, leased: 0n }]);
  expect(books).toMatchObject({ rolled: served, holds: 0, slices: 0n });
}, 120_000);

test('10,000 calls, many of them with attempts that failed, run no SQL in this process but a few refills (C12)', async () => {
  await house.addBudget(10n ** 18n);
  await house.addBudget(10n ** 18n, { kind: 'project', id: house.projectId });
  const database = await house.openDatabase();
  const statements = hearStatements(database);
  const ledger = await house.ledger({ database });
  const before = statements.length;
  const refills = ledger.status().slices.refills;
  for (let round = 0; round < 100; round += 1) {
    await Promise.all(Array.from({ length: 100 }, async (_, index) => {
      const hold = await ledger.admit(admissionOf(house, 1n, 2n));
      const failed = Array.from({ length: (index + round) % 4 }, (__, at) => ({ input: 1, output: at, known: at % 2 === 0 }));
      if (index % 10 === 0) await hold.release(endAfter({ failed, answered: null }, 0n));
      else await hold.settle(endAfter({ failed, answered: 1 }, 1n));
    }));
  }
  const ran = statements.slice(before);
  expect(ran.every((text) => text.includes('budget_windows'))).toBe(true);
  expect(ledger.status().slices.refills - refills).toBeLessThan(200);
  expect(ran.length).toBeLessThan(210);
}, 60_000);

test('with limits on requests, tokens and parallel calls too, 10,000 calls run no SQL in this process but refills', async () => {
  await house.addBudget(10n ** 18n);
  const database = await house.openDatabase();
  const statements = hearStatements(database);
  const ledger = await house.ledger({ database });
  for (const [metric, amount, subject] of [['requests', 1_000_000, null], ['tokens', 10_000_000, { kind: 'model', name: null }], ['parallel', 5_000, null], ['requests', 100_000, { kind: 'user', name: null }]] as const) {
    await ledger.limits.create(ownerOf(house), { scope: { kind: 'organisation', id: house.organisationId }, subject, metric, amount });
  }
  const before = statements.length;
  for (let round = 0; round < 100; round += 1) {
    await Promise.all(Array.from({ length: 100 }, async () => {
      const hold = await ledger.admit({ ...admissionOf(house, 1n, 2n), user: 'ada' });
      await hold.settle(endOf(1n, 1n));
    }));
  }
  const ran = statements.slice(before);
  // This process hears of its own changes too, and reads the limits once more for each.
  const others = ran.filter((text) => !/budget_windows|limit_windows|from limits where removed_at is null/.test(text));
  expect(others).toEqual([]);
  expect(ran.length).toBeLessThan(500);
  expect(ledger.status().limits.refills).toBeLessThan(400);
}, 60_000);

test('lowered below what is spent a budget refuses everywhere; removed it limits nothing', async () => {
  const budgetId = await house.addBudget(10n ** 12n);
  const [one, other] = [await house.ledger(), await house.ledger()];
  for (const ledger of [one, other]) await (await ledger.admit(admissionOf(house, 10n, 10n))).settle(endOf(10n, 10n));
  const principal = ownerOf(house);
  await one.budgets.update(principal, budgetId, { amount: '1' });
  await expect(one.admit(admissionOf(house, 1n, 1n))).rejects.toSatisfy((error) => isTandemError(error, 'budget_exceeded'));
  await refusedSoon(other);
  await other.budgets.remove(principal, budgetId);
  await (await other.admit(admissionOf(house, 10n ** 9n, 1n))).release(endOf(0n, 0n, 'failed'));
  await admittedSoon(one);
}, 30_000);

/** Within the second that a change may take to reach every process. */
async function refusedSoon(ledger: Ledger): Promise<void> {
  for (const endMs = Date.now() + 1_000; Date.now() < endMs;) {
    const hold = await ledger.admit(admissionOf(house, 1n, 1n)).catch(() => null);
    if (hold === null) return;
    await hold.release(endOf(0n, 0n, 'failed'));
  }
  throw new Error('the change did not reach the other process');
}

async function admittedSoon(ledger: Ledger): Promise<void> {
  for (const endMs = Date.now() + 1_000; Date.now() < endMs;) {
    const hold = await ledger.admit(admissionOf(house, 10n ** 9n, 1n)).catch(() => null);
    if (hold !== null) return hold.release(endOf(0n, 0n, 'failed'));
  }
  throw new Error('the change did not reach the other process');
}
