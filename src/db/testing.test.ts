import pg from 'pg';
import { expect, test } from 'vitest';
import { createTestDatabase } from './testing.ts';

test('gives each caller a migrated database of its own', async () => {
  const [one, two] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  const client = new pg.Client(one.connection);
  await client.connect();
  const { rows } = await client.query<{ here: string; setup: string }>("select current_database() as here, current_setting('fsync') as setup");
  expect(rows).toEqual([{ here: one.connection.database, setup: 'off' }]);
  expect((await client.query('select name from migrations')).rows).toBeInstanceOf(Array);
  await client.query('create table only_here ()');
  await client.end();

  const other = new pg.Client(two.connection);
  await other.connect();
  expect((await other.query("select to_regclass('only_here') as found")).rows).toEqual([{ found: null }]);
  await other.end();
  await Promise.all([one.drop(), two.drop()]);
  await expect(new pg.Client(one.connection).connect()).rejects.toMatchObject({ code: '3D000' });
});
