import { spawn, type ChildProcess } from 'node:child_process';
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
