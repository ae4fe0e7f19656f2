import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GatewayProcess, type Fallback } from './testing/gateway-process.ts';
import { booksOf, openPathHouse, ownerOf, setBudget, type PathHouse } from './testing/path.ts';

let house: PathHouse;
let gateways: GatewayProcess[];
beforeEach(async () => {
  house = await openPathHouse();
  gateways = [];
});
afterEach(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await house.close();
});

async function open(home = house.newHome()): Promise<GatewayProcess> {
  const gateway = new GatewayProcess(house, { home });
  gateways.push(gateway);
  await gateway.ready;
  return gateway;
}

/** In picodollars: what a call with one input token and `output` output tokens holds. */
const holdOf = (output: bigint) => 1_000_000n + 2_000_000n * output;
const refused = { refused: 'budget_exceeded' };

/** A target of a call's plan: the most that it could use there, how much of it it did, and whether it failed. What it spent for nothing may be known or not. */
const target = fc.record({
  input: fc.bigInt({ min: 1n, max: 400n }), output: fc.bigInt({ min: 1n, max: 400n }), usedOf100: fc.tuple(fc.nat({ max: 100 }), fc.nat({ max: 100 })), fails: fc.boolean(), known: fc.boolean(),
});
const plan = fc.array(target, { minLength: 1, maxLength: 4 });

/** How a plan goes: held for the dearest target, whichever answers; the first that does not fail does. */
function went(targets: readonly (typeof target extends fc.Arbitrary<infer T> ? T : never)[]): { input: bigint; output: bigint; used: bigint; charged: { input: bigint; output: bigint } | null; fallback: Fallback } {
  const most = (pick: (one: (typeof targets)[number]) => bigint) => targets.map(pick).reduce((a, b) => (a > b ? a : b));
  const usedOf = ({ input, output, usedOf100: [a, b] }: (typeof targets)[number]) => ({ input: (input * BigInt(a)) / 100n, output: (output * BigInt(b)) / 100n });
  const at = targets.findIndex(({ fails }) => !fails);
  const charged = at === -1 ? null : usedOf(targets[at]!);
  const failed = targets.slice(0, at === -1 ? targets.length - 1 : at).map((one) => ({ input: Number(usedOf(one).input), output: Number(usedOf(one).output), known: one.known }));
  return { input: most((one) => one.input), output: most((one) => one.output), used: charged?.output ?? 0n, charged, fallback: { failed, answered: charged === null ? null : Number(charged.input) } };
}

test('two processes share a budget: never above it, and no refusal while an unused slice of the other would cover the call', async () => {
  let amount = 0n;
  let served = 0n;
  let [refusals, covered] = [0, 0];
  const budgetId = await house.addBudget(0n);
  const [one, other] = [await open(), await open()];
  const both = [one, other] as const;
  await fc.assert(fc.asyncProperty(
    fc.bigInt({ min: 50n, max: 600n }), fc.constantFrom(0, 1),
    fc.array(fc.record({ at: fc.constantFrom(0, 1), output: fc.bigInt({ min: 1n, max: 40n }), used: fc.nat({ max: 100 }) }), { minLength: 20, maxLength: 60 }),
    async (more, last, calls) => {
      amount += more * 1_000_000n;
      await setBudget(house.database, budgetId, amount);
      const results = await Promise.all(calls.map(async ({ at, output, used }) => ({ output, result: await both[at]!.call(1n, output, (output * BigInt(used)) / 100n) })));
      for (const { result } of results) {
        if ('charge' in result) served += result.charge;
        else expect(result).toEqual(refused);
      }
      refusals += results.filter(({ result }) => 'refused' in result).length;
      expect(served).toBeLessThanOrEqual(amount);
      // Nothing runs now, and whatever is left lies in slices of both: the dearest call that the rest covers is served by either.
      const fits = (amount - served - 1_000_000n) / 2_000_000n;
      if (fits < 1n) return;
      const result = await both[last]!.call(1n, fits, fits);
      expect(result).toEqual({ charge: holdOf(fits) });
      served += holdOf(fits);
      covered += 1;
      // What is left now is less than two output tokens: one call more is one too many, everywhere.
      for (const gateway of both) expect(await gateway.call(1n, 2n, 0n)).toEqual(refused);
    },
  ), { numRuns: 12, endOnFailure: true });
  expect({ refusals: refusals > 0, covered: covered > 0 }).toEqual({ refusals: true, covered: true });
  await Promise.all(both.map((gateway) => gateway.stop()));
  const books = await booksOf(house.database);
  expect(books.windows).toEqual([{ amount, spent: served, leased: 0n }]);
  expect(books).toMatchObject({ rolled: served, holds: 0, slices: 0n });
}, 120_000);

test('1,000 parallel calls on the last cent, by random prices, sizes and fallbacks, on two processes: overshoot 0, and the last picodollar can be had', async () => {
  const cent = 10n ** 10n;
  const prices = fc.sample(fc.tuple(fc.bigInt({ min: 1n, max: 3_000_000n }), fc.bigInt({ min: 1n, max: 9_000_000n })), 8);
  for (const [index, [input, output]] of prices.entries()) await house.addPrice(`random/${index}`, input, output);
  await house.addPrice('random/one', 1n, 1n);
  await house.addBudget(cent);
  const both = [await open(), await open()] as const;
  const calls = fc.sample(fc.record({ model: fc.nat({ max: prices.length - 1 }), plan }), 1_000).map(({ model, plan: targets }) => ({ model, ...went(targets) }));
  const results = await Promise.all(calls.map(({ model, input, output, used, fallback }, index) => both[index % 2]!.call(input, output, used, { resource: `random/${model}`, fallback })));
  let served = 0n;
  for (const [index, result] of results.entries()) {
    if ('refused' in result) {
      expect(result).toEqual(refused);
      continue;
    }
    // What the target used that answered, at the caller's price; nothing where none did, whatever the attempts cost.
    const { model, charged } = calls[index]!;
    const [input, output] = prices[model]!;
    expect(result.charge).toBe(charged === null ? 0n : charged.input * input + charged.output * output);
    served += result.charge;
  }
  expect(results.some((result) => 'refused' in result)).toBe(true);
  expect(served).toBeLessThanOrEqual(cent);
  // What is left lies in slices of both, and either serves a call for all of it.
  if (served < cent) expect(await both[1].call(cent - served, 0n, 0n, { resource: 'random/one' })).toEqual({ charge: cent - served });
  for (const gateway of both) expect(await gateway.call(1n, 0n, 0n, { resource: 'random/one' })).toEqual(refused);
  await Promise.all(both.map((gateway) => gateway.stop()));
  expect((await booksOf(house.database)).windows).toEqual([{ amount: cent, spent: cent, leased: 0n }]);
  const ledger = await house.ledger();
  expect(await ledger.bill.verify(ownerOf(house))).toMatchObject({ ok: true, difference: '0', firstFault: null });
}, 120_000);

test('the slice of a killed process comes back when its log is posted, and not before', async () => {
  const budget = holdOf(10n) * 100n;
  await house.addBudget(budget);
  const home = house.newHome();
  const [dies, lives] = [await open(home), await open()];
  // Its calls went from target to target: the second was answered by the last one, the third by none.
  const failed = [{ input: 1, output: 3, known: true }, { input: 0, output: 0, known: false }];
  const served = [await dies.call(1n, 10n, 10n), await dies.call(1n, 10n, 4n, { fallback: { failed, answered: 1 } }), await dies.call(1n, 10n, 0n, { fallback: { failed, answered: null } })];
  expect(served).toEqual([{ charge: holdOf(10n) }, { charge: holdOf(4n) }, { charge: 0n }]);
  await dies.killBoth();
  const { leased, spent } = (await booksOf(house.database)).windows[0]!;
  expect(leased).toBeGreaterThan(0n);

  // All that is neither spent nor leased can be had; the slice of the dead cannot, although most of it was never used.
  const rest = (budget - spent - leased - 1_000_000n) / 2_000_000n;
  expect(await lives.call(1n, rest, 0n)).toEqual({ charge: 1_000_000n });
  const all = (budget - holdOf(10n) - holdOf(4n) - 1_000_000n - 1_000_000n) / 2_000_000n;
  expect(await lives.call(1n, all, 0n)).toEqual(refused);

  // The next start of its home posts the log before it serves.
  const again = await open(home);
  expect(await lives.call(1n, all, all)).toEqual({ charge: holdOf(all) });
  await Promise.all([again.stop(), lives.stop()]);
  const books = await booksOf(house.database);
  expect(books.events).toHaveLength(5);
  expect(books.windows[0]).toMatchObject({ leased: 0n, spent: books.rolled });
  expect(books.rolled).toBeLessThanOrEqual(budget);
  const ledger = await house.ledger();
  expect(await ledger.bill.verify(ownerOf(house))).toMatchObject({ ok: true, difference: '0', firstFault: null, lostToCrashes: { calls: '0' } });
}, 60_000);
