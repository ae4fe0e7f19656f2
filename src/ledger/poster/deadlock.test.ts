import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { admissionOf, booksOf, endOf, openPathHouse } from '../testing/path.ts';

/** Postgres ends one of two transactions that wait for each other by this code; the sequence counts on when they are undone. */
const VICTIM = sql`
  create sequence deadlocks;
  create function fail_some() returns trigger language plpgsql as $$ begin
    if nextval('deadlocks') <= 3 then raise exception 'deadlock detected' using errcode = '40P01'; end if;
    return null;
  end $$;
  create trigger fail_some after insert on usage_events for each statement execute function fail_some();`;

test('a poster that Postgres picks as the victim of deadlocks loses no spend and counts none twice (C11, litellm 34887)', async () => {
  const house = await openPathHouse();
  const budget = 10n ** 15n;
  await house.addBudget(budget);
  const executor = house.database.unscoped('a test plays the deadlocks');
  await VICTIM.execute(executor);
  const ledger = await house.ledger();
  let charged = 0n;
  for (let call = 0; call < 40; call += 1) {
    const hold = await ledger.admit(admissionOf(house, 100n, 50n));
    charged += (await hold.settle(endOf(100n, BigInt(call)))).charge;
  }
  await ledger.stop();
  const { rows } = await sql<{ tried: string }>`select last_value as tried from deadlocks`.execute(executor);
  expect(Number(rows[0]!.tried)).toBeGreaterThan(3);
  const books = await booksOf(house.database);
  expect(books.events).toHaveLength(40);
  expect(books).toMatchObject({ rolled: charged, holds: 0, slices: 0n });
  expect(books.windows).toEqual([{ amount: budget, spent: charged, leased: 0n }]);
  await house.close();
}, 60_000);
