import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger, systemClock } from '../base/index.ts';
import { openDatabase, type Database } from './index.ts';
import { createTestDatabase, type TestDatabase } from './testing.ts';
import { isDuplicate, isOrphan } from './violations.ts';

let created: TestDatabase;
let database: Database;
beforeAll(async () => {
  created = await createTestDatabase();
  database = await openDatabase({ connection: created.connection, log: silentLogger, clock: systemClock });
  await database.pool.query('create table owners (id int primary key, name text constraint owners_name unique)');
  await database.pool.query('create table things (owner int references owners)');
  await database.pool.query(`insert into owners values (1, 'one')`);
});
afterAll(async () => {
  await database.close();
  await created.drop();
});

const refused = (text: string): Promise<unknown> => database.pool.query(text).then(() => 'taken', (error: unknown) => error);

test('what Postgres refuses is told apart, by its index too', async () => {
  const [key, name, owner, syntax] = [await refused(`insert into owners values (1, 'two')`), await refused(`insert into owners values (2, 'one')`), await refused('insert into things values (3)'), await refused('insert')];
  expect([key, name, owner, syntax, 'taken', null].map((error) => [isDuplicate(error), isDuplicate(error, 'owners_name'), isOrphan(error)])).toEqual([
    [true, false, false], [true, true, false], [false, false, true], [false, false, false], [false, false, false], [false, false, false],
  ]);
});
