import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient, type Transaction } from 'kysely';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Database, Schema } from '../../db/index.ts';

/** Begins a `copy … from stdin` statement. Until it is ended or failed, the transaction can do nothing else. */
export type Copy = (statement: string) => CopyIn;

/**
 * A transaction in which COPY can be used beside queries: it takes less than half of what an insert of the same rows
 * takes of Postgres' time (14.7 against 37 µs a usage event, measured on 2026-11-23).
 */
export async function copyingTransaction<T>(database: Pick<Database, 'pool'>, work: (tx: Transaction<Schema>, copy: Copy) => Promise<T>): Promise<T> {
  const client = await database.pool.connect();
  let broken: Error | undefined;
  try {
    const kysely = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: only(client) }) });
    return await kysely.transaction().execute((tx) => work(tx, (statement) => new CopyIn(client, statement)));
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

/** A COPY that is under way: Postgres takes in what is written while the next is made. */
export class CopyIn {
  readonly #stream;
  readonly #failed = Promise.withResolvers<never>();
  #running = true;

  constructor(client: PoolClient, statement: string) {
    this.#stream = client.query(copyFrom(statement));
    this.#stream.once('error', (error) => {
      this.#running = false;
      this.#failed.reject(error);
    });
    this.#stream.once('finish', () => {
      this.#running = false;
    });
    this.#failed.promise.catch(() => {});
  }

  /** Resolves when the connection takes more. */
  write(bytes: Buffer): Promise<void> {
    return Promise.race([new Promise<void>((resolve) => this.#stream.write(bytes, () => resolve())), this.#failed.promise]);
  }

  /** Resolves when Postgres has all of it. @throws what Postgres refused. */
  end(bytes: Buffer): Promise<void> {
    return Promise.race([new Promise<void>((resolve) => this.#stream.once('finish', resolve).end(bytes)), this.#failed.promise]);
  }

  /** Gives it up, so that the transaction can be rolled back. */
  async fail(): Promise<void> {
    if (!this.#running) return;
    this.#stream.destroy();
    await this.#failed.promise.catch(() => {});
  }
}
