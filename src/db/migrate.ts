import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { TandemError, type Logger } from '../base/index.ts';
import type { Connection } from './database.ts';
import type { Migration } from './migration.ts';
import { migrations as shipped } from './migrations/index.ts';

/** Any fixed number: it keeps two servers from migrating one database at once. */
const MIGRATION_LOCK = 0x7a6d_0001;

/**
 * Brings the schema up to date. Each migration commits by itself, so a failing one leaves the
 * database as it was before it, and the server does not start.
 * @returns the names applied now.
 * @throws TandemError migration_failed, database_newer, database_unreachable.
 */
export async function migrate(connection: Connection, log: Logger, migrations: readonly Migration[] = shipped): Promise<string[]> {
  const pool = new pg.Pool({ ...connection, max: 1, connectionTimeoutMillis: 5_000, application_name: 'tandem-migrate' });
  // A connection that breaks tells its query, and says it once more as an event; unheard, that counts as an error that nobody caught.
  pool.on('connect', (client) => client.on('error', () => {})).on('error', () => {});
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    return await db.connection().execute(async (one) => {
      await sql`select pg_advisory_lock(${MIGRATION_LOCK})`.execute(one);
      try {
        return await applyMissing(one, migrations, log);
      } finally {
        // With a connection that is gone, so is its lock.
        await sql`select pg_advisory_unlock(${MIGRATION_LOCK})`.execute(one).catch(() => {});
      }
    });
  } catch (error) {
    if (error instanceof TandemError) throw error;
    throw new TandemError('database_unreachable', { params: { reason: error instanceof Error ? error.message : String(error) }, cause: error });
  } finally {
    await db.destroy();
  }
}

async function applyMissing(db: Kysely<unknown>, migrations: readonly Migration[], log: Logger): Promise<string[]> {
  await sql`create table if not exists migrations (name text primary key, applied_at timestamptz not null default now())`.execute(db);
  const { rows } = await sql<{ name: string }>`select name from migrations order by name`.execute(db);
  const known = new Set(migrations.map((migration) => migration.name));
  const unknown = rows.find((row) => !known.has(row.name));
  if (unknown) throw new TandemError('database_newer', { params: { name: unknown.name } });

  const done = new Set(rows.map((row) => row.name));
  const applied: string[] = [];
  for (const migration of migrations) {
    if (done.has(migration.name)) continue;
    try {
      await db.transaction().execute(async (tx) => {
        await migration.up(tx);
        await sql`insert into migrations (name) values (${migration.name})`.execute(tx);
      });
    } catch (error) {
      throw new TandemError('migration_failed', { params: { name: migration.name, reason: error instanceof Error ? error.message : String(error) }, cause: error });
    }
    log.info({ migration: migration.name }, 'migrated');
    applied.push(migration.name);
  }
  return applied;
}
