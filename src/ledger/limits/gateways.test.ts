import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GatewayProcess, type CallResult } from '../testing/gateway-process.ts';
import type { Ledger } from '../ledger.ts';
import { openPathHouse, ownerOf, type PathHouse } from '../testing/path.ts';
import { MINUTE_MS, type Metric } from './limit.ts';

let house: PathHouse;
let ledger: Ledger;
let gateways: GatewayProcess[];
beforeEach(async () => {
  house = await openPathHouse();
  // Where limits are set: a third process that serves no calls.
  ledger = await house.ledger();
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

const limit = (metric: Metric, amount: number, subject: { kind: 'user'; name: null } | null = null) =>
  ledger.limits.create(ownerOf(house), { scope: { kind: 'project', id: house.projectId }, subject, metric, amount });
const startMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
/** Calls say when they were admitted, so a test stands in one minute however long it takes. */
const minute = (number: number) => ({ admittedAtMs: startMs + number * MINUTE_MS });
const charged = (results: readonly CallResult[]) => results.filter((result) => 'charge' in result).length;
const reached = { refused: 'limit_reached' };

test('C4: two processes do not make twice the cap: of 1,000 calls on both, exactly as many as the limit are served in each minute', async () => {
  await limit('requests', 237);
  const both = [await open(), await open()] as const;
  for (let round = 0; round < 3; round += 1) {
    const results = await Promise.all(Array.from({ length: 1_000 }, (_, index) => both[index % 2]!.call(1n, 1n, 1n, minute(round))));
    expect(charged(results)).toBe(237);
    expect(results.filter((result) => 'refused' in result && result.refused !== 'limit_reached')).toEqual([]);
  }
}, 120_000);

test('tokens a minute: never above the limit, and no refusal while an unused slice of the other would cover the call', async () => {
  const amount = 5_000n;
  await limit('tokens', Number(amount));
  const both = [await open(), await open()] as const;
  let round = 0;
  let covered = 0;
  await fc.assert(fc.asyncProperty(
    fc.constantFrom(0, 1), fc.array(fc.record({ at: fc.constantFrom(0, 1), output: fc.bigInt({ min: 1n, max: 400n }), used: fc.nat({ max: 100 }) }), { minLength: 60, maxLength: 200 }),
    async (last, calls) => {
      round += 1;
      const results = await Promise.all(calls.map(async ({ at, output, used }) => {
        const spent = (output * BigInt(used)) / 100n;
        const result = await both[at]!.call(1n, output, spent, minute(round));
        return 'charge' in result ? 1n + spent : 0n;
      }));
      const used = results.reduce((sum, tokens) => sum + tokens, 0n);
      expect(used).toBeLessThanOrEqual(amount);
      // Nothing runs now: all that is left of the minute can be had at either, to the last token.
      const rest = amount - used - 1n;
      if (rest < 0n) return;
      expect(await both[last]!.call(1n, rest, rest, minute(round))).toMatchObject({ charge: expect.any(BigInt) });
      covered += 1;
      for (const gateway of both) expect(await gateway.call(1n, 0n, 0n, minute(round))).toEqual(reached);
    },
  ), { numRuns: 10, endOnFailure: true });
  expect(covered).toBeGreaterThan(0);
}, 120_000);

test('parallel calls are those of all processes together, and places that get free in one are had by the other', async () => {
  await limit('parallel', 60);
  const [one, other] = [await open(), await open()];
  const many = (gateway: GatewayProcess, count: number) => Promise.all(Array.from({ length: count }, () => gateway.call(1n, 1n, 1n, { keep: true })));
  const [first, second] = await Promise.all([many(one, 500), many(other, 500)]);
  expect(charged(first) + charged(second)).toBe(60);
  expect(charged(await many(other, 20))).toBe(0);
  await one.endKept();
  expect(charged(await many(other, 100))).toBe(charged(first));
  await other.endKept();
  expect(charged(await many(one, 100))).toBe(60);
}, 120_000);

test('the places of a killed process come back when its log is posted, and what it used of its minute stays used', async () => {
  await limit('parallel', 10);
  await limit('requests', 100);
  const home = house.newHome();
  const [dies, lives] = [await open(home), await open()];
  const keep = (gateway: GatewayProcess) => Promise.all(Array.from({ length: 12 }, () => gateway.call(1n, 1n, 1n, { keep: true, ...minute(0) })));
  expect(charged(await keep(dies))).toBe(10);
  await dies.killBoth();
  expect(charged(await keep(lives))).toBe(0);
  await open(home);
  expect(charged(await keep(lives))).toBe(10);
  await lives.endKept();
  // A hundred less the ten of the dead, the ten of the living, and what the dead had leased beyond: never more.
  const rest = await Promise.all(Array.from({ length: 100 }, async () => {
    const result = await lives.call(1n, 1n, 1n, { keep: true, ...minute(0) });
    await lives.endKept();
    return result;
  }));
  expect(charged(rest)).toBeLessThanOrEqual(80);
}, 120_000);

test('each user is counted over all processes, and a change binds in all of them within a second', async () => {
  const { id } = await limit('requests', 5, { kind: 'user', name: null });
  const both = [await open(), await open()] as const;
  const calls = (user: string, count: number) => Promise.all(Array.from({ length: count }, (_, index) => both[index % 2]!.call(1n, 1n, 1n, { user, ...minute(0) })));
  expect((await Promise.all(Array.from({ length: 20 }, (_, user) => calls(`u-${user}`, 12)))).map(charged)).toEqual(Array.from({ length: 20 }, () => 5));
  await ledger.limits.update(ownerOf(house), id, { amount: 8 });
  await expect.poll(async () => charged(await calls('u-0', 2)), { timeout: 1_000, interval: 20 }).toBeGreaterThan(0);
  await calls('u-0', 12);
  expect(charged(await calls('u-0', 4))).toBe(0);
  await ledger.limits.remove(ownerOf(house), id);
  await expect.poll(async () => charged(await calls('u-1', 40)), { timeout: 1_000, interval: 20 }).toBe(40);
}, 120_000);
