import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TandemError } from '../../base/index.ts';
import { databaseProcesses, emptyFolder, preparedHome, query, smallDisk, start, startInProcess } from './fixtures.ts';

const root = process.getuid?.() === 0;
const linux = process.platform === 'linux';
const dataOf = (home: string): string => join(home, 'postgres', 'data');

/** The error of a start that must fail, and the proof that it left nothing running. */
async function failureOf(home: string, options: Partial<Parameters<typeof start>[0]> = {}): Promise<TandemError> {
  const error = await start({ home, ...options }).then(
    async (server) => {
      await server.stop();
      throw new Error('it started');
    },
    (reason: unknown) => reason,
  );
  // A child that the server had just begun sees for itself that the server is gone, some milliseconds after it.
  await expect.poll(() => databaseProcesses(home), { interval: 5, timeout: 2_000 }).toEqual([]);
  return error as TandemError;
}

describe('data that cannot be used', () => {
  test('of a newer major version', async () => {
    const home = await preparedHome();
    writeFileSync(join(dataOf(home), 'PG_VERSION'), '19\n');
    const error = await failureOf(home);
    expect(error.code).toBe('database_major');
    expect(error.message).toContain('are of Postgres 19, and this version brings Postgres 18');
    expect(error.next).toContain('restore');
  });

  test.each([
    ['no PG_VERSION', (data: string) => rmSync(join(data, 'PG_VERSION'))],
    ['a torn control file', (data: string) => truncateSync(join(data, 'global', 'pg_control'), 100)],
    ['no control file', (data: string) => rmSync(join(data, 'global', 'pg_control'))],
    ['no log', (data: string) => readdirSync(join(data, 'pg_wal')).filter((name) => name.startsWith('0')).forEach((name) => rmSync(join(data, 'pg_wal', name)))],
    ['no configuration', (data: string) => rmSync(join(data, 'postgresql.conf'))],
    ['no rules who may connect', (data: string) => rmSync(join(data, 'pg_hba.conf'))],
    ['a file in its place', (data: string) => { rmSync(data, { recursive: true }); writeFileSync(data, ''); }],
  ])('with %s', async (_, damage) => {
    const home = await preparedHome();
    damage(dataOf(home));
    const error = await failureOf(home);
    expect(error.code, error.message).toBe('database_corrupt');
    expect(error.message).toContain(dataOf(home));
    expect(error.next).toContain(join(home, 'postgres', 'log', 'postgres.log'));
  });
});

describe('a machine that has too little', () => {
  test('memory', async () => {
    const home = await preparedHome();
    const error = await failureOf(home, { settings: { shared_buffers: '900GB' } });
    expect(error.code, error.message).toBe('database_memory');
    const server = await start({ home });
    await server.stop();
  });

  test.runIf(root && linux)('disk for the first start', async ({ skip }) => {
    const disk = smallDisk('20m') ?? skip('no small disk can be mounted here');
    const home = join(disk, 'home');
    const error = await failureOf(home);
    expect(error.code, error.message).toBe('disk_full');
    expect(readdirSync(join(home, 'postgres')).sort()).toEqual(['log', 'password']);
    // With room it works, without anything to clean up first.
    spawnSync('mount', ['-o', 'remount,size=300m', disk]);
    const server = await start({ home });
    await server.stop();
  });

  test.runIf(root && linux)('disk for a later start', async ({ skip }) => {
    const disk = smallDisk('300m') ?? skip('no small disk can be mounted here');
    const home = join(disk, 'home');
    await (await start({ home })).stop();
    const filler = join(disk, 'filler');
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(filler, Buffer.alloc(bavail * bsize));
    const error = await failureOf(home);
    expect(error.code, error.message).toBe('disk_full');
    rmSync(filler);
    await (await start({ home })).stop();
  });

  test('time', async () => {
    const home = await preparedHome();
    const error = await failureOf(home, { startTimeoutMs: 0 });
    expect(error.code, error.message).toBe('database_timeout');
    expect(existsSync(join(dataOf(home), 'postmaster.pid'))).toBe(false);
  });
});

describe('a home that cannot be written', () => {
  test.runIf(root && linux)('on a read-only disk', async ({ skip }) => {
    const disk = smallDisk('10m') ?? skip('no small disk can be mounted here');
    spawnSync('mount', ['-o', 'remount,ro', disk]);
    const error = await failureOf(join(disk, 'home'));
    expect(error.code, error.message).toBe('home_read_only');
    expect(error.message).toContain('read-only');
  });

  test.runIf(root && linux)('by this user', async () => {
    const home = join(emptyFolder(), 'home');
    chmodSync(join(home, '..'), 0o755);
    mkdirSync(home);
    const { told } = await startInProcess(home, { uid: 1, gid: 1 });
    expect(told).toMatchObject({ ok: false, code: 'home_read_only' });
  });

  test.runIf(root && linux)('by this user, because root started it before', async () => {
    const home = await preparedHome();
    for (const folder of [join(home, '..'), home, join(home, 'postgres')]) {
      chmodSync(folder, 0o755);
      chownSync(folder, 1, 1);
    }
    const { told } = await startInProcess(home, { uid: 1, gid: 1 });
    expect(told).toMatchObject({ ok: false, code: 'home_read_only' });
  });
});

test('a setting that Postgres refuses is named', async () => {
  const home = await preparedHome();
  const error = await failureOf(home, { settings: { shared_buffers: 'plenty' } });
  expect(error.code).toBe('database_start_failed');
  expect(error.message).toContain('shared_buffers');
  expect(error.detail).toContain('plenty');
});

describe('aborting', () => {
  test('the first start leaves no process and nothing half made', async () => {
    const home = join(emptyFolder(), 'home');
    const abort = new AbortController();
    const starting = failureOf(home, { signal: abort.signal });
    await expect.poll(() => readdirSync(emptyOr(join(home, 'postgres'))).some((name) => name.startsWith('data.new-')), { interval: 5, timeout: 10_000 }).toBe(true);
    abort.abort(new Error('enough'));
    expect((await starting).message).toBe('enough');
    expect(readdirSync(join(home, 'postgres')).sort()).toEqual(['log', 'password']);
  });

  test('a start in progress stops the server that it started', async () => {
    const home = await preparedHome();
    const abort = new AbortController();
    const starting = failureOf(home, { signal: abort.signal });
    await expect.poll(() => existsSync(join(dataOf(home), 'postmaster.pid')), { interval: 1, timeout: 10_000 }).toBe(true);
    abort.abort(new Error('enough'));
    expect((await starting).message).toBe('enough');
    expect(existsSync(join(dataOf(home), 'postmaster.pid'))).toBe(false);
  });

  test('before the start touches nothing', async () => {
    const home = join(emptyFolder(), 'home');
    expect((await failureOf(home, { signal: AbortSignal.abort(new Error('enough')) })).message).toBe('enough');
    expect(existsSync(home)).toBe(false);
  });
});

test('an interrupted first start is cleared away by the next', async () => {
  const home = await preparedHome();
  mkdirSync(join(home, 'postgres', 'data.new-4194305', 'base'), { recursive: true });
  writeFileSync(join(home, 'postgres', 'password.new-4194305'), 'half');
  const server = await start({ home });
  expect(await query(server.connection, 'select value from kept')).toEqual([{ value: 1 }]);
  await server.stop();
  expect(readdirSync(join(home, 'postgres')).sort()).toEqual(['data', 'log', 'password']);
  expect(readFileSync(join(home, 'postgres', 'password'), 'utf8')).toContain(server.connection.password);
});

function emptyOr(folder: string): string {
  return existsSync(folder) ? folder : '/proc/self/task';
}
