import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { silentLogger } from '../../base/index.ts';
import type { Connection } from '../database.ts';
import { migrate } from '../migrate.ts';
import { createTestDatabase, testPostgres } from '../testing.ts';
import { dumpTables } from './dump.ts';
import { restoreTables } from './restore.ts';
import { listTables } from './tables.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'tandem-backup-'));
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
