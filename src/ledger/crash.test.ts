import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../base/index.ts';
import { GatewayProcess } from './testing/gateway-process.ts';
import { admissionOf, booksOf, endOf, openPathHouse, ownerOf, type PathHouse } from './testing/path.ts';

let house: PathHouse;
beforeEach(async () => {
  house = await openPathHouse();
});
afterEach(() => house.close());

/** Runs a gateway until it has acknowledged so many calls, then kills it; returns what it acknowledged. */
async function runAndKill(home: string, calls: number): Promise<ReadonlyMap<string, bigint>> {
  const gateway = new GatewayProcess(house, { home, load: { atOnce: 8, calls: 1_000_000 } }, (count, one) => {
    if (count === calls) one.signal('SIGKILL');
  });
  await gateway.ended();
  return gateway.acknowledged;
}

test('each call whose end was acknowledged is billed exactly once, however often the process is killed', async () => {
  await house.addBudget(10n ** 18n);
  const home = house.newHome();
  const acknowledged = new Map<string, bigint>();
  for (let round = 0; round < 4; round += 1) {
    for (const [id, charge] of await runAndKill(home, 1 + Math.floor(Math.random() * 300))) acknowledged.set(id, charge);
  }
  // The next start ends what the killed ones left.
  const ledger = await house.ledger({ home });
  const verification = await ledger.bill.verify(ownerOf(house));
  expect(verification).toMatchObject({ ok: true, difference: '0', firstFault: null });
  await ledger.stop();

  const books = await booksOf(house.database);
  const billed = new Map(books.events.map((event) => [event.id, event]));
  expect(billed.size).toBe(books.events.length);
  for (const [id, charge] of acknowledged) expect(billed.get(id), id).toMatchObject({ charge: String(charge), outcome: 'completed' });
  const total = books.events.reduce((sum, event) => sum + BigInt(event.charge), 0n);
  expect(books).toMatchObject({ rolled: total, holds: 0, slices: 0n });
  expect(books.windows).toEqual([{ amount: 10n ** 18n, spent: total, leased: 0n }]);
  const epochs = await house.database.unscoped('test').selectFrom('epochs').selectAll().where('kind', '=', 'log').execute();
  expect(epochs.every((epoch) => epoch.closed_at !== null && epoch.charge_mismatches === '0')).toBe(true);
  // At most the calls in flight at each kill left no trace of what they used.
  expect(epochs.reduce((sum, epoch) => sum + Number(epoch.lost_calls), 0)).toBeLessThanOrEqual(4 * 8);
}, 120_000);

test('a cut stream is charged for what its progress shows, one without progress is counted', async () => {
  await house.addBudget(10n ** 12n);
  const home = house.newHome();
  const ledger = await house.ledger({ home });
  const streaming = await ledger.admit(admissionOf(house, 100n, 500n));
  const silent = await ledger.admit(admissionOf(house, 100n, 500n));
  streaming.progress({ input: 100n, output: 1n });
  streaming.progress({ input: 100n, output: 70n });
  streaming.progress({ input: 100n, output: 71n });
  await ledger.stop(0);

  const books = await booksOf(house.database);
  expect(books.events).toEqual([{ id: streaming.id, charge: '240000000', outcome: 'cut' }]);
  expect(books.windows).toEqual([{ amount: 10n ** 12n, spent: 240_000_000n, leased: 0n }]);
  expect(books).toMatchObject({ holds: 0, slices: 0n });
  const epoch = await house.database.unscoped('test').selectFrom('epochs').select(['lost_calls', 'lost_held']).where('id', '=', ledger.epochId).executeTakeFirstOrThrow();
  expect(epoch).toEqual({ lost_calls: '1', lost_held: String(silent.amount) });
});

test('a poster killed again and again posts everything once', async () => {
  await house.addBudget(10n ** 18n);
  const ledger = await house.ledger();
  let total = 0n;
  for (let round = 0; round < 5; round += 1) {
    await Promise.all(Array.from({ length: 200 }, async () => {
      const hold = await ledger.admit(admissionOf(house, 10n, 10n));
      const { charge } = await hold.settle(endOf(10n, 5n));
      total += charge;
    }));
    await systemClock.sleep(Math.random() * 150);
    for (let pid = ledger.status().poster.pid; pid === null || !process.kill(pid, 'SIGKILL'); pid = ledger.status().poster.pid) await systemClock.sleep(10);
    while (ledger.status().poster.restarts <= round) await systemClock.sleep(10);
  }
  await ledger.stop();
  const books = await booksOf(house.database);
  expect(books.events).toHaveLength(1_000);
  expect(books).toMatchObject({ rolled: total, holds: 0, slices: 0n });
  expect(books.windows[0]).toMatchObject({ spent: total, leased: 0n });
  expect(await ledger.bill.verify(ownerOf(house))).toMatchObject({ ok: true, firstFault: null });
}, 90_000);
