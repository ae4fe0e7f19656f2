import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { systemClock } from '../../base/index.ts';
import { emptyFolder, preparedHome, query, start } from './fixtures.ts';
import { identityOf, isServerOf, readPostmasterFile, stopServer } from './postmaster.ts';
import { commandLine, existsInTable, isAlive } from './process-table.ts';

const dataOf = (home: string): string => join(home, 'postgres', 'data');

test('reads what Postgres writes, also while it writes', () => {
  const folder = emptyFolder();
  const file = join(folder, 'postmaster.pid');
  expect(readPostmasterFile(folder)).toBe(undefined);
  writeFileSync(file, '');
  expect(readPostmasterFile(folder)).toEqual({ pid: 0, status: '' });
  writeFileSync(file, '4711\n/proc/self/cwd\n1795417848\n5432\n');
  expect(readPostmasterFile(folder)).toEqual({ pid: 4711, status: '' });
  writeFileSync(file, '4711\n/proc/self/cwd\n1795417848\n5432\n.\n\n 10069582        12\nready   \n');
  expect(readPostmasterFile(folder)).toEqual({ pid: 4711, status: 'ready' });
  // Neither a group nor the first process may ever be signalled.
  for (const pid of ['-1', '0', '1', 'x', '1.5']) {
    writeFileSync(file, `${pid}\n`);
    expect(readPostmasterFile(folder)?.pid).toBe(0);
  }
});

test('knows the server of a data directory from everything else', async () => {
  const home = await preparedHome();
  const server = await start({ home, watch: false });
  expect(isServerOf(server.pid, dataOf(home))).toBe(true);
  expect(isServerOf(process.pid, dataOf(home))).toBe(false);
  const other = emptyFolder();
  mkdirSync(join(other, 'data'));
  expect(isServerOf(server.pid, join(other, 'data'))).toBe(false);
  expect(isServerOf(server.pid, join(other, 'gone'))).toBe(false);
  // One that says the same words but is another user's does not count either.
  if (process.getuid?.() === 0) {
    const words = commandLine(server.pid).split(' ').slice(1);
    const liar = spawn('/bin/sh', ['-c', 'sleep 60; :', '/fake/postgres', ...words]);
    try {
      await once(liar, 'spawn');
      expect(commandLine(liar.pid ?? 0)).toContain(`tandem.data=${identityOf(dataOf(home))} `);
      expect(isServerOf(liar.pid ?? 0, dataOf(home))).toBe(false);
    } finally {
      liar.kill('SIGKILL');
    }
  }
  await server.stop();
});

test('stops fast although a client is in the middle of something', async () => {
  const home = await preparedHome();
  const server = await start({ home, watch: false });
  const client = new pg.Client(server.connection);
  client.on('error', () => {});
  await client.connect();
  await client.query('begin; insert into kept values (7)');
  expect(await stopServer(server.pid, dataOf(home), systemClock)).toBe('fast');
  expect(readFileSync(join(home, 'postgres', 'log', 'postgres.log'), 'utf8')).toContain('received fast shutdown request');
  const again = await start({ home, watch: false });
  expect(await query(again.connection, 'select value from kept')).toEqual([{ value: 1 }]);
  await again.stop();
});

test('grows harder when the server does not listen', async () => {
  const home = await preparedHome();
  const server = await start({ home, watch: false });
  process.kill(server.pid, 'SIGSTOP');
  expect(await stopServer(server.pid, dataOf(home), systemClock, { fastMs: 30, immediateMs: 30 })).toBe('killed');
  expect(isAlive(server.pid)).toBe(false);

  const again = await start({ home, watch: false });
  expect(await query(again.connection, 'select value from kept')).toEqual([{ value: 1 }]);
  expect(await stopServer(again.pid, dataOf(home), systemClock, { fastMs: 0, immediateMs: 10_000 })).not.toBe('killed');
  // Nothing to stop is no error.
  expect(await stopServer(again.pid, dataOf(home), systemClock)).toBe('fast');
});

test.runIf(process.platform === 'linux')('a zombie is not alive, though its number is taken', async () => {
  // A parent that never collects its child: the child ends after the shell has become `sleep`.
  const parent = spawn('/bin/sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [said] = (await once(parent.stdout, 'data')) as [Buffer];
    const zombie = Number(said.toString());
    await expect.poll(() => isAlive(zombie)).toBe(false);
    expect(existsInTable(zombie)).toBe(true);
    expect(commandLine(zombie)).toBe('');
  } finally {
    parent.kill('SIGKILL');
  }
});
