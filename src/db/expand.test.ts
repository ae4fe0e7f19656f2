import pg from 'pg';
import { expect, test } from 'vitest';
import { silentLogger } from '../base/index.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations/index.ts';
import { createTestDatabase } from './testing.ts';

/** What statements of a server rely on, by table. */
interface Catalog {
  /** `table.column` to its type, and whether a row may leave it out. */
  readonly columns: ReadonlyMap<string, { readonly type: string; readonly optional: boolean }>;
  /** Keys that `on conflict` may name: `table (column, …)`. */
  readonly keys: ReadonlySet<string>;
}

/** Narrowings that were made before there was a first release. None may be added. */
const BEFORE_THE_FIRST_RELEASE = ['0025-quotas: the key lease_quotas (scope_kind, scope_id) is gone'];

async function catalog(client: pg.Client): Promise<Catalog> {
  const columns = await client.query<{ table_name: string; column_name: string; type: string; optional: boolean }>(`select c.table_name, c.column_name, c.data_type || coalesce(c.character_maximum_length::text, '') as type,
    c.is_nullable = 'YES' or c.column_default is not null or c.is_identity = 'YES' or c.is_generated <> 'NEVER' as optional from information_schema.columns c where c.table_schema = 'public'`);
  const keys = await client.query<{ key: string }>(`select t.relname || ' (' || string_agg(a.attname, ', ' order by k.place) || ')' as key from pg_index i join pg_class t on t.oid = i.indrelid join pg_namespace n on n.oid = t.relnamespace
    cross join lateral unnest(i.indkey) with ordinality as k(column_number, place) join pg_attribute a on a.attrelid = t.oid and a.attnum = k.column_number where n.nspname = 'public' and i.indisunique and i.indpred is null group by i.indexrelid, t.relname`);
  return { columns: new Map(columns.rows.map(({ table_name, column_name, type, optional }) => [`${table_name}.${column_name}`, { type, optional }])), keys: new Set(keys.rows.map(({ key }) => key)) };
}

/** What a statement of the server before could trip over. */
function narrowings(before: Catalog, after: Catalog): string[] {
  const tables = new Set([...before.columns.keys()].map((name) => name.split('.')[0]!));
  return [
    ...[...before.columns].flatMap(([name, { type, optional }]) => {
      const now = after.columns.get(name);
      if (now === undefined) return [`${name} is gone`];
      if (now.type !== type) return [`${name} is ${now.type} instead of ${type}`];
      return optional && !now.optional ? [`${name} may not be left out any more`] : [];
    }),
    ...[...after.columns].filter(([name, { optional }]) => !before.columns.has(name) && !optional && tables.has(name.split('.')[0]!)).map(([name]) => `${name} is new and may not be left out`),
    ...[...before.keys].filter((key) => !after.keys.has(key)).map((key) => `the key ${key} is gone`),
    // An existing table that suddenly refuses what was allowed.
    ...[...after.keys].filter((key) => !before.keys.has(key) && tables.has(key.split(' ')[0]!) && isOfOldColumns(key, before)).map((key) => `the key ${key} is new on a table that was there`),
  ];
}

function isOfOldColumns(key: string, before: Catalog): boolean {
  const [, table, columns] = /^(\S+) \((.*)\)$/.exec(key)!;
  return columns!.split(', ').every((column) => before.columns.has(`${table}.${column}`));
}

test('each migration only adds, so that the server before it goes on over the new schema while servers are brought up to date one by one', async () => {
  const database = await createTestDatabase();
  const client = new pg.Client(database.connection);
  try {
    await client.connect();
    // Tests begin with all of them applied.
    await client.query('drop schema public cascade');
    await client.query('create schema public');
    const found: string[] = [];
    let before: Catalog | undefined;
    for (let count = 1; count <= migrations.length; count += 1) {
      await migrate(database.connection, silentLogger, migrations.slice(0, count));
      const after = await catalog(client);
      if (before !== undefined) found.push(...narrowings(before, after).map((what) => `${migrations[count - 1]!.name}: ${what}`));
      before = after;
    }
    expect(found).toEqual(BEFORE_THE_FIRST_RELEASE);
  } finally {
    await client.end();
    await database.drop();
  }
});

test('a narrowing is seen: a column that goes, changes or is asked for, and a key that goes or comes', async () => {
  const of = (columns: Record<string, [string, boolean]>, keys: string[] = []): Catalog => ({ columns: new Map(Object.entries(columns).map(([name, [type, optional]]) => [name, { type, optional }])), keys: new Set(keys) });
  const before = of({ 'a.x': ['text', true], 'a.y': ['text', false], 'a.z': ['text', true] }, ['a (y)']);
  expect(narrowings(before, of({ 'a.x': ['text', false], 'a.y': ['integer', false], 'a.new': ['text', false], 'b.new': ['text', false] }, ['a (x)', 'a (new)']))).toEqual([
    'a.x may not be left out any more', 'a.y is integer instead of text', 'a.z is gone', 'a.new is new and may not be left out', 'the key a (y) is gone', 'the key a (x) is new on a table that was there',
  ]);
  expect(narrowings(before, of({ 'a.x': ['text', true], 'a.y': ['text', true], 'a.z': ['text', true], 'a.more': ['text', true], 'b.new': ['text', false] }, ['a (y)', 'b (new)', 'a (more)']))).toEqual([]);
});
