import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { afterAll, afterEach } from 'vitest';
import { silentLogger, systemClock } from '../../base/index.ts';
import { startEmbeddedPostgres, type EmbeddedConnection, type EmbeddedPostgres, type EmbeddedPostgresOptions } from './index.ts';
import { readPostmasterFile, stopServer } from './postmaster.ts';

/** For tests of the supervisor on the real programs: homes that clean up after themselves, and processes to kill. */

const made: string[] = [];
const mounts: string[] = [];
const children: ChildProcess[] = [];
let seed: string | undefined;

const REPOSITORY = resolve(import.meta.dirname, '../../..');
const SYNC_OFF = { fsync: 'off' };

/** An empty folder of this file, removed at its end with any server that still runs in it. */
export function emptyFolder(parent: string = tmpdir()): string {
  const folder = mkdtempSync(join(parent, 'tandem-embedded-'));
  made.push(folder);
  return folder;
}

/** A home whose database has been made and stopped: a copy, which costs less than initdb. */
export async function preparedHome(): Promise<string> {
  if (seed === undefined) {
    const home = join(emptyFolder(), 'home');
    const server = await start({ home });
    await query(server.connection, 'create table kept (value int); insert into kept values (1)');
    await server.stop();
    seed = home;
  }
  const home = join(emptyFolder(), 'home');
  // Root's copy belongs to root: each test also shows that it is given back to the database's user.
  cpSync(seed, home, { recursive: true });
  return home;
}

export function start(options: Partial<EmbeddedPostgresOptions> & { home: string }): Promise<EmbeddedPostgres> {
  return startEmbeddedPostgres({ log: silentLogger, clock: systemClock, settings: SYNC_OFF, ...options });
}

export async function query(connection: EmbeddedConnection, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(connection);
  client.on('error', () => {});
  await client.connect();
  try {
    const result: pg.QueryResult | pg.QueryResult[] = await client.query(text);
    return (Array.isArray(result) ? result.at(-1)?.rows : result.rows) ?? [];
  } finally {
    await client.end().catch(() => {});
  }
}

export type Told =
  | { readonly ok: true; readonly pid: number; readonly adopted: boolean; readonly connection: EmbeddedConnection }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly next: string };

/** Runs the supervisor in a process of its own and gives what it said. */
export async function startInProcess(home: string, options: { uid?: number; gid?: number; repository?: string; detached?: boolean } = {}): Promise<{ child: ChildProcess; told: Told }> {
  const { repository = REPOSITORY, ...rest } = options;
  const child = spawn(process.execPath, [join(repository, 'test/support/embedded-server.ts'), home, 'fsync=off'], { ...rest, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  for await (const line of createInterface({ input: child.stdout! })) return { child, told: JSON.parse(line) as Told };
  throw new Error(`the process ended with ${child.exitCode} before it said anything`);
}

/** Mounts a file system in memory of this size; `undefined` where that is not allowed, with the reason printed. */
export function smallDisk(size: string): string | undefined {
  const folder = emptyFolder();
  const done = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0755`, 'tmpfs', folder], { encoding: 'utf8' });
  if (done.status !== 0) {
    console.warn(`skipped: no small disk can be mounted here (${done.stderr?.trim() ?? done.error?.message})`);
    return undefined;
  }
  mounts.push(folder);
  return folder;
}

/** Process numbers of servers and initdb runs below this home. */
export function databaseProcesses(home: string): string[] {
  const found = spawnSync('ps', ['-ww', '-A', '-o', 'pid=,stat=,command='], { encoding: 'utf8' }).stdout.split('\n');
  return found.filter((line) => line.includes(`tandem.home=${home} `) || line.endsWith(`tandem.home=${home}`));
}

export function ended(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) done();
    else child.once('exit', () => done());
  });
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

afterAll(async () => {
  for (const folder of made.splice(0)) {
    for (const data of dataFolders(folder)) {
      const file = readPostmasterFile(data);
      if (file !== undefined) await stopServer(file.pid, data, systemClock, { fastMs: 0, immediateMs: 5_000 });
    }
    if (mounts.includes(folder)) spawnSync('umount', [folder]);
    rmSync(folder, { recursive: true, force: true });
  }
});

function dataFolders(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('postgres/data')).map((name) => join(folder, name));
}
