import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';

const LAUNCHER = join(import.meta.dirname, '..', 'launch.sh');

test.runIf(process.platform === 'linux')('an agent that outlived its launcher is ended before the next one starts (a stand-in for Node that only waits)', async () => {
  const home = mkdtempSync(join(tmpdir(), 'tandem-launch-'));
  mkdirSync(join(home, 'node'));
  // `exec -a` keeps the words of its command line, by which the launcher knows it.
  writeFileSync(join(home, 'node/current'), '#!/bin/bash\necho $$ >> "${@: -1}/started"\nexec -a "$0 $*" sleep 1000\n', { mode: 0o755 });
  const started = (): number[] => {
    try {
      return readFileSync(join(home, 'started'), 'utf8').trim().split('\n').map(Number);
    } catch {
      return [];
    }
  };
  const isAlive = (pid: number): boolean => {
    try {
      return readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2] !== 'Z';
    } catch {
      return false;
    }
  };
  const launch = (): ChildProcess => spawn('sh', [LAUNCHER, home], { stdio: 'ignore' });
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await setTimeout(20);
  };
  const first = launch();
  await until(() => started().length === 1);
  first.kill('SIGKILL');
  await once(first, 'close');
  const [orphan] = started();
  expect(isAlive(orphan!)).toBe(true);
  const second = launch();
  await until(() => started().length === 2);
  expect(started().map(isAlive)).toEqual([false, true]);
  second.kill('SIGTERM');
  await once(second, 'close');
  await until(() => !isAlive(started()[1]!));
  rmSync(home, { recursive: true });
});

test.runIf(process.platform === 'linux')('what the pasted line set of a machine stays set for whoever starts the agent, until another line says otherwise', () => {
  const home = mkdtempSync(join(tmpdir(), 'tandem-launch-'));
  mkdirSync(join(home, 'node'));
  writeFileSync(join(home, 'node/current'), '#!/bin/sh\nenv | grep ^TANDEM_AGENT_ | sort\nexit 0\n', { mode: 0o755 });
  const launch = (words: readonly string[], env: Readonly<Record<string, string>>): string[] => execFileSync('sh', [LAUNCHER, ...words, home], { encoding: 'utf8', env: { PATH: process.env['PATH'], ...env } }).trim().split('\n');
  const paste = (env: Readonly<Record<string, string>>) => launch(['install'], { TANDEM_AGENT_SERVICE: 'none', ...env });
  paste({ TANDEM_AGENT_NETWORK: 'none', TANDEM_AGENT_DISK: '/srv/a disk with $(words)', PRIVATE: 'x' });
  expect(launch([], {})).toEqual(['TANDEM_AGENT_DISK=/srv/a disk with $(words)', 'TANDEM_AGENT_NETWORK=none']);
  expect(launch([], { TANDEM_AGENT_NETWORK: 'its own' })).toEqual(['TANDEM_AGENT_DISK=/srv/a disk with $(words)', 'TANDEM_AGENT_NETWORK=its own']);
  paste({ TANDEM_AGENT_DISK: '', TANDEM_AGENT_GPU_RESET: 'none' });
  expect(launch([], {})).toEqual(['TANDEM_AGENT_GPU_RESET=none', 'TANDEM_AGENT_NETWORK=none']);
  paste({ TANDEM_AGENT_NETWORK: '', TANDEM_AGENT_GPU_RESET: '' });
  expect(launch([], {})).toEqual(['']);
  rmSync(home, { recursive: true });
});
