import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { TandemError, type Logger } from '../../base/index.ts';
import type { Connection } from '../database.ts';
import { migrate } from '../migrate.ts';
import { migrations as shipped } from '../migrations/index.ts';
import type { DumpManifest } from './dump.ts';

/**
 * Brings a dump back into an empty database: the schema as it was when the dump was made, then all
 * rows in one transaction. Later migrations run at the next start.
 * @throws TandemError restore_not_empty, database_newer.
 */
export async function restoreTables(connection: Connection, folder: string, manifest: DumpManifest, log: Logger): Promise<void> {
  const unknown = manifest.migrations.find((name) => !shipped.some((migration) => migration.name === name));
  if (unknown !== undefined) throw new TandemError('database_newer', { params: { name: unknown } });

  const client = new pg.Client({ ...connection, application_name: 'tandem-restore' });
  await client.connect();
  try {
    const { rows } = await client.query<{ count: string }>(`select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')`);
    if (rows[0]!.count !== '0') throw new TandemError('restore_not_empty', { params: { what: 'The database' } });
    await migrate(connection, log, shipped.filter((migration) => manifest.migrations.includes(migration.name)));

    await client.query('begin');
    await forgetSeeds(client, manifest);
    const resting = await restTriggers(client);
    for (const table of manifest.tables) {
      const columns = table.columns.map((name) => pg.escapeIdentifier(name)).join(', ');
      const stream = client.query(copyFrom(`copy ${pg.escapeIdentifier(table.name)} (${columns}) from stdin`));
      await pipeline(createReadStream(join(folder, `${table.name}.copy`)), stream);
    }
    for (const [name, next] of Object.entries(manifest.sequences)) {
      await client.query('select setval($1::regclass, $2::bigint, false)', [pg.escapeIdentifier(name), next]);
    }
    // No table is altered while checks of its rows wait for the end of the transaction.
    await client.query('set constraints all immediate');
    for (const trigger of resting) await client.query(`alter table ${trigger.on} enable trigger ${trigger.name}`);
    await client.query('commit');
  } finally {
    await client.end();
  }
}

/**
 * What triggers make of a row is in the dump already, so none makes it again, whatever order tables come in. What only checks rows (constraints) is
 * left on, and a failed restore takes this back with everything else.
 * @returns those that are to go on afterwards.
 */
async function restTriggers(client: pg.Client): Promise<{ readonly on: string; readonly name: string }[]> {
  const { rows } = await client.query<{ table: string; trigger: string }>(
    `select c.relname as table, t.tgname as trigger from pg_trigger t join pg_class c on c.oid = t.tgrelid
     where c.relnamespace = 'public'::regnamespace and not t.tgisinternal and t.tgconstraint = 0 and t.tgparentid = 0 and t.tgenabled <> 'D' order by 1, 2`,
  );
  const triggers = rows.map(({ table, trigger }) => ({ on: pg.escapeIdentifier(table), name: pg.escapeIdentifier(trigger) }));
  for (const { on, name } of triggers) await client.query(`alter table ${on} disable trigger ${name}`);
  return triggers;
}

/** Rows that migrations put in by themselves come from the dump like all others. */
async function forgetSeeds(client: pg.Client, { tables }: DumpManifest): Promise<void> {
  for (const { name } of tables.toReversed()) {
    const { rows } = await client.query<{ filled: boolean }>(`select exists (select from ${pg.escapeIdentifier(name)}) as filled`);
    if (rows[0]!.filled) await client.query(`delete from ${pg.escapeIdentifier(name)}`);
  }
}
