import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isTandemError, systemClock } from '../base/index.ts';
import { realFiles, type LogFiles } from './log/files.ts';
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

test('connections that break under load cost no call and no picodollar', async () => {
  await house.addBudget(10n ** 15n);
  const ledger = await house.ledger();
  let charged = 0n;
  let going = true;
  const breaking = (async () => {
    const executor = house.database.unscoped('a test breaks connections');
    for (let round = 0; round < 12; round += 1) {
      await systemClock.sleep(40);
      // The house's own pool looks on from outside: it is spared.
      await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
        and application_name = 'tandem' and random() < 0.6`.execute(executor).catch(() => {});
    }
    going = false;
  })();
  await Promise.all(Array.from({ length: 20 }, async () => {
    while (going) {
      try {
        const hold = await ledger.admit(admissionOf(house, 1_000n, 1_000n));
        const { charge } = await hold.settle(endOf(700n, 300n));
        charged += charge;
      } catch (error) {
        if (!isTandemError(error, 'ledger_unavailable')) throw error;
        // The budget could not be checked at that moment: said so, and asked again.
      }
      await new Promise(setImmediate);
    }
  }));
  await breaking;
  expect(charged).toBeGreaterThan(0n);
  await ledger.stop();
  const books = await booksOf(house.database);
  expect(books).toMatchObject({ rolled: charged, holds: 0, slices: 0n });
  expect(books.windows).toEqual([{ amount: 10n ** 15n, spent: charged, leased: 0n }]);
}, 60_000);

test('out of touch with Postgres for more than 5 s it refuses', async () => {
  const database = await house.openDatabase();
  let staleMs = 0;
  const ledger = await house.ledger({ database: { ...database, staleForMs: () => staleMs } });
  await (await ledger.admit(admissionOf(house, 1n, 1n))).release(endOf(0n, 0n, 'failed'));
  staleMs = 5_001;
  await expect(ledger.admit(admissionOf(house, 1n, 1n))).rejects.toSatisfy((error) => isTandemError(error, 'database_stale'));
});

test('while its disk refuses it answers 503 with the reason, and then goes on', async () => {
  let full = false;
  const files: LogFiles = {
    ...realFiles,
    write(fd, buffer, length, position) {
      if (full) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      realFiles.write(fd, buffer, length, position);
    },
  };
  const ledger = await house.ledger({ files });
  const running = await ledger.admit(admissionOf(house, 1n, 1n));
  full = true;
  await expect(ledger.admit(admissionOf(house, 1n, 1n))).rejects.toSatisfy((error) => isTandemError(error, 'ledger_unavailable') && error.message.includes('disk'));
  expect(ledger.status().refusing).toContain('full');
  const ending = running.settle(endOf(1n, 1n));
  full = false;
  await ending;
  await expect.poll(() => ledger.status().refusing).toBeNull();
  await (await ledger.admit(admissionOf(house, 1n, 1n))).settle(endOf(1n, 1n));
  await ledger.stop();
  expect((await booksOf(house.database)).events).toHaveLength(2);
  await expect(ledger.admit(admissionOf(house, 1n, 1n))).rejects.toSatisfy((error) => isTandemError(error, 'shutting_down'));
});
