import { afterEach, beforeEach, expect, test } from 'vitest';
import fc from 'fast-check';
import { openTestBooks, type TestBooks } from '../testing/books.ts';

let house: TestBooks;
beforeEach(async () => void (house = await openTestBooks()));
afterEach(() => house.close());

const show = (month?: string) => house.books.bill.show(house.principal(), { month });

test('by project, key and model, dearest first, exact to the last digit', async () => {
  const keyId = house.newId();
  await house.poster.use(
    { quantities: { input: 7n, output: 11n }, keyId, cost: 5n }, { quantities: { input: 1n }, keyId, cost: 4n }, { quantities: { output: 100n } }, { quantities: { input: 3n }, keyId, outcome: 'failed' },
  );
  const bill = await show();
  expect(bill).toMatchObject({ month: '2026-05', state: 'open', total: '344000', requests: '4', due: '344000', adjustments: '0', credits: { applied: '0', available: '0' }, invoiceNumber: null });
  expect(bill.lines).toEqual([
    { projectId: house.projectId, projectName: 'default', keyId: null, keyName: null, resource: 'tandem/local', requests: '1', quantities: { output: '100' }, charge: '300000', cost: null },
    { projectId: house.projectId, projectName: 'default', keyId, keyName: `key-${keyId.slice(-4)}`, resource: 'tandem/local', requests: '3', quantities: { input: '11', output: '11' }, charge: '44000', cost: null },
  ]);
  expect(bill.rounding).toContain('half to even');
});

test('the cost is known only when that of every call is', async () => {
  await house.poster.use({ quantities: { input: 1n }, cost: 5n }, { quantities: { input: 1n }, cost: 0n });
  expect((await show()).lines[0]?.cost).toBe('5');
  await house.poster.use({ quantities: { input: 1n }, cost: null });
  expect((await show()).lines[0]?.cost).toBeNull();
});

test('a month has what was admitted in it, whenever it is posted; an empty month has nothing', async () => {
  const start = Date.UTC(2026, 5, 1);
  house.clock.advance(start - house.clock.nowMs() + 5_000);
  await house.poster.use({ quantities: { input: 1n }, atMs: start - 1 }, { quantities: { input: 2n }, atMs: start });
  expect([(await show('2026-05')).total, (await show('2026-06')).total, (await show()).total, (await show('2026-07')).total]).toEqual(['1000', '2000', '2000', '0']);
});

test('a caller that is bound to a project sees that project alone', async () => {
  const projectId = house.newId();
  await house.books.credits.create(house.principal(), { id: house.newId(), kind: 'grant', amount: '500', expiresAt: null, reason: 'hello' });
  await house.poster.use({ quantities: { input: 1n }, projectId }, { quantities: { input: 5n } });
  const bill = await house.books.bill.show({ ...house.principal(), projectId }, {});
  expect(bill).toMatchObject({ total: '1000', due: '1000', credits: { applied: '0', available: '0' } });
  expect(bill.lines.map((line) => line.projectId)).toEqual([projectId]);
  const other = house.principal(await house.addOrganisation());
  expect((await house.books.bill.show(other, {})).total).toBe('0');
  await expect(house.books.usage.show(other, (await house.books.usage.list(house.principal(), { limit: 1 })).items[0]!.id)).rejects.toMatchObject({ code: 'resource_not_found' });
});

test('the order, grouping and delay of posting leave the bill as it is', async () => {
  const usage = fc.array(fc.record({ quantities: fc.record({ input: fc.bigInt(0n, 10n ** 9n), output: fc.bigInt(0n, 10n ** 9n) }), day: fc.integer({ min: 0, max: 20 }), key: fc.integer({ min: 0, max: 2 }) }), { minLength: 1, maxLength: 12 });
  const [keyIds, base] = [[null, house.newId(), house.newId()], house.clock.nowMs()];
  let round = 0;
  await fc.assert(fc.asyncProperty(usage, fc.infiniteStream(fc.integer({ min: 0, max: 1_000_000 })), async (all, dice) => {
    const bills: unknown[] = [];
    for (const shuffled of [false, true]) {
      const projectId = house.newId();
      round += 1;
      const events = all.map((one, at) => house.poster.event({ quantities: one.quantities, projectId, keyId: keyIds[one.key]!, atMs: base + one.day * 86_400_000 + at }));
      const order = shuffled ? events.map((event) => ({ event, at: dice.next().value as number })).sort((a, b) => a.at - b.at).map((one) => one.event) : events;
      const size = shuffled ? 1 + ((dice.next().value as number) % 4) : order.length;
      for (let at = 0; at < order.length; at += size) await house.poster.post(order.slice(at, at + size));
      const bill = await house.books.bill.show({ ...house.principal(), projectId }, {});
      bills.push(bill.lines.map(({ projectId: _own, projectName: _name, ...line }) => line), bill.total);
      expect(bill.total).toBe(String(events.reduce((sum, event) => sum + (event.occurredAtMs < Date.UTC(2026, 5, 1) ? event.charge : 0n), 0n)));
    }
    expect(bills.slice(2)).toEqual(bills.slice(0, 2));
  }), { numRuns: 15 });
  expect(round).toBeGreaterThan(0);
});

test('usage events are listed newest first, in pages, with their rated lines', async () => {
  const events = await house.poster.use(...Array.from({ length: 5 }, (_, at) => ({ quantities: { input: BigInt(at + 1), output: 2n } })));
  const ids = events.map((event) => event.id).toReversed();
  const first = await house.books.usage.list(house.principal(), { limit: 3 });
  const second = await house.books.usage.list(house.principal(), { limit: 3, cursor: first.nextCursor! });
  expect([...first.items, ...second.items].map((item) => item.id)).toEqual(ids);
  expect(second.nextCursor).toBeNull();
  const shown = await house.books.usage.show(house.principal(), ids[0]!);
  expect(shown.lines).toEqual([{ bucket: 'input', quantity: '5', price: '1000', per: '1', amount: '5000' }, { bucket: 'output', quantity: '2', price: '3000', per: '1', amount: '6000' }]);
  expect(shown.charge).toBe('11000');
  await expect(house.books.usage.list(house.principal(), { limit: 3, cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_request' });
});

test('the overview: spend, forecast, tokens, days, models and first tokens', async () => {
  const day = 86_400_000;
  const now = house.clock.nowMs();
  await house.poster.use(
    { quantities: { input: 10n, output: 4n }, atMs: now, firstTokenMs: 10 }, { quantities: { input: 1n }, atMs: now, firstTokenMs: 30, outcome: 'failed' },
    { quantities: { output: 1n }, atMs: now + 1, firstTokenMs: 20 },
  );
  house.clock.advance(2 * day);
  await house.poster.use({ quantities: { input: 5n }, firstTokenMs: 40 }, { quantities: { input: 5n }, firstTokenMs: 50 });
  const seen = await house.books.overview(house.principal());
  expect(seen).toMatchObject({ month: '2026-05', spend: '36000', requests: '5', failed: '1', tokens: { input: '21', cacheRead: '0', output: '5' }, models: [{ resource: 'tandem/local', spend: '36000', requests: '5' }] });
  expect(seen.daily).toHaveLength(12);
  expect(seen.daily.filter((one) => one.requests !== '0')).toEqual([{ day: '2026-05-10', spend: '26000', requests: '3' }, { day: '2026-05-12', spend: '10000', requests: '2' }]);
  // 11.5 of 31 days are over: 36000 × 31 / 11.5.
  expect(seen.forecast).toBe('97043');
  expect(seen.firstTokenMs).toEqual({ p50: 40, p95: 50, calls: 2 });
});
