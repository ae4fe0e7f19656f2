import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ManualClock } from './clock.ts';
import type { TandemError } from './errors.ts';
import { homeHolder, lockHome } from './home-lock.ts';

let home = '';
let children: ChildProcess[] = [];

beforeEach(() => {
  home = join(mkdtempSync(join(tmpdir(), 'tandem-lock-')), 'home');
});

afterEach(() => {
  children.forEach((child) => child.kill('SIGKILL'));
  children = [];
  rmSync(join(home, '..'), { recursive: true, force: true });
});

/** A process that tries to take the home, and says how that went. */
async function contender(uid?: number): Promise<{ child: ChildProcess; said: string }> {
  const program = `import { lockHome } from ${JSON.stringify(join(import.meta.dirname, 'home-lock.ts'))};
    await lockHome(${JSON.stringify(home)}).then(() => console.log('held'), (error) => console.log(error.code + ': ' + error.message));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'], ...(uid === undefined ? {} : { uid, gid: uid, cwd: '/' }) });
  children.push(child);
  for await (const said of createInterface({ input: child.stdout! })) return { child, said };
  throw new Error('it said nothing');
}

test('a second process is told who holds the home and since when', async () => {
  const lock = await lockHome(home, new ManualClock(Date.UTC(2026, 10, 23, 7)));
  expect(homeHolder(home)).toMatchObject({ pid: process.pid, since: '2026-11-23T07:00:00.000Z' });
  const { said } = await contender();
  expect(said).toBe(`home_in_use: The home ${home} is in use by process ${process.pid}, started 2026-11-23T07:00:00.000Z.`);
  lock.release();
  lock.release();
  expect(homeHolder(home)).toBe(undefined);
  expect(existsSync(join(home, 'tandem.pid'))).toBe(false);
  (await lockHome(home)).release();
});

test('the same process cannot take it twice either', async () => {
  const lock = await lockHome(home);
  await expect(lockHome(home)).rejects.toMatchObject({ code: 'home_in_use' });
  lock.release();
});

test('a killed holder leaves the home free, whatever its note says', async () => {
  const { child, said } = await contender();
  expect(said).toBe('held');
  expect(homeHolder(home)?.pid).toBe(child.pid);
  await expect(lockHome(home)).rejects.toMatchObject({ code: 'home_in_use', facts: { pid: child.pid } });
  child.kill('SIGKILL');
  await new Promise((done) => child.once('exit', done));
  // The number in the note may belong to anyone by now: to us, say.
  writeFileSync(join(home, 'tandem.pid'), readFileSync(join(home, 'tandem.pid'), 'utf8').replace(String(child.pid), String(process.pid)));
  const lock = await lockHome(home);
  lock.release();
});

test('of many at once exactly one gets it', async () => {
  const said = await Promise.all(Array.from({ length: 6 }, async () => (await contender()).said));
  expect(said.filter((line) => line === 'held')).toHaveLength(1);
  const holder = homeHolder(home)?.pid;
  expect(holder).toBeGreaterThan(0);
  for (const line of said.filter((one) => one !== 'held')) expect(line).toContain(`by process ${holder},`);
});

test.runIf(process.getuid?.() === 0)('a home that this user cannot write says so', async () => {
  (await lockHome(home)).release();
  chmodSync(join(home, '..'), 0o755);
  chmodSync(home, 0o755);
  const { said } = await contender(1);
  expect(said).toMatch(/^home_read_only: .*cannot be written: this user may not write there\./);
});

test('a file in its place is named', async () => {
  writeFileSync(home, '');
  const error = (await lockHome(home).catch((reason: unknown) => reason)) as TandemError;
  expect(error.code).toBe('home_read_only');
  expect(error.message).toContain(home);
});
