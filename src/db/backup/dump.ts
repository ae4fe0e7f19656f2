import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Connection } from '../database.ts';
import { listTables, type BackupTable } from './tables.ts';

/** What a dump holds beside the files `<table>.copy`. */
export interface DumpManifest {
  readonly migrations: readonly string[];
  readonly tables: readonly (BackupTable & { readonly rows: number })[];
  /** Next values of sequences, by name. */
  readonly sequences: Readonly<Record<string, string>>;
}

/**
 * Writes every table into `folder`, one file each in Postgres' COPY text form, as of one moment
 * (one repeatable-read snapshot), while the server goes on. Works on any Postgres, needs no pg_dump.
 */
export async function dumpTables(connection: Connection, folder: string, signal: AbortSignal): Promise<DumpManifest> {
  const client = new pg.Client({ ...connection, application_name: 'tandem-backup' });
  await client.connect();
  try {
    await client.query('begin transaction isolation level repeatable read, read only');
    const { rows: migrations } = await client.query<{ name: string }>('select name from migrations order by name');
    const tables: (BackupTable & { rows: number })[] = [];
    for (const table of await listTables(client)) {
      const columns = table.columns.map((name) => pg.escapeIdentifier(name)).join(', ');
      const stream = client.query(copyTo(`copy ${pg.escapeIdentifier(table.name)} (${columns}) to stdout`));
      await pipeline(stream, createWriteStream(join(folder, `${table.name}.copy`), { mode: 0o600 }), { signal });
      tables.push({ ...table, rows: stream.rowCount ?? 0 });
    }
    const { rows: sequences } = await client.query<{ name: string; next: string }>(
      `select sequencename as name, coalesce(last_value + increment_by, start_value)::text as next from pg_sequences where schemaname = 'public'`,
    );
    await client.query('commit');
    return {
      migrations: migrations.map(({ name }) => name), tables,
      sequences: Object.fromEntries(sequences.map(({ name, next }) => [name, next])),
    };
  } finally {
    await client.end();
  }
}
