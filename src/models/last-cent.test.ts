import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Principal } from '../access/index.ts';
import type { Ledger } from '../ledger/index.ts';
import { FakeBackend, type SeenRequest } from './testing/fake-backend.ts';
import { GatewayProcess, type CallResult } from './testing/gateway-process.ts';
import { openLedgerHouse, type LedgerHouse } from './testing/ledger-house.ts';
import { COMPLETION } from './testing/openai-fixtures.ts';

const CENT = 10n ** 10n;
const CALLS = 1_000;
const NAMES = ['mix/0', 'mix/1', 'mix/2', 'mix/3', 'mix/4', 'mix/5'];

let house: LedgerHouse;
let ledger: Ledger;
let admin: Principal;
let gateways: GatewayProcess[];
let budgetId: string;
/** The most output that any target of a name gives. */
let most: Readonly<Record<string, number>>;
const backends = [new FakeBackend(), new FakeBackend(), new FakeBackend()];

/** STAND-INS for model servers: now and then they fail, in several ways; else they answer with some of the tokens that they may. */
function answerBy(chance: () => number): (response: ServerResponse, request: SeenRequest) => void {
  return (response, { body }) => {
    const dice = chance();
    if (dice < 20) response.writeHead(503, { 'content-type': 'application/json' }).end('{"error":{"message":"busy"}}');
    else if (dice < 25) response.socket?.destroy();
    else if (dice < 30) response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices": [');
    else {
      const output = Math.floor((Number(body['max_tokens']) * chance()) / 100);
      const usage = { prompt_tokens: 1 + Math.floor(chance() / 10), completion_tokens: output, total_tokens: output + 1 };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ...COMPLETION, usage }));
    }
  };
}

beforeAll(async () => {
  house = await openLedgerHouse();
  const { connection, organisationId, adminKey: key, home } = house;
  // This ledger is for prices and the bill. It admits nothing.
  ({ ledger, admin } = house);
  const price = fc.tuple(fc.bigInt({ min: 200_000n, max: 1_000_000n }), fc.bigInt({ min: 200_000n, max: 2_000_000n }));
  for (const [index, [input, output]] of fc.sample(price, NAMES.length).entries()) {
    await ledger.prices.create(admin, { resource: NAMES[index]!, tier: 'standard', side: 'sell', source: 'a test', buckets: { input: { price: String(input), per: '1' }, output: { price: String(output), per: '1' } } });
  }
  const dice = fc.sample(fc.nat({ max: 99 }), 20_000);
  let thrown = 0;
  const chance = () => dice[(thrown += 1) % dice.length]!;
  const urls = await Promise.all(backends.map((backend) => backend.start()));
  for (const backend of backends) backend.answer = answerBy(chance);
  // Each name leads to some of them, in an order and with bounds of its own: a call is held for the dearest that it could come to.
  const targets = fc.sample(fc.array(fc.record({ backend: fc.constantFrom('gpu-0', 'gpu-1', 'gpu-2'), maxOutputTokens: fc.integer({ min: 20, max: 400 }), order: fc.nat({ max: 3 }) }), { minLength: 2, maxLength: 3 }), NAMES.length);
  most = Object.fromEntries(NAMES.map((name, index) => [name, Math.max(...targets[index]!.map(({ maxOutputTokens }) => maxOutputTokens))]));
  const file = {
    egress: { allow: ['127.0.0.1'] }, backends: urls.map((url, index) => ({ name: `gpu-${index}`, url, models: [] })),
    models: NAMES.map((name, index) => ({ name, goal: 'order', targets: targets[index]!.map((one, at) => ({ ...one, model: `m-${at}` })) })),
  };
  // Before the processes start: a budget is in force everywhere within a second, and what is served before is not held by it.
  budgetId = (await ledger.budgets.create(admin, { scope: { kind: 'organisation', id: organisationId }, amount: String(CENT), period: 'total' })).id;
  const options = { connection, organisationId, file, key };
  gateways = [new GatewayProcess({ ...options, home: join(home, 'one') }), new GatewayProcess({ ...options, home: join(home, 'other') })];
  await Promise.all(gateways.map((gateway) => gateway.ready));
}, 60_000);
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.end()));
  await Promise.all(backends.map((backend) => backend.stop()));
  await house.close();
});

const bodyOf = (name: string, words: number, cap: number) => ({ model: name, messages: [{ role: 'user', content: 'x '.repeat(words) }], max_tokens: cap });
const chargeOf = (result: CallResult) => ('charge' in result ? BigInt(result.charge) : 0n);

test('1,000 calls at once on the last cent, through two processes and over backends that fail: overshoot 0, and what is left can be had from either', async () => {
  const calls = fc.sample(fc.record({ name: fc.constantFrom(...NAMES), words: fc.integer({ min: 1, max: 60 }), share: fc.integer({ min: 1, max: 100 }) }), CALLS);
  const [one, other] = gateways as [GatewayProcess, GatewayProcess];
  const results = await Promise.all(calls.map(({ name, words, share }, index) => (index % 2 === 0 ? one : other).call(bodyOf(name, words, Math.ceil((most[name]! * share) / 100)))));
  let served = results.reduce((sum, result) => sum + chargeOf(result), 0n);
  const codes = Object.groupBy(results, (result) => ('refused' in result ? result.refused : 'served'));
  expect(codes['served']!.length).toBeGreaterThan(0);
  expect(codes['budget_exceeded']!.length).toBeGreaterThan(0);
  // Else only what a call says whose every target failed.
  expect(Object.keys(codes).filter((code) => !['served', 'budget_exceeded', 'backend_failed', 'backend_unreachable', 'no_route', 'backend_busy'].includes(code))).toEqual([]);
  expect(served).toBeLessThanOrEqual(CENT);

  // Nothing runs now. A refusal says the largest output that would fit, and that much is served by the other process.
  for (const backend of backends) backend.answer = answerBy(() => 99);
  for (const [index, name] of NAMES.entries()) {
    const [asked, asking] = index % 2 === 0 ? [one, other] : [other, one];
    const first = await asked.call(bodyOf(name, 1, most[name]!));
    served += chargeOf(first);
    const cap = 'refused' in first ? first.facts['largestCap'] : null;
    if (typeof cap !== 'string') continue;
    const second = await asking.call(bodyOf(name, 1, Number(cap)));
    expect(second).not.toMatchObject({ refused: 'budget_exceeded' });
    served += chargeOf(second);
  }
  expect(served).toBeLessThanOrEqual(CENT);

  await Promise.all(gateways.map((gateway) => gateway.end()));
  expect((await ledger.budgets.list(admin)).items.find(({ id }) => id === budgetId)).toMatchObject({ spent: String(served), held: '0' });
  const verified = await ledger.bill.verify(admin);
  expect(verified).toMatchObject({ ok: true, difference: '0', firstFault: null });
  // Failed attempts are there, and nobody pays for them twice: of a call's attempts one at most has a charge.
  const { rows } = await house.database.pool.query<{ attempts: { charge?: string }[] }>(`select attributes -> 'attempts' as attempts from usage_events where jsonb_array_length(attributes -> 'attempts') > 1`);
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.every(({ attempts }) => attempts.filter(({ charge }) => charge !== undefined).length <= 1)).toBe(true);
}, 120_000);
