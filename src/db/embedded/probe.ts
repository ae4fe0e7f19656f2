import pg from 'pg';
import type { EmbeddedConnection } from './connection.ts';

/** What one attempt to connect found out. */
export type Probe =
  | { readonly kind: 'answers'; readonly pid: number }
  | { readonly kind: 'wrong_password' }
  /** Starting up, shutting down or recovering: it will change by itself. */
  | { readonly kind: 'not_yet' }
  | { readonly kind: 'silent'; readonly reason: string };

const INVALID_CATALOG_NAME = '3D000';
const WRONG_PASSWORD = '28P01';
const PASSING = new Set(['57P01', '57P02', '57P03', '53300']);

/**
 * Connects to the server behind this socket and asks for its process number: only the server of
 * that very data directory can answer it. Makes our database at the first time.
 */
export async function probe(connection: EmbeddedConnection): Promise<Probe> {
  try {
    return { kind: 'answers', pid: await serverPid(connection) };
  } catch (error) {
    return judge(error);
  }
}

async function serverPid(connection: EmbeddedConnection): Promise<number> {
  const ask = (client: pg.Client): Promise<number> =>
    client
      .query<{ pid: string }>("select split_part(pg_read_file('postmaster.pid'), E'\\n', 1) as pid")
      .then(({ rows }) => Number(rows[0]?.pid));
  try {
    return await withClient(connection, ask);
  } catch (error) {
    if ((error as { code?: string }).code !== INVALID_CATALOG_NAME) throw error;
    await withClient({ ...connection, database: 'template1' }, (client) => nameDatabase(client, connection.database));
    return await withClient(connection, ask);
  }
}

/** initdb made an empty database "postgres": ours by a new name, which takes 1 ms instead of a copy's 150. */
async function nameDatabase(client: pg.Client, name: string): Promise<void> {
  await client.query(`alter database postgres rename to ${client.escapeIdentifier(name)}`);
}

async function withClient<Result>(connection: EmbeddedConnection, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: 5_000 });
  // A server that goes away while we ask raises an event besides the rejection.
  client.on('error', () => {});
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

function judge(error: unknown): Probe {
  const { code, message } = error as { code?: string; message?: string };
  if (code === WRONG_PASSWORD) return { kind: 'wrong_password' };
  if (code !== undefined && PASSING.has(code)) return { kind: 'not_yet' };
  return { kind: 'silent', reason: message ?? 'no answer' };
}
