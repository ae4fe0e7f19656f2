import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '../../base/index.ts';
import type { Admission } from '../events/call.ts';
import { Ledger } from '../ledger.ts';
import { openTestBooks, type TestBooks } from '../testing/books.ts';
import { admissionOf, endOf, namesOf } from '../testing/path.ts';

let house: TestBooks;
let ledger: Ledger;
const openLedger = async () => {
  const names = { ...namesOf(house.organisationId, house.projectId), organisation: house.names.organisation };
  const opened = new Ledger({
    database: house.database, clock: systemClock, log: silentLogger, home: mkdtempSync(join(tmpdir(), 'tandem-verify-')), strict: false,
    audit: house.audit, names, operator: () => house.organisationId, logLevel: 'silent',
  });
  await opened.start();
  return opened;
};

beforeEach(async () => {
  // The price is a little older than the calls, which are made by the machine's own clock.
  house = await openTestBooks(Date.now() - 60_000, 'prepaid');
  ledger = await openLedger();
});
afterEach(async () => {
  await ledger.stop();
  await house.close();
});

test('what the money path wrote verifies: settled, released, capped and given by the API, with budgets and credit', async () => {
  const principal = house.principal();
  const keyId = house.newId();
  await ledger.credits.create(principal, { id: house.newId(), kind: 'prepaid', amount: '10000000', reason: 'paid', expiresAt: null });
  await ledger.budgets.create(principal, { scope: { kind: 'project', id: house.projectId }, amount: '8000000', period: 'day' });
  await ledger.budgets.create(principal, { scope: { kind: 'key', id: keyId }, amount: '8000000', period: 'total' });
  const admission = (input: bigint, output: bigint): Admission => ({ ...admissionOf(house, input, output, keyId), resource: 'tandem/local' });

  const holds = await Promise.all(Array.from({ length: 60 }, (_, at) => ledger.admit(admission(10n, BigInt(at + 1)))));
  await Promise.all(holds.map((hold, at) => (at % 7 === 0 ? hold.release(endOf(0n, 0n, 'failed')) : hold.settle(endOf(10n, at % 11 === 0 ? 500n : BigInt(at))))));
  const recorded = await ledger.usage.record(principal, [
    { id: house.newId(), kind: 'batch', resource: 'tandem/local', projectId: house.projectId, keyId, occurredAt: new Date().toISOString(), quantities: { input: '5', output: '0' }, attributes: { note: 'by hand' } },
  ]);
  expect(recorded).toEqual({ recorded: 1, repeated: 0 });
  await ledger.stop();

  const seen = await ledger.bill.verify(principal);
  expect(seen.checks.filter((check) => check.state === 'fail')).toEqual([]);
  expect(seen).toMatchObject({ ok: true, difference: '0', firstFault: null, lostToCrashes: { calls: '0' } });
  expect(seen.checks.find((check) => check.id === 'events')?.checked).toBe('61');
  expect(seen.checks.find((check) => check.id === 'budgets')?.checked).toBe('3');
  const bill = await ledger.bill.show(principal, {});
  // What somebody gave by the API is no call.
  expect(bill).toMatchObject({ requests: '60', due: '0' });
  expect(BigInt(bill.credits.applied) + BigInt(bill.credits.available)).toBe(10_000_000n);
});

test('a prepaid organisation is refused when its credit is used up, and served again when there is more', async () => {
  const principal = house.principal();
  const admission: Admission = { ...admissionOf(house, 10n, 10n), resource: 'tandem/local' };
  await expect(ledger.admit(admission)).rejects.toMatchObject({ code: 'budget_exceeded' });
  await ledger.credits.create(principal, { id: house.newId(), kind: 'prepaid', amount: '40100', reason: 'paid', expiresAt: null });
  // The credit is announced when it commits: within a second it is known here.
  const hold = await vi.waitFor(() => ledger.admit({ ...admission, id: house.newId() }), { timeout: 5_000 });
  await hold.settle(endOf(10n, 10n));
  await expect(ledger.admit({ ...admission, id: house.newId() })).rejects.toMatchObject({ code: 'budget_exceeded' });
});
