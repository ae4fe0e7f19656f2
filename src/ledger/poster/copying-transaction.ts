import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient, type Transaction } from 'kysely';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Database, Schema } from '../../db/index.ts';

/** Sends rows, in the text form of COPY, by a `copy … from stdin` statement. */
export type Copy = (statement: string, rows: string) => Promise<void>;

/**
 * A transaction in which COPY can be used beside queries: it takes less than half of what an insert of the same rows
 * takes of Postgres' time (14.7 against 37 µs a usage event, measured on 2026-11-23).
 */
export async function copyingTransaction<T>(database: Pick<Database, 'pool'>, work: (tx: Transaction<Schema>, copy: Copy) => Promise<T>): Promise<T> {
  const client = await database.pool.connect();
  let broken: Error | undefined;
  try {
    const kysely = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: only(client) }) });
    return await kysely.transaction().execute((tx) => work(tx, (statement, rows) => copyRows(client, statement, rows)));
  } catch (error) {
    // A refused statement leaves the connection as it was; anything else makes it suspect.
    if ((error as { code?: string }).code === undefined) broken = error as Error;
    throw error;
  } finally {
    client.release(broken);
  }
}

/** A pool of the one connection that is given. */
function only(client: PoolClient): PostgresPool {
  const lent = {
    query: client.query.bind(client),
    release: () => {},
  };
  return { connect: async () => lent as unknown as PostgresPoolClient, end: async () => {} } as PostgresPool;
}

function copyRows(client: PoolClient, statement: string, rows: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = client.query(copyFrom(statement));
    stream.once('finish', resolve);
    stream.once('error', reject);
    stream.end(rows);
  });
}
