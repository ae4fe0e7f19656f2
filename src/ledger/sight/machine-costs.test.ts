import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DIMENSIONS } from '../spend/dimensions.ts';
import { openTestBooks, type TestBooks } from '../testing/books.ts';
import { exportUsage } from '../usage/export.ts';
import { SightFollower } from './follower.ts';

let house: TestBooks;
beforeEach(async () => void (house = await openTestBooks()));
afterEach(() => house.close());

const note = (...costs: readonly (readonly [eventId: string, cost: bigint, backendId?: string])[]) => house.database.transaction((tx) =>
  house.books.sight.noteMachineCosts(tx, costs.map(([eventId, cost, backendId = 'replica']) => ({ organisationId: house.organisationId, eventId, backendId, cost }))));
const ask = (group: (typeof DIMENSIONS)[number], more: object = {}) => {
  const atMs = house.clock.nowMs();
  return house.books.sight.spend(house.principal(), { metric: 'machine', group, top: 50, from: new Date(atMs - 3_600_000).toISOString(), to: new Date(atMs + 3_600_000).toISOString(), ...more });
};

test('what was split over calls is what Spend adds up, to the picodollar and by whatever it is asked, however the parts come; made anew it is the same', async () => {
  const call = fc.record({ user: fc.constantFrom('', 'u-1', 'u-2'), scenario: fc.constantFrom('', 'refund'), tags: fc.subarray(['a', 'b']), key: fc.boolean(), parts: fc.array(fc.bigInt(0n, 10n ** 15n), { maxLength: 2 }) });
  const [keyId, late] = [house.newId(), new SightFollower(house.database, 2n)];
  let whole = 0n;
  await fc.assert(fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 8 }), fc.boolean(), async (calls, behind) => {
    const events = await house.poster.use(...calls.map(({ user, scenario, tags, key }) => ({ quantities: { input: 1n }, keyId: key ? keyId : null, attributes: { user, scenario, tags } })));
    // Parts can be there before the follower has seen their calls.
    if (!behind) await late.catchUp();
    await note(...events.flatMap(({ id }, at) => calls[at]!.parts.map((cost, part) => [id, cost, `replica-${part}`] as const)));
    await Promise.all([late.catchUp(), new SightFollower(house.database).catchUp()]);
    whole += calls.flatMap(({ parts }) => parts).reduce((sum, cost) => sum + cost, 0n);
    for (const again of [false, true]) {
      if (again) await house.books.sight.rebuild();
      for (const group of DIMENSIONS) {
        const view = await ask(group);
        expect([group, view.total.value, view.total.machine]).toEqual([group, String(whole), String(whole)]);
        if (group !== 'tag') expect(view.groups.reduce((sum, { value }) => sum + BigInt(value!), 0n)).toBe(whole);
      }
      expect((await house.books.bill.show(house.principal(), {})).machine).toBe(String(whole));
    }
  }), { numRuns: 6 });
}, 120_000);

test('it stands beside cost and margin, in the row of the machine, and is no part of them or of the bill', async () => {
  const [one] = await house.poster.use({ quantities: { input: 10n }, cost: 300n, attributes: { attempts: [{ backendId: 'elsewhere', cost: '300' }, { backendId: 'replica', cost: '0' }] } }, { quantities: { input: 1n } });
  await house.books.sight.catchUp();
  const before = await house.books.bill.show(house.principal(), {});
  await note([one!.id, 700n]);
  await house.books.sight.catchUp();
  const view = await ask('backend', { metric: 'charge' });
  expect(view.groups.map(({ key, requests, cost, machine }) => [key, requests, cost, machine])).toEqual([['replica', '1', '0', '700'], ['', '1', null, '0'], ['elsewhere', '0', '300', '0']]);
  expect(view.total).toMatchObject({ charge: '11000', cost: '300', margin: '9700', machine: '700' });
  expect(await house.books.bill.show(house.principal(), {})).toEqual({ ...before, machine: '700' });
  const tenant = { ...house.principal(), ofOperator: false };
  expect(await house.books.bill.show(tenant, {})).not.toHaveProperty('machine');
  await expect(house.books.sight.spend(tenant, { metric: 'machine', group: 'model', top: 5 })).rejects.toMatchObject({ code: 'operator_only' });
});

test('the file of usage says it for each call, and nothing where no machine had it', async () => {
  const [one, two] = await house.poster.use({ quantities: { input: 1n } }, { quantities: { input: 1n } });
  await note([one!.id, 40n, 'replica-1'], [one!.id, 2n, 'replica-2']);
  const read = async (format: 'csv' | 'jsonl', principal = house.principal()) => {
    let text = '';
    for await (const chunk of exportUsage(house.database, principal, { format }).chunks) text += chunk;
    return text.trim().split(/\r?\n/);
  };
  const [head, ...rows] = (await read('csv')).map((line) => line.split(','));
  const at = head!.indexOf('machine_picodollars');
  expect(rows.map((row) => [row[0], row[at]])).toEqual([[one!.id, '42'], [two!.id, '']]);
  expect((await read('jsonl')).map((line) => (JSON.parse(line) as { machine: string | null }).machine)).toEqual(['42', null]);
  const tenant = { ...house.principal(), ofOperator: false };
  expect([...(await read('csv', tenant)), ...(await read('jsonl', tenant))].join()).not.toContain('machine');
});
