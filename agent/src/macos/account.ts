import { randomBytes } from 'node:crypto';
import { TENANT } from '../leases/sandbox.ts';
import type { RunCommand } from '../machine/command.ts';

/** The user of one lease on a Mac. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
}

/** A program of the machine, run by root. */
export type Step = readonly [program: string, ...args: string[]];

const USERS = '/Users';
const SUDOERS = '/etc/sudoers.d';
/** Rounds of ending processes: each finds what was started while the one before it went through the list. */
const MOST_ROUNDS = 50;

/** A Mac has one lease at a time, so the name is the same as on Linux; the number is the lease's own. */
export function accountOf(uid: number): Account {
  return { name: TENANT, uid, home: `${USERS}/${TENANT}` };
}

/** Typed at the login window, where the keyboard of whoever looks may be another: lower-case letters and digits alone. */
export function newPassword(): string {
  return randomBytes(10).toString('hex');
}

/**
 * Makes the account with a group of its own: `staff` could read what others left readable for it. The password is an argument of dscl for a
 * moment; nobody but root is on the machine before its lease begins. dscl(1), createhomedir(8), dseditgroup(8).
 * @param root raw root: an administrator who is asked for no password. @param hasHome its home is there, as it was kept.
 */
export function makeAccount({ name, uid, home }: Account, password: string, { root, hasHome }: { readonly root: boolean; readonly hasHome: boolean }): Step[] {
  const user = `${USERS}/${name}`;
  const set = (path: string, key: string, value: string): Step => ['dscl', '.', '-create', path, key, value];
  return [
    ['dscl', '.', '-create', `/Groups/${name}`], set(`/Groups/${name}`, 'PrimaryGroupID', String(uid)),
    ['dscl', '.', '-create', user], set(user, 'UniqueID', String(uid)), set(user, 'PrimaryGroupID', String(uid)), set(user, 'UserShell', '/bin/zsh'), set(user, 'RealName', name), set(user, 'NFSHomeDirectory', home),
    ['dscl', '.', '-passwd', user, password],
    ...(hasHome ? [] : [['createhomedir', '-c', '-u', name] as const]),
    ...(root ? [['dseditgroup', '-o', 'edit', '-a', name, '-t', 'user', 'admin'] as const] : []),
  ];
}

/** Of raw root, asked for no password. sudoers(5): no file with a dot in its name is read, and only one that nobody may write. */
export async function letBeRoot({ name }: Account, run: RunCommand): Promise<void> {
  const { code } = await run('install', ['-m', '0440', '-o', 'root', '-g', 'wheel', '/dev/stdin', `${SUDOERS}/${name}`], `${name} ALL=(ALL) NOPASSWD: ALL\n`);
  if (code !== 0) throw new Error(`the tenant could not be made root: install ended with ${code ?? 'no code'}`);
}

/** Nobody logs in as it or becomes root by it any more, and launchd starts nothing for it: then what runs can be ended for good. launchctl(1), pwpolicy(8). */
export function closeAccount({ name, uid }: Account): Step[] {
  return [['rm', '-f', `${SUDOERS}/${name}`], ['dscl', '.', '-create', `${USERS}/${name}`, 'UserShell', '/usr/bin/false'], ['pwpolicy', '-u', name, 'disableuser'], ['launchctl', 'bootout', `gui/${uid}`], ['launchctl', 'bootout', `user/${uid}`]];
}

export function removeAccount({ name }: Account): Step[] {
  return [['dscl', '.', '-delete', `${USERS}/${name}`], ['dscl', '.', '-delete', `/Groups/${name}`]];
}

/**
 * Ends all that runs as the user. Whoever forks faster than it is looked at is stopped first. @returns whether nothing is left.
 */
export async function endProcesses({ uid }: Pick<Account, 'uid'>, run: RunCommand, wait: (ms: number) => Promise<void>): Promise<boolean> {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    // Code 1: none matched. pgrep(1).
    if ((await run('pgrep', ['-U', String(uid)])).code === 1) return true;
    await run('pkill', ['-STOP', '-U', String(uid)]);
    await run('pkill', ['-KILL', '-U', String(uid)]);
    await wait(Math.min(20 * (round + 1), 200));
  }
  return false;
}

/** Runs steps in order. @throws Error at the first that fails; @param anyway: none does, since each may have been done before. */
export async function runSteps(steps: readonly Step[], run: RunCommand, { anyway = false } = {}): Promise<void> {
  for (const [program, ...args] of steps) {
    const { code, err } = await run(program, args);
    // What is told names the program alone: an argument may be a password.
    if (code !== 0 && !anyway) throw new Error(`${program} ended with ${code ?? 'no code'}: ${err.trim().split('\n').at(-1)?.slice(0, 200) ?? ''}`);
  }
}
