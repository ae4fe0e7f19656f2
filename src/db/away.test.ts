import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TandemError, silentLogger, systemClock } from '../base/index.ts';
import { isDatabaseAway, isDatabaseLost } from './away.ts';
import { openDatabase } from './index.ts';
import { createTestDatabase, type TestDatabase } from './testing.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

/** What a client of its own throws, and itself. */
async function thrown(config: pg.ClientConfig, work: (client: pg.Client) => Promise<unknown> = async () => {}): Promise<unknown> {
  const client = new pg.Client(config);
  client.on('error', () => {});
  try {
    await client.connect();
    await work(client);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await client.end().catch(() => {});
  }
}

it('a database that ends what it was asked is away, and so is its connection afterwards', async () => {
  const ended = await thrown(test.connection as pg.ClientConfig, async (client) => {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const sleeping = client.query('select pg_sleep(60)');
    sleeping.catch(() => {});
    await thrown(test.connection as pg.ClientConfig, (other) => other.query('select pg_terminate_backend($1)', [rows[0]!.pid]));
    await sleeping.catch((error: Error) => { expect(error).toMatchObject({ code: '57P01' }); expect(isDatabaseAway(error)).toBe(true); });
    await client.query('select 1');
  });
  expect(isDatabaseAway(ended), String(ended)).toBe(true);
});

it('nobody who listens, a socket that is not there, and one who hangs up or says nothing are away', async () => {
  expect(isDatabaseAway(await thrown({ host: '127.0.0.1', port: 1 }))).toBe(true);
  expect(isDatabaseAway(await thrown({ host: '/nowhere/at/all', port: 5432 }))).toBe(true);
  for (const hangsUp of [true, false]) {
    const server = createServer((socket) => void (hangsUp ? socket.destroy() : socket.on('error', () => {})));
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    const { port } = server.address() as AddressInfo;
    const error = await thrown({ host: '127.0.0.1', port, connectionTimeoutMillis: 200 });
    expect(isDatabaseAway(error), String(error)).toBe(true);
    server.close();
  }
});

it('a connection that breaks and one that cannot be made anew are of the database; the same words of somebody else are not', async () => {
  const { host, port } = test.connection as { host: string; port: number };
  const sockets = new Set<Socket>();
  const relay = createServer((client) => {
    const server = connect(`${host}/.s.PGSQL.${port}`);
    for (const socket of [client, server]) sockets.add(socket.on('error', () => {}));
    client.pipe(server).pipe(client);
  });
  await new Promise<void>((resolve) => { relay.listen(0, '127.0.0.1', resolve); });
  const database = await openDatabase({ connection: { ...test.connection, host: '127.0.0.1', port: (relay.address() as AddressInfo).port }, log: silentLogger, clock: systemClock });
  const thrownBy = (work: Promise<unknown>): Promise<unknown> => work.then(() => undefined, (error: unknown) => error);
  const asked = thrownBy(sql`select pg_sleep(60)`.execute(database.unscoped('a test')));
  await sql`select 1`.execute(database.unscoped('a test'));
  relay.close();
  for (const socket of sockets) socket.destroy();
  expect(isDatabaseLost(await asked)).toBe(true);
  // A connection that rests in the pool may not have heard yet; the ones after it are made anew.
  let anew: unknown;
  for (let times = 0; times < 5; times += 1) {
    anew = await thrownBy(sql`select 1`.execute(database.unscoped('a test')));
    expect(isDatabaseLost(anew), String(anew)).toBe(true);
  }
  expect(anew).toMatchObject({ code: 'ECONNREFUSED' });
  expect(isDatabaseLost(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))).toBe(false);
  await database.close();
});

it('more connections than there are is away', async () => {
  const pool = new pg.Pool({ ...test.connection, max: 1, connectionTimeoutMillis: 50 });
  const taken = await pool.connect();
  await pool.connect().then(() => expect.fail('there was another'), (error: unknown) => expect(isDatabaseAway(error), String(error)).toBe(true));
  taken.release();
  await pool.end();
});

it.each([
  // From the list of Postgres' codes and from the message of a server that lost its postmaster.
  [Object.assign(new Error('terminating connection due to unexpected postmaster exit'), { code: '57P01' }), true],
  [Object.assign(new Error('the database system is starting up'), { code: '57P03' }), true],
  [Object.assign(new Error('sorry, too many clients already'), { code: '53300' }), true],
  [Object.assign(new Error('connection failure'), { code: '08006' }), true],
  [new TandemError('database_unreachable', { params: { reason: 'x' }, cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }) }), true],
  [new AggregateError([Object.assign(new Error('connect ECONNREFUSED ::1:5432'), { code: 'ECONNREFUSED' })]), true],
  [Object.assign(new Error('password authentication failed'), { code: '28P01' }), false],
  [Object.assign(new Error('database "x" does not exist'), { code: '3D000' }), false],
  [Object.assign(new Error('duplicate key value'), { code: '23505' }), false],
  [Object.assign(new Error('no such file'), { code: 'ENOENT', syscall: 'open' }), false],
  [new Error('Something else'), false],
  ['no error', false],
])('%s: %s', (error, away) => {
  expect(isDatabaseAway(error)).toBe(away);
});
