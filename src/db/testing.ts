import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { silentLogger, systemClock } from '../base/index.ts';
import type { Connection } from './database.ts';
import { startEmbeddedPostgres } from './embedded/index.ts';
import { migrate } from './migrate.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The home of this run's one database server, given by `test/support/postgres.ts`. */
    testPostgresHome: string;
  }
}

const TEMPLATE = 'tandem_template';
/** Any fixed number: one test file makes the template while the others wait. */
const TEMPLATE_LOCK = 0x7a6d_0002;

/** Nothing in a test outlives the machine, so nothing waits for the disk. */
const SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300', autovacuum: 'off' };

export interface TestDatabase {
  /** For `openDatabase` or `pg`, as the owner of an empty, migrated database of its own. */
  readonly connection: Connection;
  /** Ends its connections and removes it. Not needed for tidiness: the server goes at the end of the run. */
  drop(): Promise<void>;
}

let server: Promise<Connection> | undefined;

/** The one server of this test run. The first file that asks starts it, the others find it running. */
export function testPostgres(): Promise<Connection> {
  server ??= startEmbeddedPostgres({ home: inject('testPostgresHome'), log: silentLogger, clock: systemClock, settings: SETTINGS, watch: false }).then(
    ({ connection }) => connection,
  );
  return server;
}

let template: Promise<void> | undefined;

/**
 * A fresh database with every migration applied: a copy of a template. Its files are copied as they are, since writing each page into the
 * write-ahead log, as Postgres does by itself, takes six to nine times as long with so many small tables.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const maintenance = await testPostgres();
  await (template ??= makeTemplate(maintenance));
  const name = `test_${randomBytes(6).toString('hex')}`;
  await once(maintenance, (client) => client.query(`create database ${name} template ${TEMPLATE} strategy file_copy`));
  return {
    connection: { ...maintenance, database: name },
    drop: async () => {
      await once(maintenance, (client) => client.query(`drop database if exists ${name} with (force)`));
    },
  };
}

async function makeTemplate(maintenance: Connection): Promise<void> {
  await once(maintenance, async (client) => {
    await client.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const { rowCount } = await client.query('select from pg_database where datname = $1', [TEMPLATE]);
    if (rowCount !== 0) return;
    // Under another name until it is whole: a failed migration must not leave half a template.
    const draft = `${TEMPLATE}_draft`;
    await client.query(`drop database if exists ${draft}`);
    await client.query(`create database ${draft}`);
    await migrate({ ...maintenance, database: draft }, silentLogger);
    await client.query(`alter database ${draft} rename to ${TEMPLATE}`);
  });
}

/** One connection for one piece of work; closing it frees what it locked. */
async function once<Result>(connection: Connection, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
