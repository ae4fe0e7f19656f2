import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestBooks, type TestBooks } from '../testing/books.ts';
import { TestPoster } from '../testing/usage.ts';

let house: TestBooks;
const HOUR = 3_600_000;
const JUNE = Date.UTC(2026, 5, 1);
beforeEach(async () => void (house = await openTestBooks(Date.UTC(2026, 4, 30))));
afterEach(() => house.close());

const close = (month: string) => house.books.invoices.close(house.principal(), { month });
const goTo = (ms: number) => house.clock.advance(ms - house.clock.nowMs());

test('a month closes once, when it is over and wholly posted, into numbers without a gap', async () => {
  await house.poster.use({ quantities: { input: 10n }, keyId: house.newId() }, { quantities: { output: 10n } });
  await expect(close('2026-05')).rejects.toMatchObject({ code: 'month_not_closable', message: expect.stringContaining('2026-06-01') });
  goTo(JUNE);
  house.moneyPath.posted = new Date(JUNE - 1);
  await expect(close('2026-05')).rejects.toMatchObject({ code: 'month_not_closable', message: expect.stringContaining('posted only through') });
  house.moneyPath.posted = new Date(JUNE);
  const raced = await Promise.allSettled(Array.from({ length: 5 }, () => close('2026-05')));
  const done = raced.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  expect(done).toMatchObject([{ number: '2026-000001', month: '2026-05', total: '40000', credits: '0', adjustments: '0', due: '40000' }]);
  for (const one of raced) if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'month_closed' });

  await house.poster.use({ quantities: { input: 1n } });
  goTo(Date.UTC(2026, 7, 1));
  house.moneyPath.posted = null;
  await house.poster.use({ quantities: { input: 2n }, atMs: Date.UTC(2026, 6, 5) });
  await expect(close('2026-07')).rejects.toMatchObject({ message: expect.stringContaining('2026-06 has usage and is still open') });
  expect((await close('2026-06')).number).toBe('2026-000002');
  expect((await close('2026-07')).number).toBe('2026-000003');

  const [last, , first] = (await house.books.invoices.list(house.principal())).items;
  expect([first!.month, last!.month]).toEqual(['2026-05', '2026-07']);
  const shown = await house.books.invoices.show(house.principal(), first!.id);
  expect(shown.lines.map((line) => line.charge)).toEqual(['30000', '10000']);
  expect(shown.lines.reduce((sum, line) => sum + BigInt(line.charge), 0n)).toBe(BigInt(shown.total));
  expect(shown.hash).toMatch(/^[0-9a-f]{64}$/);
  expect(await house.books.bill.show(house.principal(), { month: '2026-05' })).toMatchObject({ state: 'closed', invoiceNumber: '2026-000001', total: '40000', due: '40000' });
  expect(house.audited.filter((entry) => entry.action === 'invoice.close')).toHaveLength(3);
});

test('numbers begin anew with the year of closing, and a month without usage may be closed too', async () => {
  goTo(Date.UTC(2026, 11, 2));
  expect((await close('2026-11')).number).toBe('2026-000001');
  await house.poster.use({ quantities: { input: 1n } });
  goTo(Date.UTC(2027, 0, 1));
  expect(await close('2026-12')).toMatchObject({ number: '2027-000001', total: '1000' });
  expect(await house.books.bill.verify(house.principal())).toMatchObject({ ok: true, firstFault: null });
});

test('months close by themselves some hours after their end', async () => {
  await house.poster.use({ quantities: { input: 10n } });
  const tenant = await house.addOrganisation();
  await house.poster.use({ quantities: { input: 5n }, organisationId: tenant });
  goTo(JUNE + 5 * HOUR);
  expect(await house.books.invoices.closeDue()).toEqual([]);
  goTo(JUNE + 6 * HOUR);
  house.moneyPath.posted = new Date(JUNE - 1);
  expect(await house.books.invoices.closeDue()).toEqual([]);
  house.moneyPath.posted = new Date(JUNE + 6 * HOUR);
  expect((await house.books.invoices.closeDue()).map((invoice) => [invoice.number, invoice.total]).toSorted()).toEqual([['2026-000001', '10000'], ['2026-000001', '5000']]);
  expect(await house.books.invoices.closeDue()).toEqual([]);
  expect(await house.books.bill.verify(house.principal())).toMatchObject({ ok: true, firstFault: null });
});

test('what comes late to a closed month is an adjustment, by the system or with reason and author', async () => {
  await house.poster.use({ quantities: { input: 10n } });
  goTo(JUNE + HOUR);
  const invoice = await close('2026-05');
  const late = await house.poster.use({ quantities: { input: 3n }, atMs: JUNE - 1 }, { quantities: { input: 4n }, atMs: JUNE - 2 }, { quantities: { input: 100n } });
  await house.books.invoices.adjust(house.principal(), invoice.id, { amount: '-2500', reason: 'an outage' });
  await expect(house.books.invoices.adjust(house.principal(), invoice.id, { amount: '0', reason: 'nothing' })).rejects.toMatchObject({ code: 'invalid_request' });
  const shown = await house.books.invoices.show(house.principal(), invoice.id);
  expect(shown).toMatchObject({ total: '10000', adjustments: '4500', due: '14500', hash: shown.hash });
  expect(shown.adjustmentList).toMatchObject([{ amount: '7000', reason: 'late usage', author: 'system' }, { amount: '-2500', reason: 'an outage', author: 'ada@example.org' }]);
  expect(await house.books.bill.show(house.principal(), { month: '2026-05' })).toMatchObject({ total: '10000', adjustments: '4500', due: '14500', requests: '1' });
  expect(await house.books.bill.show(house.principal(), {})).toMatchObject({ month: '2026-06', total: '100000' });
  expect((await house.books.usage.list(house.principal(), { limit: 10 })).items).toHaveLength(4);
  expect(late).toHaveLength(3);
  expect(await house.books.bill.verify(house.principal())).toMatchObject({ ok: true, difference: '0', firstFault: null });
});

test('closing while usage of that month is posted loses nothing and counts nothing twice', async () => {
  await house.poster.use({ quantities: { input: 1n } });
  goTo(JUNE + HOUR);
  const other = await TestPoster.open(house, house.book);
  const posts = [house.poster, other].map(async (poster) => {
    for (let at = 0; at < 10; at += 1) await poster.use({ quantities: { input: 10n }, atMs: JUNE - 1 - at });
  });
  await Promise.all([...posts, close('2026-05')]);
  const [invoice] = (await house.books.invoices.list(house.principal())).items;
  expect(BigInt(invoice!.total) + BigInt(invoice!.adjustments)).toBe(201_000n);
  expect(await house.books.bill.verify(house.principal())).toMatchObject({ ok: true, firstFault: null });
});

test('foreign organisations and callers bound to a project see no invoice', async () => {
  await house.poster.use({ quantities: { input: 10n } });
  goTo(JUNE);
  const invoice = await close('2026-05');
  for (const principal of [house.principal(await house.addOrganisation()), { ...house.principal(), projectId: house.projectId }]) {
    expect((await house.books.invoices.list(principal)).items).toEqual([]);
    await expect(house.books.invoices.show(principal, invoice.id)).rejects.toMatchObject({ code: 'resource_not_found' });
    await expect(house.books.invoices.adjust(principal, invoice.id, { amount: '1', reason: 'mine now' })).rejects.toMatchObject({ code: principal.projectId === null ? 'resource_not_found' : 'project_bound' });
  }
});

test('the database refuses to change or remove what is closed, and entries that do not sum to zero', async () => {
  await house.poster.use({ quantities: { input: 10n } });
  goTo(JUNE);
  const invoice = await close('2026-05');
  await house.books.invoices.adjust(house.principal(), invoice.id, { amount: '1', reason: 'a reason' });
  for (const table of ['invoices', 'invoice_lines', 'adjustments', 'ledger_entries', 'usage_events', 'postings']) {
    await expect(house.database.pool.query(`delete from ${table}`)).rejects.toThrow(/written once/);
    await expect(house.database.pool.query(`truncate ${table} cascade`)).rejects.toThrow(/written once/);
  }
  await expect(house.database.pool.query(`insert into ledger_entries (id, organisation_id, transaction_id, kind, account, amount, currency, month, at)
    values ($1, $2, $1, 'adjustment', 'revenue', 5, 'USD', '2026-05', now())`, [house.newId(), house.organisationId])).rejects.toThrow(/sum to zero/);
});
