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
    for (const table of manifest.tables) {
      const columns = table.columns.map((name) => pg.escapeIdentifier(name)).join(', ');
      const stream = client.query(copyFrom(`copy ${pg.escapeIdentifier(table.name)} (${columns}) from stdin`));
      await pipeline(createReadStream(join(folder, `${table.name}.copy`)), stream);
    }
    for (const [name, next] of Object.entries(manifest.sequences)) {
      await client.query('select setval($1::regclass, $2::bigint, false)', [pg.escapeIdentifier(name), next]);
    }
    await client.query('commit');
  } finally {
    await client.end();
  }
}

/** Rows that migrations put in by themselves come from the dump like all others. */
async function forgetSeeds(client: pg.Client, { tables }: DumpManifest): Promise<void> {
  for (const { name } of tables.toReversed()) {
    const { rows } = await client.query<{ filled: boolean }>(`select exists (select from ${pg.escapeIdentifier(name)}) as filled`);
    if (rows[0]!.filled) await client.query(`delete from ${pg.escapeIdentifier(name)}`);
  }
}
