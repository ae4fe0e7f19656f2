import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestBooks, type TestBooks } from '../testing/books.ts';
import { exportUsage, type ExportQuery } from './export.ts';

let house: TestBooks;
beforeAll(async () => {
  house = await openTestBooks(Date.UTC(2026, 4, 10));
  // More than one page of the database.
  for (let at = 0; at < 5; at += 1) await house.poster.use(...Array.from({ length: 501 }, (_, n) => ({ quantities: { input: BigInt(n + 1) }, ...(n === 0 && { attributes: { user: '=cmd()', tags: ['a', 'b'] } }) })));
});
afterAll(() => house.close());

async function read(query: Partial<ExportQuery>, principal = house.principal()): Promise<string[]> {
  const chunks: string[] = [];
  for await (const chunk of exportUsage(house.database, principal, { format: 'csv', ...query }).chunks) chunks.push(chunk);
  return chunks.join('').split('\n').filter(Boolean);
}

test('everything comes once, and who was cut off goes on behind the last row', async () => {
  const rows = await read({});
  expect(rows).toHaveLength(1 + 2_505);
  const ids = rows.slice(1).map((row) => row.slice(0, 36));
  expect(new Set(ids).size).toBe(2_505);
  const rest = await read({ after: ids[1_199]! });
  // Without a header: it is appended to what is there.
  expect(rest.map((row) => row.slice(0, 36))).toEqual(ids.slice(1_200));
  expect(rows.find((row) => row.includes('cmd()'))).toContain(`,'=cmd(),,a b`);
  const lines = await read({ format: 'jsonl' });
  expect(lines.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(ids);
});

test('another organisation and another project see nothing of it', async () => {
  expect(await read({}, house.principal(await house.addOrganisation()))).toHaveLength(1);
  expect(await read({}, { ...house.principal(), projectId: house.newId() })).toHaveLength(1);
  expect(await read({ projectId: house.projectId }, { ...house.principal(), projectId: house.newId() })).toHaveLength(1);
  expect(await read({ from: '2026-06-01T00:00:00Z' })).toHaveLength(1);
  expect(() => exportUsage(house.database, house.principal(), { format: 'csv', after: '1 or 1' })).toThrow(expect.objectContaining({ code: 'invalid_request' }));
});
