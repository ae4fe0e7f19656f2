import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import pg from 'pg';
import { TandemError, type Clock, type Logger } from '../base/index.ts';
import { ofDatabase } from './away.ts';
import { Channel, notify, type ChannelHandler } from './channel.ts';
import type { Schema } from './schema.ts';
import { scopeTo, type Executor, type Scoped } from './scope.ts';

/** How to reach Postgres: the form of `pg`. */
export type Connection = pg.PoolConfig;

export interface Database {
  /** Every query bound to one organisation; inside a transaction pass it as `executor`. */
  scoped(organisationId: string, executor?: Executor): Scoped;
  /** The whole database, for work above organisations. The reason is for the reader of the call. */
  unscoped(reason: string): Executor;
  transaction<T>(work: (tx: Transaction<Schema>) => Promise<T>): Promise<T>;
  /** The handler also gets `resync` after the connection was lost, since notifications may have been missed. */
  listen(channel: string, handler: ChannelHandler): Promise<() => Promise<void>>;
  notify(executor: Executor, channel: string, payload: string): Promise<void>;
  /** Milliseconds since Postgres was last known to answer; above 5,000 refuse what cannot be checked. */
  staleForMs(): number;
  readonly connection: Connection;
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

/**
 * Opens a pool and the channel.
 * @throws TandemError database_unreachable with Postgres' own reason, without the password.
 */
export async function openDatabase(options: { connection: Connection; log: Logger; clock: Clock; poolSize?: number }): Promise<Database> {
  const { connection, log, clock } = options;
  const pool = new pg.Pool({ max: options.poolSize ?? 10, connectionTimeoutMillis: 5_000, application_name: 'tandem', ...connection });
  // A connection that breaks while it is lent tells its queries, and says it once more as an event; unheard, that ends the process.
  pool.on('connect', (client) => client.on('error', ofDatabase));
  pool.on('error', (error) => log.warn({ reason: error.message }, 'an idle database connection broke'));
  const kysely = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: { options: pool.options, connect: () => pool.connect().catch((error: unknown) => { throw ofDatabase(error); }), end: () => pool.end() } }) });
  const channel = new Channel(connection, log, clock);
  try {
    await channel.start();
  } catch (error) {
    await kysely.destroy();
    throw new TandemError('database_unreachable', { params: { reason: reasonOf(error) }, cause: error });
  }
  return {
    connection, pool,
    scoped: (organisationId, executor = kysely) => scopeTo(executor, organisationId),
    unscoped: () => kysely,
    transaction: (work) => kysely.transaction().execute(work),
    listen: (name, handler) => channel.listen(name, handler),
    notify,
    staleForMs: () => channel.staleForMs(),
    async close() {
      await channel.stop();
      await kysely.destroy();
    },
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
