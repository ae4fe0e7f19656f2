import { sql } from 'kysely';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger } from '../base/index.ts';
import { migrate } from './migrate.ts';
import type { Migration } from './migration.ts';
import { migrations } from './migrations/index.ts';
import { createTestDatabase, type TestDatabase } from './testing.ts';

let database: TestDatabase;
let client: pg.Client;
beforeEach(async () => {
  database = await createTestDatabase();
  client = new pg.Client(database.connection);
  await client.connect();
  await client.query('create table kept (word text)');
  await client.query(`insert into kept values ('here')`);
});
afterEach(async () => {
  await client.end();
  await database.drop();
});

const run = (...more: Migration[]) => migrate(database.connection, silentLogger, [...migrations, ...more]);
const names = async () => (await client.query<{ name: string }>('select name from migrations order by name')).rows.map(({ name }) => name);
const kept = async () => (await client.query<{ word: string }>('select word from kept')).rows;
const adds: Migration = { name: '9001-adds', up: async (tx) => void (await sql`alter table kept add column more int`.execute(tx)) };
/** Waits longer than Postgres lets it. */
const slow: Migration = {
  name: '9002-slow',
  async up(tx) {
    await sql`alter table kept drop column word`.execute(tx);
    await sql`set local statement_timeout = '20ms'`.execute(tx);
    await sql`select pg_sleep(60)`.execute(tx);
  },
};
const after: Migration = { name: '9003-after', up: async (tx) => void (await sql`drop table kept`.execute(tx)) };

test('one that times out is an error of the start, undoes what it did, and keeps those behind it from running (C20, litellm 23976, 9558)', async () => {
  await expect(run(adds, slow, after)).rejects.toMatchObject({ code: 'migration_failed', message: expect.stringContaining('9002-slow') as string });
  expect(await names()).toEqual([...migrations.map(({ name }) => name), '9001-adds']);
  expect(await kept()).toEqual([{ word: 'here' }]);
});

test('the next start begins where it failed, and nothing runs twice', async () => {
  await expect(run(adds, slow)).rejects.toMatchObject({ code: 'migration_failed' });
  expect(await run(adds, { name: '9002-slow', up: async () => {} })).toEqual(['9002-slow']);
  expect(await run(adds, { name: '9002-slow', up: async () => {} })).toEqual([]);
});

test('two servers that start at once apply each migration once', async () => {
  const [one, other] = await Promise.all([run(adds), run(adds)]);
  expect([...one, ...other]).toEqual(['9001-adds']);
});

test('a database of a newer version is not touched', async () => {
  await client.query(`insert into migrations (name) values ('9999-later')`);
  await expect(run(adds)).rejects.toMatchObject({ code: 'database_newer' });
  expect(await names()).not.toContain('9001-adds');
  expect(await kept()).toEqual([{ word: 'here' }]);
});

test('a database that is removed right after it is migrated is nobody\'s error, though the connection is still on its way out', async () => {
  // Three rounds in four met it while nobody listened; an error that nobody heard fails the run.
  const name = `${database.connection.database}_short`;
  for (let round = 0; round < 4; round += 1) {
    await client.query(`create database ${name}`);
    expect(await migrate({ ...database.connection, database: name }, silentLogger, [])).toEqual([]);
    await client.query(`drop database ${name} with (force)`);
  }
});
