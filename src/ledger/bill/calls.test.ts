import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestBooks, type TestBooks } from '../testing/books.ts';

const JUNE = Date.UTC(2026, 5, 1);
/** One price for two things: a model may be named like a machine's price, and a pool may be priced by any name. */
const BOTH = 'gpu/h100-80gb';
const ODD = 'lab/bench';

let house: TestBooks;
beforeEach(async () => {
  house = await openTestBooks(Date.UTC(2026, 4, 29));
  for (const resource of [BOTH, ODD]) await house.books.prices.create(house.principal(), { resource, tier: 'standard', side: 'sell', source: 'a test', buckets: { input: { price: '1000', per: '1' }, output: { price: '1000', per: '1' }, minute: { price: '7', per: '1' } } });
  await house.poster.use({ resource: 'tandem/local', quantities: { input: 1n } });
  house.clock.advance(86_400_000);
  await house.poster.use(
    { resource: BOTH, quantities: { input: 1n } }, { resource: BOTH, quantities: { input: 2n } }, { resource: BOTH, kind: 'lease', quantities: { minute: 60n } },
    { resource: ODD, kind: 'lease', quantities: { minute: 3n } }, { resource: ODD, kind: 'lease', quantities: { minute: 4n }, keyId: house.projectId },
  );
});
afterEach(() => house.close());

const counted = (lines: readonly { resource: string; keyId: string | null; requests: string }[]) => Object.fromEntries(lines.map(({ resource, keyId, requests }) => [keyId === null ? resource : `${resource} by key`, requests]));
const CALLS = { [BOTH]: '2', [ODD]: '0', [`${ODD} by key`]: '0', 'tandem/local': '1' };

test('calls are told from the time of machines by the kind of an entry, whatever it is named after', async () => {
  const bill = await house.books.bill.show(house.principal(), {});
  expect(counted(bill.lines)).toEqual(CALLS);
  expect(bill.requests).toBe('3');
  const bound = await house.books.bill.show({ ...house.principal(), projectId: house.projectId }, {});
  expect(counted(bound.lines)).toEqual(CALLS);

  const seen = await house.books.overview(house.principal());
  expect(seen.requests).toBe('3');
  expect(seen.models.map(({ resource, requests }) => [resource, requests])).toEqual([[BOTH, '2'], ['tandem/local', '1'], [ODD, '0']]);
  expect(seen.daily.filter(({ spend }) => spend !== '0')).toEqual([{ day: '2026-05-29', spend: '1000', requests: '1' }, { day: '2026-05-30', spend: '3469', requests: '2' }]);
});

test('an invoice counts the same calls, also when time of machines came late to its month', async () => {
  house.clock.advance(JUNE - house.clock.nowMs() + 1);
  const { id } = await house.books.invoices.close(house.principal(), { month: '2026-05' });
  await house.poster.use({ resource: BOTH, kind: 'lease', quantities: { minute: 1n }, atMs: JUNE - 1 }, { resource: BOTH, quantities: { input: 1n }, atMs: JUNE - 2 });
  expect(counted((await house.books.invoices.show(house.principal(), id)).lines)).toEqual(CALLS);
  expect(await house.books.bill.show(house.principal(), { month: '2026-05' })).toMatchObject({ state: 'closed', requests: '3' });
  expect(await house.books.bill.verify(house.principal())).toMatchObject({ ok: true, difference: '0' });
});

test('the entries that are no calls are found without reading the calls', async () => {
  const { rows } = await house.database.pool.query<{ indexdef: string }>(`select indexdef from pg_indexes where indexname = 'usage_events_others'`);
  expect(rows[0]!.indexdef).toContain(`WHERE (kind <> 'call'::text)`);
});
