import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';

/** A lease's sandbox, as the machine sees it. */
export interface Sandbox {
  /** Its first process. */
  readonly pid: number;
  readonly uid: number;
  /** Control groups that all in it belong to. */
  readonly groups: readonly string[];
}

/** Writes the shell's own number into the groups before it becomes the program: so nothing of a lease runs outside them for a moment. */
const JOIN = 'while [ "$1" != -- ]; do echo 0 > "$1/cgroup.procs" || exit 70; shift; done; shift; exec "$@"';
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** A program in control groups, from its first moment on. */
export function inGroups(groups: readonly string[], command: readonly string[]): [program: string, args: string[]] {
  return ['/bin/sh', ['-c', JOIN, 'sh', ...groups, '--', ...command]];
}

/** How something runs inside, as the lease's user and bounded like all of it. */
export function insideArgs({ pid, uid, groups }: Sandbox, command: readonly string[]): [program: string, args: string[]] {
  return inGroups(groups, ['nsenter', '--target', String(pid), '--user', '--mount', '--pid', '--net', '--ipc', '--uts', '--setuid', String(uid), '--setgid', String(uid), '--', ...command]);
}

export function spawnInside(sandbox: Sandbox, command: readonly string[], stdio: StdioOptions, env: Readonly<Record<string, string>> = {}): ChildProcess {
  const [program, args] = insideArgs(sandbox, command);
  return spawn(program, args, { stdio, env: { PATH, ...env } });
}
