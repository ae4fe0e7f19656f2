import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPathHouse, type PathHouse } from '../testing/path.ts';
import { copyingTransaction } from '../poster/copying-transaction.ts';
import { CopyBytes } from './copy-bytes.ts';

let house: PathHouse;
beforeAll(async () => {
  house = await openPathHouse();
  await house.database.pool.query('create table copied (n int8, id uuid, at timestamptz, amount numeric(38, 0), name text, content jsonb, hash bytea, none text)');
});
afterAll(() => house.close());

const START = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
// What neither a text nor jsonb takes is taken out before a record is written.
const text = fc.string({ unit: 'grapheme' }).map((one) => one.replaceAll('\u0000', '').toWellFormed());

test('Postgres reads every value as it was given', async () => {
  await fc.assert(fc.asyncProperty(fc.uniqueArray(fc.record({
    id: fc.uuid(), atMs: fc.integer({ min: Date.UTC(2000), max: Date.UTC(2200) }), amount: fc.bigInt({ min: 0n, max: 10n ** 38n - 1n }), name: text,
    content: fc.dictionary(text, text), hash: fc.uint8Array({ minLength: 32, maxLength: 32 }), n: fc.maxSafeNat(),
  }), { selector: (row) => row.n, minLength: 1, maxLength: 20 }).map((rows) => rows.sort((a, b) => a.n - b.n)), async (rows) => {
    const bytes = new CopyBytes(64);
    bytes.bytes(START);
    for (const row of rows) {
      bytes.reserve(300 + 3 * (row.name.length + JSON.stringify(row.content).length));
      bytes.int16(8);
      bytes.int64(row.n);
      bytes.uuid(row.id);
      bytes.time(row.atMs);
      bytes.numeric(row.amount);
      bytes.text(row.name);
      bytes.json(JSON.stringify(row.content));
      bytes.latin1(Buffer.from(row.hash).toString('latin1'));
      bytes.nothing();
    }
    const read = await copyingTransaction(house.database, async (tx, copy) => {
      const copying = copy('copy copied from stdin (format binary)');
      await copying.write(bytes.take());
      await copying.end(Buffer.from([0xff, 0xff]));
      const { rows: found } = await sql<Record<string, unknown>>`with gone as (delete from copied returning *) select * from gone order by n`.execute(tx);
      return found;
    });
    expect(read).toEqual(rows.map((row) => ({ n: String(row.n), id: row.id, at: new Date(row.atMs), amount: String(row.amount), name: row.name, content: row.content, hash: Buffer.from(row.hash), none: null })));
  }), { numRuns: 40 });
});

test.each(['', '01900000-0000-7000-8000-00000000000g', '01900000-0000-7000-8000-0000000000ağ', '01900000-0000-7000-8000-0000000000aaa'])('%j is no uuid', (id) => {
  expect(() => new CopyBytes(100).uuid(id)).toThrow('uuid');
});

test('a COPY that is given up leaves the connection usable', async () => {
  await expect(copyingTransaction(house.database, async (_tx, copy) => {
    const copying = copy('copy copied from stdin (format binary)');
    await copying.write(START);
    await copying.fail();
    throw new Error('the log is damaged');
  })).rejects.toThrow('the log is damaged');
  await expect(copyingTransaction(house.database, async (_tx, copy) => {
    const copying = copy('copy copied from stdin (format binary)');
    await copying.write(Buffer.alloc(300_000));
    await copying.end(Buffer.from([0xff, 0xff]));
  })).rejects.toThrow('COPY file signature not recognized');
  expect((await house.database.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
});
