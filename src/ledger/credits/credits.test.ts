import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestBooks, type TestBooks } from '../testing/books.ts';

let house: TestBooks;
const DAY = 86_400_000;
const start = Date.UTC(2026, 4, 10);
beforeEach(async () => void (house = await openTestBooks(start)));
afterEach(() => house.close());

const give = (amount: string, extra: { id?: string; kind?: 'prepaid' | 'grant'; days?: number } = {}) => house.books.credits.create(house.principal(), {
  id: extra.id ?? house.newId(), kind: extra.kind ?? 'grant', amount, reason: 'a test', expiresAt: extra.days === undefined ? null : new Date(start + extra.days * DAY).toISOString(),
});
const left = async () => (await house.books.credits.list(house.principal())).items.map((credit) => credit.left);
const verified = async () => expect(await house.books.bill.verify(house.principal())).toMatchObject({ ok: true, firstFault: null });

test('the same id is credited once; with other content it is refused', async () => {
  const id = house.newId();
  const given = await Promise.all([give('500', { id }), give('500', { id }), give('500', { id })]);
  expect(new Set(given.map((one) => JSON.stringify(one))).size).toBe(1);
  expect(await left()).toEqual(['500']);
  await expect(give('501', { id })).rejects.toMatchObject({ code: 'id_conflict' });
  await expect(give('500', { id, kind: 'prepaid' })).rejects.toMatchObject({ code: 'id_conflict' });
  await expect(house.books.credits.create(house.principal(await house.addOrganisation()), { id, kind: 'grant', amount: '500', reason: 'a test', expiresAt: null })).rejects.toMatchObject({ code: 'id_conflict' });
  await expect(give('0')).rejects.toMatchObject({ code: 'invalid_request' });
  await expect(give('1', { days: -1 })).rejects.toMatchObject({ code: 'invalid_request' });
  expect(house.audited.filter((entry) => entry.action === 'credit.create')).toHaveLength(1);
});

test('credits pay earliest expiry first, and what has expired is gone by an entry', async () => {
  await give('10000');
  await give('8000', { days: 20 });
  await give('5000', { days: 2 });
  await house.poster.use({ quantities: { input: 7n } });
  expect(await left()).toEqual(['10000', '6000', '0']);
  expect(await house.books.bill.show(house.principal(), {})).toMatchObject({ total: '7000', credits: { applied: '7000', available: '16000' }, due: '0' });

  await give('3000', { days: 1 });
  house.clock.advance(DAY);
  house.moneyPath.posted = new Date(house.clock.nowMs() - 1);
  // The last calls before the expiry are not posted yet: it waits for them.
  expect(await house.books.credits.expireDue()).toBe(0);
  await house.poster.use({ quantities: { input: 1n }, atMs: house.clock.nowMs() - 1 });
  house.moneyPath.posted = new Date(house.clock.nowMs());
  expect(await house.books.credits.expireDue()).toBe(1);
  expect(await house.books.credits.expireDue()).toBe(0);
  // The first 7,000 were drawn by the two that expired first when all was settled: 3,000 + 5,000 = 8,000 in all.
  expect(await left()).toEqual(['10000', '8000', '0', '0']);
  await verified();

  house.clock.advance(25 * DAY);
  house.moneyPath.posted = null;
  await house.books.credits.expireDue();
  expect(await left()).toEqual(['10000', '0', '0', '0']);
  expect(await house.books.bill.show(house.principal(), { month: '2026-05' })).toMatchObject({ total: '8000', credits: { applied: '8000', available: '10000' }, due: '0' });
  await verified();
});

test('a closed month keeps what credits paid of it; later credit pays later months', async () => {
  await give('4000');
  await house.poster.use({ quantities: { input: 10n } });
  house.clock.advance(Date.UTC(2026, 5, 2) - house.clock.nowMs());
  const invoice = await house.books.invoices.close(house.principal(), { month: '2026-05' });
  expect(invoice).toMatchObject({ total: '10000', credits: '4000', due: '6000' });
  await give('9000');
  await house.poster.use({ quantities: { input: 2n } });
  expect((await house.books.invoices.list(house.principal())).items[0]).toEqual(invoice);
  expect(await house.books.bill.show(house.principal(), {})).toMatchObject({ total: '2000', credits: { applied: '2000', available: '7000' }, due: '0' });
  await verified();
});

test('the balance of a prepaid organisation is all that was given less what expired', async () => {
  await house.close();
  house = await openTestBooks(start, 'prepaid');
  await give('10000', { kind: 'prepaid' });
  await give('5000', { days: 1 });
  expect(house.moneyPath.prepaid.get(house.organisationId)).toBe(15_000n);
  await house.poster.use({ quantities: { input: 2n } });
  house.clock.advance(2 * DAY);
  await house.books.credits.expireDue();
  // 2,000 of the grant were used, 3,000 expired: 12,000 were ever there to spend, 10,000 still are.
  expect(house.moneyPath.prepaid.get(house.organisationId)).toBe(12_000n);
  expect(await left()).toEqual(['10000', '0']);
  await verified();
});
