import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { silentLogger } from '../../base/index.ts';
import type { Connection } from '../database.ts';
import { migrate } from '../migrate.ts';
import { createTestDatabase, testPostgres } from '../testing.ts';
import { dumpTables } from './dump.ts';
import { restoreTables } from './restore.ts';
import { listTables } from './tables.ts';

const folders: string[] = [];
const folder = () => {
  const made = mkdtempSync(join(tmpdir(), 'tandem-backup-'));
  folders.push(made);
  return made;
};
afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});
const signal = new AbortController().signal;

async function emptyDatabase(): Promise<Connection> {
  const { connection } = await createTestDatabase();
  await run(connection, 'drop schema public cascade; create schema public');
  return connection;
}

async function run(connection: Connection, text: string): Promise<pg.QueryResult> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

async function contents(connection: Connection): Promise<Record<string, unknown[]>> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    const all: Record<string, unknown[]> = {};
    for (const { name } of await listTables(client)) all[name] = (await client.query(`select t::text as row from "${name}" t order by 1`)).rows;
    return all;
  } finally {
    await client.end();
  }
}

test('every row of every table comes back, awkward text included', async () => {
  const source = await createTestDatabase();
  const id = '0192f0c1-0000-7000-8000-000000000001';
  await run(source.connection, `insert into organisations (id, name, slug, currency, billing, created_at) values ('${id}', E'tab\\t newline\\n back\\\\slash \\u00e9', 'one', 'USD', 'postpaid', now())`);
  const files = folder();
  const manifest = await dumpTables(source.connection, files, signal);
  expect(manifest.tables.find((table) => table.name === 'organisations')?.rows).toBe(1);

  const target = await emptyDatabase();
  await restoreTables(target, files, manifest, silentLogger);
  expect(await contents(target)).toEqual(await contents(source.connection));
  expect(await migrate(target, silentLogger)).toEqual([]);
});

test('what triggers made of rows comes back as it was, and once, whatever order the tables come in', async () => {
  const [one, two] = ['0192f0c1-0000-7000-8000-000000000001', '0192f0c1-0000-7000-8000-000000000002'];
  const day = (organisation: string, date: string) => `insert into spend_days select (jsonb_populate_record(null::spend_days, jsonb_build_object('organisation_id', '${organisation}', 'day', '${date}', 'project_id', '${two}', 'resource', 'one', 'backend', '', 'tier', 'standard',
    'user_name', '', 'scenario', '', 'tags', '{}'::text[]) || (select jsonb_object_agg(column_name, 7) from information_schema.columns where table_name = 'spend_days' and data_type in ('bigint', 'numeric')))).*`;
  const source = await createTestDatabase();
  await run(source.connection, `insert into spend_week_marks values ('${one}', '2026-11-22')`);
  await run(source.connection, day(one, '2026-11-17'));
  await run(source.connection, `insert into organisations (id, name, slug, currency, billing, created_at) values ('${one}', 'one', 'one', 'USD', 'postpaid', now())`);
  await run(source.connection, `insert into ledger_entries (id, organisation_id, transaction_id, kind, account, amount, currency, at) values ('${one}', '${one}', '${two}', 'credit', 'funding', 5, 'USD', now()), ('${two}', '${one}', '${two}', 'credit', 'expired', -5, 'USD', now())`);
  expect((await run(source.connection, 'select charge::text from spend_weeks')).rows).toEqual([{ charge: '7' }]);
  const files = folder();
  const manifest = await dumpTables(source.connection, files, signal);
  const before = await contents(source.connection);
  const { tables } = manifest;
  // Tables that refer to no other may come in any order.
  const spend = tables.filter(({ name }) => name.startsWith('spend_'));
  for (const order of [tables, [...tables.filter((table) => !spend.includes(table)), ...spend.toReversed()]]) {
    const target = await emptyDatabase();
    await restoreTables(target, files, { ...manifest, tables: order }, silentLogger);
    expect(await contents(target)).toEqual(before);
    // And they make what comes later.
    await run(target, day(one, '2026-11-18'));
    expect((await run(target, 'select charge::text from spend_weeks')).rows).toEqual([{ charge: '14' }]);
    await expect(run(target, 'truncate price_versions')).rejects.toThrow(/written once/);
  }
  // What only checks rows is not left out.
  await writeFile(join(files, 'ledger_entries.copy'), (await readFile(join(files, 'ledger_entries.copy'), 'utf8')).replace('\t-5\t', '\t-4\t'));
  await expect(restoreTables(await emptyDatabase(), files, manifest, silentLogger)).rejects.toThrow(/do not sum to zero/);
});

test('a database that holds something is never written over', async () => {
  const source = await createTestDatabase();
  const files = folder();
  const manifest = await dumpTables(source.connection, files, signal);
  const target = await createTestDatabase();
  await expect(restoreTables(target.connection, files, manifest, silentLogger)).rejects.toMatchObject({ code: 'restore_not_empty' });
});

test('a dump of a newer version is refused by name', async () => {
  const target = await emptyDatabase();
  const manifest = { migrations: ['9999-later'], tables: [], sequences: {} };
  await expect(restoreTables(target, folder(), manifest, silentLogger)).rejects.toMatchObject({ code: 'database_newer', message: expect.stringContaining('9999-later') });
});

test('the tests\' own server is Postgres', async () => {
  const { rows } = await run(await testPostgres(), 'show server_version');
  expect(rows[0].server_version).toMatch(/^1[6-9]\./);
});
