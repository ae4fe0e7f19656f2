import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';

/** Where a lease's programs run. */
export type Sandbox = Namespaces | MacAccount;

/** A sandbox of Linux, as the machine sees it. */
export interface Namespaces {
  /** Its first process. */
  readonly pid: number;
  readonly uid: number;
  /** Control groups that all in it belong to. */
  readonly groups: readonly string[];
}

/** A user of macOS, in a session of launchd of its own. */
export interface MacAccount {
  readonly uid: number;
  readonly account: string;
  /** What sandbox-exec reads; null: raw root has none. */
  readonly profile: string | null;
  /** The most processes of the user; null: as many as the machine takes. */
  readonly processes: number | null;
}

/** Writes the shell's own number into the groups before it becomes the program: so nothing of a lease runs outside them for a moment. */
const JOIN = 'while [ "$1" != -- ]; do echo 0 > "$1/cgroup.procs" || exit 70; shift; done; shift; exec "$@"';
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** A program in control groups, from its first moment on. */
export function inGroups(groups: readonly string[], command: readonly string[]): [program: string, args: string[]] {
  return ['/bin/sh', ['-c', JOIN, 'sh', ...groups, '--', ...command]];
}

/** How something runs inside, as the lease's user and bounded like all of it. */
export function insideArgs(sandbox: Sandbox, command: readonly string[]): [program: string, args: string[]] {
  if ('account' in sandbox) return asAccount(sandbox, command);
  const { pid, uid, groups } = sandbox;
  return inGroups(groups, ['nsenter', '--target', String(pid), '--user', '--mount', '--pid', '--net', '--ipc', '--uts', '--setuid', String(uid), '--setgid', String(uid), '--', ...command]);
}

/** launchctl(1) `asuser`, sudo(8), sandbox-exec(1), and the shell's own `ulimit`, which setrlimit(2) keeps for all that comes of it. */
function asAccount({ uid, account, profile, processes }: MacAccount, command: readonly string[]): [program: string, args: string[]] {
  const bounded = processes === null ? command : ['/bin/sh', '-c', 'ulimit -u "$1"; shift; exec "$@"', 'sh', String(processes), ...command];
  const kept = profile === null ? bounded : ['/usr/bin/sandbox-exec', '-f', profile, ...bounded];
  return ['/bin/launchctl', ['asuser', String(uid), '/usr/bin/sudo', '-n', '-H', '-u', account, '--', ...kept]];
}

export function spawnInside(sandbox: Sandbox, command: readonly string[], stdio: StdioOptions, env: Readonly<Record<string, string>> = {}): ChildProcess {
  const [program, args] = insideArgs(sandbox, command);
  // sudo passes no variable on: there they are part of the command.
  if ('account' in sandbox && Object.keys(env).length > 0) return spawnInside(sandbox, ['/usr/bin/env', ...Object.entries(env).map(([name, value]) => `${name}=${value}`), ...command], stdio);
  return spawn(program, args, { stdio, env: { PATH, ...env } });
}
