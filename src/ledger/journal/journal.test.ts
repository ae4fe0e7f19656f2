import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestHouse, type TestHouse } from '../testing/house.ts';
import { writeBooks } from './journal.ts';
import { JOURNAL_START, contentHash, linkHash, rowContent, type JournalledRow } from './row-hash.ts';

let house: TestHouse;
beforeEach(async () => void (house = await openTestHouse()));
afterEach(() => house.close());

const credit = (amount: string): JournalledRow => ({ kind: 'credit', row: {
  id: house.newId(), organisation_id: house.organisationId, kind: 'grant', amount, currency: 'USD', granted_at: new Date(house.clock.nowMs()), expires_at: null, reason: 'a test', author: 'ada',
} });
const write = (...rows: JournalledRow[]) => house.database.transaction((tx) => writeBooks(house.database, tx, house.organisationId, rows));

test('writers at the same time make one chain without a gap, and a row reads back as it was written', async () => {
  await Promise.all(Array.from({ length: 12 }, (_, at) => write(credit(String(at + 1)), credit('99999999999999999999999999999999999999'))));
  const rows = await house.database.scoped(house.organisationId).selectFrom('journal').selectAll().orderBy('sequence').execute();
  expect(rows.map((row) => row.sequence)).toEqual(Array.from({ length: 24 }, (_, at) => String(at + 1)));
  let hash: Buffer = JOURNAL_START;
  for (const row of rows) {
    hash = linkHash(hash, contentHash(row.kind, row.content));
    expect(row.hash.equals(hash)).toBe(true);
    const stored = await house.database.scoped(house.organisationId).selectFrom('credits').selectAll().where('id', '=', row.row_id).executeTakeFirstOrThrow();
    expect(rowContent(stored)).toBe(row.content);
  }
  expect(await house.database.scoped(house.organisationId).selectFrom('journal_heads').select(['sequence', 'hash']).executeTakeFirst()).toEqual({ sequence: '24', hash });
});

test('what fails leaves neither row nor entry, and the next one has its number', async () => {
  const one = credit('1');
  await write(one);
  await expect(write(credit('2'), one)).rejects.toThrow(/duplicate key/);
  await write(credit('3'));
  const rows = await house.database.scoped(house.organisationId).selectFrom('journal').select(['sequence']).orderBy('sequence').execute();
  expect(rows.map((row) => row.sequence)).toEqual(['1', '2']);
});
