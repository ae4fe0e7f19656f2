import { spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ended, emptyFolder, preparedHome, query, start, startInProcess } from './fixtures.ts';
import { LOCK_FILES, isServerOf } from './postmaster.ts';
import { isAlive } from './process-table.ts';

const root = process.getuid?.() === 0;
const dataOf = (home: string): string => join(home, 'postgres', 'data');

describe('the first start', () => {
  test('makes a database that only its socket reaches, with a password, in UTF-8 and UTC', async () => {
    const home = join(emptyFolder(), 'home');
    const server = await start({ home, settings: {} });
    expect(server.adopted).toBe(false);
    const rows = await query(
      server.connection,
      `select current_setting('listen_addresses') as listen, current_setting('fsync') as fsync, current_setting('TimeZone') as zone,
        current_setting('server_encoding') as encoding, current_database() as name, current_user as role,
        (select datlocprovider::text || ' ' || datlocale from pg_database where datname = current_database()) as locale`,
    );
    expect(rows).toEqual([{ listen: '', fsync: 'on', zone: 'UTC', encoding: 'UTF8', name: 'tandem', role: 'tandem', locale: 'b C.UTF-8' }]);
    await expect(query({ ...server.connection, password: 'wrong' }, 'select 1')).rejects.toMatchObject({ code: '28P01' });

    const password = join(home, 'postgres', 'password');
    expect(statSync(password).mode & 0o777).toBe(0o600);
    expect(readFileSync(password, 'utf8').trim()).toBe(server.connection.password);
    expect(statSync(dataOf(home)).mode & 0o777).toBe(0o700);
    if (root) expect(lstatSync(`/proc/${server.pid}`).uid).not.toBe(0);
    expect(readdirSync(join(home, 'postgres')).sort()).toEqual(['data', 'log', 'password']);

    await Promise.all([server.stop(), server.stop()]);
    expect(isAlive(server.pid)).toBe(false);
    expect(existsSync(join(dataOf(home), 'postmaster.pid'))).toBe(false);
  });

  test('by two at once gives both the same server', async () => {
    const home = join(emptyFolder(), 'home');
    const [one, two] = await Promise.all([startInProcess(home), startInProcess(home)]);
    if (!one.told.ok || !two.told.ok) throw new Error(JSON.stringify([one.told, two.told]));
    expect(one.told.pid).toBe(two.told.pid);
    expect([one.told.adopted, two.told.adopted].sort()).toEqual([false, true]);
  });
});

describe('a later start', () => {
  test('keeps the data and the password', async () => {
    const home = await preparedHome();
    const server = await start({ home });
    expect(await query(server.connection, 'select value from kept')).toEqual([{ value: 1 }]);
    await server.stop();
  });

  test('gives the database a new password when the file was lost', async () => {
    const home = await preparedHome();
    const before = readFileSync(join(home, 'postgres', 'password'), 'utf8').trim();
    rmSync(join(home, 'postgres', 'password'));
    const server = await start({ home });
    expect(server.connection.password).not.toBe(before);
    expect(await query(server.connection, 'select value from kept')).toEqual([{ value: 1 }]);
    await server.stop();
  });

  test('keeps one older log when the log has grown large', async () => {
    const home = await preparedHome();
    const log = join(home, 'postgres', 'log', 'postgres.log');
    writeFileSync(log, Buffer.alloc(10_000_001, 'x'));
    await (await start({ home })).stop();
    expect(statSync(`${log}.1`).size).toBe(10_000_001);
    expect(readFileSync(log, 'utf8')).toContain('database system is shut down');
  });

  test('writes no statement and no value into the log', async () => {
    const home = await preparedHome();
    const server = await start({ home });
    await query(server.connection, 'create unique index on kept (value)');
    await expect(query(server.connection, "insert into kept values (1) -- secret words")).rejects.toMatchObject({ code: '23505' });
    await expect(query(server.connection, "select 'secret words' from nowhere")).rejects.toMatchObject({ code: '42P01' });
    await server.stop();
    const log = readFileSync(join(home, 'postgres', 'log', 'postgres.log'), 'utf8');
    expect(log).toContain('duplicate key');
    expect(log).not.toMatch(/secret words|\(value\)=/);
  });
});

describe('after a crash', () => {
  test('of the server, its database goes on and is adopted', async () => {
    const home = await preparedHome();
    const { child, told } = await startInProcess(home);
    if (!told.ok) throw new Error(told.message);
    await query(told.connection, 'insert into kept values (2)');
    child.kill('SIGKILL');
    await ended(child);
    expect(isServerOf(told.pid, dataOf(home))).toBe(true);

    const server = await start({ home });
    expect(server.adopted).toBe(true);
    expect(server.pid).toBe(told.pid);
    expect(await query(server.connection, 'select count(*)::int as n from kept')).toEqual([{ n: 2 }]);
    await server.stop();
    expect(isAlive(told.pid)).toBe(false);
  });

  test('of both, committed rows are there', async () => {
    const home = await preparedHome();
    const { child, told } = await startInProcess(home);
    if (!told.ok) throw new Error(told.message);
    await query(told.connection, 'insert into kept select generate_series(2, 5000)');
    child.kill('SIGKILL');
    process.kill(told.pid, 'SIGKILL');
    await ended(child);

    const server = await start({ home });
    expect(server.adopted).toBe(false);
    expect(await query(server.connection, 'select count(*)::int as n from kept')).toEqual([{ n: 5000 }]);
    await server.stop();
  });

  test('of the database alone, it is started again under the same connection', async () => {
    const home = await preparedHome();
    const server = await start({ home });
    const before = server.pid;
    process.kill(before, 'SIGKILL');
    await expect.poll(() => server.pid, { timeout: 15_000 }).not.toBe(before);
    expect(await query(server.connection, 'select value from kept')).toEqual([{ value: 1 }]);
    await server.stop();
    expect(isAlive(server.pid)).toBe(false);
  });

  test('whose process number now belongs to another program of the same user', async () => {
    const home = await preparedHome();
    const first = await start({ home, watch: false });
    const identity = lstatSync(`/proc/${first.pid}`);
    process.kill(first.pid, 'SIGKILL');
    await expect.poll(() => isAlive(first.pid)).toBe(false);
    const stranger = spawn('sleep', ['60'], { uid: identity.uid, gid: identity.gid });
    try {
      for (const name of LOCK_FILES) {
        const file = join(dataOf(home), name);
        writeFileSync(file, readFileSync(file, 'utf8').replace(/^\d+/, String(stranger.pid)));
      }

      const server = await start({ home });
      expect(server.adopted).toBe(false);
      expect(stranger.exitCode).toBe(null);
      expect(isAlive(stranger.pid ?? 0)).toBe(true);
      await server.stop();
      expect(isAlive(stranger.pid ?? 0)).toBe(true);
    } finally {
      stranger.kill('SIGKILL');
    }
  });
});

describe('the terminal', () => {
  test('interrupts the server, not the database', async () => {
    const home = await preparedHome();
    const { child, told } = await startInProcess(home, { detached: true });
    if (!told.ok) throw new Error(told.message);
    // What Ctrl-C does: a signal to every process of the group.
    process.kill(-(child.pid ?? 0), 'SIGINT');
    await ended(child);
    expect(await query(told.connection, 'select value from kept')).toEqual([{ value: 1 }]);
  });

  test('a stop in order leaves no process', async () => {
    const home = await preparedHome();
    const { child, told } = await startInProcess(home);
    if (!told.ok) throw new Error(told.message);
    child.kill('SIGTERM');
    await ended(child);
    expect(child.exitCode).toBe(0);
    expect(isAlive(told.pid)).toBe(false);
  });
});

describe.runIf(root && process.platform === 'linux')('as root', () => {
  test('with a home of 200 characters below a folder of mode 0700', async () => {
    const locked = emptyFolder('/root');
    chmodSync(locked, 0o700);
    const name = `it's a "home" of $HOME and ü; `;
    const home = join(locked, name + 'h'.repeat(199 - locked.length - name.length));
    expect(home).toHaveLength(200);
    const server = await start({ home });
    expect(await query(server.connection, 'select 1 as one')).toEqual([{ one: 1 }]);
    await server.stop();
    const again = await start({ home });
    expect(await query(again.connection, 'select 1 as one')).toEqual([{ one: 1 }]);
    await again.stop();
  });

  test('an ordinary user runs it as themselves', async () => {
    const home = join(emptyFolder(), 'home');
    mkdirSync(home);
    chmodSync(join(home, '..'), 0o755);
    // daemon, on every Linux.
    const user = { uid: 1, gid: 1 };
    chownSync(home, user.uid, user.gid);
    const { child, told } = await startInProcess(home, user);
    if (!told.ok) throw new Error(told.message);
    expect(lstatSync(`/proc/${told.pid}`).uid).toBe(user.uid);
    expect(await query(told.connection, 'select 1 as one')).toEqual([{ one: 1 }]);
    child.kill('SIGTERM');
    await ended(child);
    expect(isAlive(told.pid)).toBe(false);

    // Root then leaves the files with their user.
    const server = await start({ home });
    expect(lstatSync(`/proc/${server.pid}`).uid).toBe(user.uid);
    await server.stop();
  });

  test('a user without a name gets an error that says so', async () => {
    const home = join(emptyFolder(), 'home');
    mkdirSync(home);
    chmodSync(join(home, '..'), 0o755);
    chownSync(home, 54_321, 54_321);
    const { told } = await startInProcess(home, { uid: 54_321, gid: 54_321 });
    expect(told).toMatchObject({ ok: false, code: 'database_user', message: expect.stringContaining('user 54321') as string });
    expect(readdirSync(join(home, 'postgres')).sort()).toEqual(['log', 'password']);
  });
});
