import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { insideArgs } from '../leases/inside.ts';
import { readRecords } from '../leases/record.ts';
import type { Said } from '../machine/command.ts';
import type { Home } from '../state/home.ts';

/**
 * A shell's line inside a lease's sandbox, as its user: in its namespaces and control groups, as a session of sshd would be. For tests of what
 * the sandbox allows; how people really get in is tested with sshd.
 */
export function runInLease(home: Home, lease: string, line: string, mostMs = 20_000): Promise<Said> {
  const { uid } = readRecords(home).find((record) => record.lease === lease)!;
  const [pid, groups] = insideOf(uid);
  const [program, args] = insideArgs({ pid, uid, groups }, ['/bin/bash', '-c', `cd /home/tenant; ${line}`]);
  return new Promise((resolve) => {
    execFile(program, args, { timeout: mostMs, maxBuffer: 4_000_000, killSignal: 'SIGKILL', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/home/tenant' } }, (error, out, err) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : null, out, err });
    });
  });
}

/** The sandbox's sleeper: the one process of its user that runs `sleep infinity`; and the groups it is in, as folders. */
export function insideOf(uid: number): [pid: number, groups: string[]] {
  const pid = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).find((name) => {
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8') === 'sleep\0infinity\0' && new RegExp(`^Uid:\\s+${uid}\\b`, 'm').test(readFileSync(`/proc/${name}/status`, 'utf8'));
    } catch {
      return false;
    }
  });
  if (pid === undefined) throw new Error('the sandbox does not run');
  const groups = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n').flatMap((line) => {
    const [, controller, path] = /^\d+:(cpu|memory|pids):(.*tandem-.*)$/.exec(line) ?? [];
    return controller === undefined ? [] : [`/sys/fs/cgroup/${controller}${path}`];
  });
  return [Number(pid), groups];
}
