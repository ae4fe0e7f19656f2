import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { silentLogger, systemClock } from '../../src/base/index.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/db/index.ts';
import { api } from './support/api.ts';
import { failedStart, freshFolder, nothingLeft, processesWith, startProgram, stopEverything, type Program } from './support/program.ts';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
const env = { TANDEM_LOCAL_MODEL: 'off', TANDEM_LOG: 'warn' };
const mounts: string[] = [];

afterAll(() => {
  stopEverything();
  for (const path of mounts) spawnSync('umount', ['-l', path]);
});

const start = (home: string, more: Parameters<typeof startProgram>[0] = {}) => startProgram({ home, direct: true, env, ...more });

/** A disk of its own; only root can make one. */
function disk(options: string): string {
  const path = freshFolder('disk');
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`a small disk is needed and could not be mounted: ${stderr}`);
  mounts.push(path);
  return path;
}

async function makeKey(program: Program, name: string): Promise<void> {
  await api(program, 'POST', '/api/keys', { name });
}

async function keyNames(program: Program): Promise<string[]> {
  return (await api<{ items: { name: string }[] }>(program, 'GET', '/api/keys')).items.map((key) => key.name);
}

/** Loaded before the program: at SIGUSR2 its process gets a rejection and an exception that nobody catches. */
const FAULTS = `data:text/javascript,${encodeURIComponent(`process.on('SIGUSR2', () => {
  Promise.reject(new Error('planted rejection'));
  setImmediate(() => { throw new Error('planted exception'); });
});`)}`;

test('errors that nobody caught are told, and end no server; a signal that does is told too', async () => {
  const program = await start(freshFolder('home'), { env: { ...env, NODE_OPTIONS: `--import ${FAULTS}` } });
  process.kill(program.serverPid, 'SIGUSR2');
  await vi.waitFor(() => expect(program.output()).toMatch(/planted rejection[^]*planted exception/), { timeout: 10_000 });
  await makeKey(program, 'after both');
  expect(program.cli('doctor').out).toMatch(/Server: errors that nobody caught since its start: 2, the last at [-:.TZ\d]+: planted exception/);
  expect(await program.interrupt()).toBe(0);
  expect(program.output()).toMatch(/"signal":"SIGINT","msg":"stopping, as this signal asks"/);
  await nothingLeft(program.home);
});

test('who presses Ctrl-C again has it end at once, and its database is not left behind', async () => {
  const program = await start(freshFolder('home'));
  const postmaster = Number(readFileSync(join(program.home, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0]);
  // It does not stop in time, as on a disk that hangs.
  process.kill(postmaster, 'SIGSTOP');
  let ended: number | null | undefined;
  void program.ended.then((code) => { ended = code; });
  await vi.waitFor(() => {
    if (ended === undefined) process.kill(program.serverPid, 'SIGINT');
    expect(ended).toBe(130);
  }, { timeout: 20_000, interval: 100 });
  process.kill(postmaster, 'SIGCONT');
  await nothingLeft(program.home);
});

describe('crashes', () => {
  test('after kill -9 of the server the next start adopts its database, and nothing is lost', async () => {
    const home = freshFolder('home');
    const first = await start(home);
    await makeKey(first, 'before the kill');
    const postmaster = Number(readFileSync(join(home, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0]);
    await first.killServer();
    const second = await start(home);
    expect(Number(readFileSync(join(home, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0])).toBe(postmaster);
    expect(await keyNames(second)).toContain('before the kill');
    expect(second.key).toBe(first.key);
    console.log(`start after kill -9 of the server: ${(second.startedInMs / 1000).toFixed(2)} s`);
    await second.interrupt();
    await nothingLeft(home);
  });

  test('after kill -9 of everything the next start works', async () => {
    const home = freshFolder('home');
    const first = await start(home);
    await makeKey(first, 'before the kill');
    for (const pid of processesWith(home)) process.kill(pid, 'SIGKILL');
    await first.killServer().catch(() => {});
    await nothingLeft(home);
    const second = await start(home);
    expect(await keyNames(second)).toContain('before the kill');
    expect(second.cli('bill', '--verify').code).toBe(0);
    console.log(`start after kill -9 of everything: ${(second.startedInMs / 1000).toFixed(2)} s`);
    await second.interrupt();
    await nothingLeft(home);
  });
});

describe('a start that cannot be', () => {
  let running: Program;
  beforeAll(async () => {
    running = await start(freshFolder('home'));
  });
  afterAll(() => running?.interrupt());

  const said = async (options: Parameters<typeof failedStart>[0]) => {
    const { code, output } = await failedStart({ ...options, env: { ...env, ...options?.env } });
    expect(code).toBe(1);
    expect(output).toMatch(/\n {2}Next: \S/);
    expect(output).not.toMatch(/\n\s+at .*\(.*:\d+:\d+\)/);
    return output;
  };

  test('on a home in use says which process holds it', async () => {
    expect(await said({ home: running.home })).toContain(`in use by process ${running.serverPid}`);
    expect(await keyNames(running)).toHaveLength(1);
  });

  test('on a taken port names the port and another one', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as AddressInfo;
    const home = freshFolder('home');
    const output = await said({ home, env: { TANDEM_PORT: String(port) } });
    expect(output).toContain(`127.0.0.1:${port} is taken`);
    expect(output).toMatch(/TANDEM_PORT=\d+ npm start/);
    taken.close();
    await nothingLeft(home);
  });

  test.runIf(isRoot)('on a read-only home', async () => {
    const home = disk('ro');
    expect(await said({ home })).toMatch(/cannot be written/);
    await nothingLeft(home);
  });

  test.runIf(isRoot)('on a full disk', async () => {
    const home = join(disk('size=12m,mode=0755'), 'home');
    expect(await said({ home })).toMatch(/is full/);
    await nothingLeft(home);
  });

  test.each([
    ['not a URL', 'mysql://x', 'DATABASE_URL'],
    ['nobody listens', 'postgres://a:b@127.0.0.1:1/x', 'cannot be reached'],
    ['no such host', 'postgres://a:canary-password@nowhere.invalid/x', 'cannot be reached'],
  ])('on a bad DATABASE_URL: %s', async (_, url, words) => {
    const home = freshFolder('home');
    const output = await said({ home, env: { DATABASE_URL: url, TANDEM_DATABASE_WAIT_SECONDS: '1' } });
    expect(output).toContain(words);
    expect(output).not.toContain('canary-password');
    await nothingLeft(home);
  });
});

describe('another Postgres', () => {
  let postgres: EmbeddedPostgres;
  beforeAll(async () => {
    postgres = await startEmbeddedPostgres({ home: freshFolder('pg'), log: silentLogger, clock: systemClock, watch: false });
  });
  afterAll(() => postgres?.stop());

  const url = (database: string) => {
    const { host, port, user, password } = postgres.connection;
    return `postgres://${user}:${encodeURIComponent(password)}@/${database}?host=${encodeURIComponent(host)}&port=${port}`;
  };
  const sql = async (database: string, text: string) => {
    const { default: pg } = await import('pg');
    const client = new pg.Client({ ...postgres.connection, database });
    await client.connect();
    try {
      return (await client.query(text)).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  };

  test('by DATABASE_URL alone: no embedded one is started', async () => {
    await sql('tandem', 'create database external');
    const home = freshFolder('home');
    const program = await start(home, { env: { ...env, DATABASE_URL: url('external') } });
    expect(existsSync(join(home, 'postgres'))).toBe(false);
    expect(program.cli('doctor').out).toContain('external PostgreSQL');
    await makeKey(program, 'kept outside');
    await program.interrupt();
    expect((await sql('external', 'select name from api_keys')).map((row) => row['name'])).toContain('kept outside');
  });

  test('a start waits for a database that is away, or that goes away while it starts', async () => {
    await sql('tandem', 'create database late');
    const { host, port, user, password } = postgres.connection;
    const open = new Set<Socket>();
    let connections = 0;
    let words = 0;
    /** In the place of a database that comes late and is then killed again and again: at these words of the server, in one start after the other. */
    const breaks = [20, 90, 150, 200, 240, 260];
    const relay = createServer((client) => {
      open.add(client.on('error', () => {}));
      connections += 1;
      if (connections <= 2) return void client.destroy();
      const server = connect(`${host}/.s.PGSQL.${port}`);
      open.add(server.on('error', () => client.destroy()));
      client.on('data', () => {
        words += 1;
        if (words < breaks[0]!) return;
        breaks.shift();
        if (breaks.length === 0) breaks.push(Number.POSITIVE_INFINITY);
        for (const socket of open) socket.destroy();
        open.clear();
      });
      client.pipe(server).pipe(client);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => relay.once('listening', resolve));
    const program = await start(freshFolder('home'), { env: { ...env, DATABASE_URL: `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${(relay.address() as AddressInfo).port}/late` } });
    expect(program.output().match(/The database cannot be reached: .*\. Waiting for it, 60 s at most/g)).toHaveLength(1);
    expect(breaks, 'it went away in the middle of several tries').toHaveLength(1);
    await makeKey(program, 'after all');
    expect(await program.interrupt()).toBe(0);
    relay.close();
    for (const socket of open) socket.destroy();
  });

  test('a failed migration is named, leaves the database as it was, and nothing is served (C20)', async () => {
    await sql('tandem', 'create database broken');
    await sql('broken', 'create table organisations (mine int)');
    const home = freshFolder('home');
    const { code, output } = await failedStart({ home, env: { ...env, DATABASE_URL: url('broken') } });
    expect(code).toBe(1);
    expect(output).toMatch(/The migration 0001-access failed: .*organisations/);
    expect(output).toContain('Next: ');
    expect((await sql('broken', `select table_name as name from information_schema.tables where table_schema = 'public' order by 1`)).map((row) => row['name'])).toEqual(['migrations', 'organisations']);
    await nothingLeft(home);
  });
});

describe('homes', () => {
  test.runIf(isRoot)('under a root folder of mode 0700, with a path of 200 characters', async () => {
    const closed = freshFolder('closed');
    chmodSync(closed, 0o700);
    const home = join(closed, 'a path of words '.repeat(20)).slice(0, 200).replace(/\s$/, 'x');
    expect(home).toHaveLength(200);
    const program = await start(home);
    await makeKey(program, 'deep');
    expect(program.cli('keys', '--json').out).toContain('deep');
    await program.interrupt();
    await nothingLeft(home);
  });

  test.runIf(isRoot)('as an ordinary user', async () => {
    const home = freshFolder('home');
    const cache = freshFolder('cache');
    for (const path of [home, cache]) chownSync(path, NOBODY, NOBODY);
    const program = await start(home, { uid: NOBODY, env: { ...env, TANDEM_CACHE: cache, HOME: cache } });
    await makeKey(program, 'by nobody');
    expect(statSync(join(home, 'credentials.json'))).toMatchObject({ uid: NOBODY, mode: 0o100600 });
    await program.interrupt();
    await nothingLeft(home);
  });
});

test('TLS by certificate files: served, the session cookie is Secure, the CLI reaches it', async () => {
  const folder = freshFolder('tls');
  const [cert, certKey] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', certKey, '-out', cert], { encoding: 'utf8' });
  expect(made.status, made.stderr).toBe(0);
  const home = freshFolder('home');
  const program = await start(home, { env: { ...env, TANDEM_TLS_CERT: cert, TANDEM_TLS_KEY: certKey, NODE_EXTRA_CA_CERTS: cert } });
  expect(program.url).toMatch(/^https:/);
  const keys = program.cli('keys', '--json');
  expect(keys.code, keys.out + keys.err).toBe(0);
  const answer = spawnSync('curl', ['-s', '-i', '--cacert', cert, '-H', 'content-type: application/json', '-d', JSON.stringify({ key: program.key }), `${program.url}/api/login/key`], { encoding: 'utf8' }).stdout;
  expect(answer).toMatch(/set-cookie: tandem_session=[^;]+;.*Secure/i);
  await program.interrupt();
  await nothingLeft(home);
});

describe('backup', () => {
  test('of a running server, restored into an empty home: same keys, same bill, same key of sealed secrets', async () => {
    const home = freshFolder('home');
    const source = await start(home);
    await makeKey(source, 'in the backup');
    await api(source, 'POST', '/api/usage', { events: [{ id: '0192f0c1-7a00-7000-8000-000000000001', kind: 'tokens', resource: 'tandem/local', projectId: await firstProject(source), occurredAt: new Date().toISOString(), quantities: { input: '1000000', output: '10' } }] });
    const file = join(freshFolder('backups'), 'tandem.backup');
    const done = source.cli('backup', file);
    expect(done.code, done.err).toBe(0);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const bill = source.cli('bill', '--json').out;
    expect(bill).toContain('"charge"');
    await makeKey(source, 'after the backup');
    await source.interrupt();

    const empty = freshFolder('restored');
    const { runCli, cleanEnvironment, CHECKOUT } = await import('./support/program.ts');
    const restored = runCli(CHECKOUT, cleanEnvironment({ TANDEM_HOME: empty, ...env }), ['restore', file]);
    expect(restored.code, restored.err).toBe(0);
    const target = await start(empty);
    expect(target.key).toBe(source.key);
    expect((await keyNames(target)).toSorted()).toEqual(['admin', 'in the backup']);
    expect(JSON.parse(target.cli('bill', '--json').out)).toMatchObject({ lines: (JSON.parse(bill) as { lines: unknown[] }).lines });
    expect(target.cli('bill', '--verify').code).toBe(0);
    expect(target.cli('trail', '--verify').code).toBe(0);
    expect(readFileSync(join(empty, 'secret'), 'utf8')).toBe(readFileSync(join(home, 'secret'), 'utf8'));

    const again = runCli(CHECKOUT, cleanEnvironment({ TANDEM_HOME: empty, ...env }), ['restore', file]);
    expect(again.code).toBe(1);
    expect(again.err).toContain('is not empty');
    expect(await keyNames(target)).toHaveLength(2);
    await target.interrupt();
  });

  test('what is no backup is refused and leaves nothing', async () => {
    const { runCli, cleanEnvironment, CHECKOUT } = await import('./support/program.ts');
    const home = join(freshFolder('parent'), 'home');
    const { code, err } = runCli(CHECKOUT, cleanEnvironment({ TANDEM_HOME: home, ...env }), ['restore', join(CHECKOUT, 'package.json')]);
    expect(code).toBe(1);
    expect(err).toContain('is not a backup');
    mkdirSync(home, { recursive: true });
    expect(readdirSync(home)).toEqual([]);
  });
});

async function firstProject(program: Program): Promise<string> {
  return (await api<{ items: { id: string }[] }>(program, 'GET', '/api/projects')).items[0]!.id;
}
