import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { writeBounds, type Bounds } from '../leases/bounds.ts';
import type { Hold } from '../leases/hold.ts';
import { newScreenPassword } from '../leases/screen.ts';
import { PRIVATE_RANGES, TRUSTING_RANGES, parseRange, type Range } from '../leases/network/ranges.ts';
import type { LeasePaths, LeaseRecord } from '../leases/record.ts';
import { loginOf } from '../leases/volumes.ts';
import { runCommand, type RunCommand } from '../machine/command.ts';
import type { Outside } from '../outside.ts';
import { readIdentity, writeWhole, type Home } from '../state/home.ts';
import { accountOf, closeAccount, endProcesses, letBeRoot, makeAccount, newPassword, runSteps } from './account.ts';
import { LEASE_ANCHOR, leaseRules } from './fence.ts';
import { putHome } from './kept-home.ts';
import { sandboxProfile } from './profile.ts';
import { closeScreen, openScreen } from './screen-sharing.ts';

/** Tells the tenant how to log in at the screen; in its home, for it alone. */
const LOGIN_FILE = 'tandem-login.txt';

/**
 * A lease on a Mac: a user of its own, in sandbox-exec's profile or with root, and rules of pf. Nothing but this keeper and the agent ends its
 * processes, so the agent ends those of a keeper that was killed. From Apple's documentation; not tried on a Mac (`docs/how/mac.md`).
 */
export async function holdByAccount(home: Home, record: LeaseRecord, paths: LeasePaths, outside: Outside, _log: number, run: RunCommand = runCommand): Promise<Hold> {
  const account = accountOf(record.uid);
  const root = record.access === 'root';
  prepare(paths);
  // Before the account exists nobody can come in from outside by it.
  await fence(home, record, run);
  if ((await run('id', ['-u', account.name])).code !== 0) {
    const login = loginOf(paths);
    // Before its account, so that one that is there has its password here.
    if (!existsSync(login)) writeWhole(login, newPassword());
    const hasHome = await putHome(account, paths, run);
    await runSteps(makeAccount(account, readFileSync(login, 'utf8'), { root, hasHome }), run);
  }
  await runSteps([['dscl', '.', '-create', `/Users/${account.name}`, 'UserShell', '/bin/zsh'], ['pwpolicy', '-u', account.name, 'enableuser']], run, { anyway: true });
  await tellLogin(account.home, account.uid, readFileSync(loginOf(paths), 'utf8'), run);
  if (root) await letBeRoot(account, run);
  else writeWhole(join(paths.folder, 'profile.sb'), sandboxProfile(account, realpathSync(home.root), [realpathSync(paths.ssh)]), 0o644);
  const screen = join(paths.folder, 'screen-password');
  if (!existsSync(screen)) writeWhole(screen, newScreenPassword());
  await runSteps(openScreen(readFileSync(screen, 'utf8')), run, { anyway: true });
  writeBounds(paths, boundsOf(record, root));

  const ended = Promise.withResolvers<void>();
  let ending = false;
  return {
    inside: { uid: account.uid, account: account.name, profile: root ? null : join(paths.folder, 'profile.sb'), processes: root ? null : record.limits.processes },
    over: ended.promise,
    end() {
      if (ending) return;
      ending = true;
      void endAccount(record.uid, outside, run).then((gone) => {
        if (gone) ended.resolve();
        // Whoever waits for the end is not told that it came: the server counts the machine as cut off.
        else outside.log(`processes of the lease ${record.lease} cannot be ended`);
      });
    },
    takeAway: () => takeAwayFromMac(run),
  };
}

/** Ends all that runs for a lease, and lets nothing of it start again. @returns whether nothing is left. */
export async function endAccount(uid: number, outside: Pick<Outside, 'wait'>, run: RunCommand = runCommand): Promise<boolean> {
  const account = accountOf(uid);
  await runSteps(closeScreen(), run, { anyway: true });
  await runSteps(closeAccount(account), run, { anyway: true });
  return endProcesses(account, run, (ms) => outside.wait(ms));
}

/** What stands on the machine for a lease that has ended: its rules of pf. Ports for people stay closed by the agent's own, where it has them. */
export async function takeAwayFromMac(run: RunCommand = runCommand): Promise<void> {
  await run('pfctl', ['-a', LEASE_ANCHOR, '-F', 'rules']);
}

function prepare({ folder, ssh }: LeasePaths): void {
  chmodSync(folder, 0o711);
  mkdirSync(ssh, { recursive: true });
  chmodSync(ssh, 0o755);
}

/** Without it nobody is let in. @throws Error when pf does not take it. */
async function fence(home: Home, record: LeaseRecord, run: RunCommand): Promise<void> {
  const root = record.access === 'root';
  const own = await addressesOf([readIdentity(home).server.host, ...record.network.deny]);
  const allowed = record.network.allow.map((text) => parseRange(text)!);
  const denied = record.network.out ? [...TRUSTING_RANGES, ...own, ...PRIVATE_RANGES] : [parseRange('0.0.0.0/0')!, parseRange('::/0')!];
  const { code, err } = await run('pfctl', ['-E', '-a', LEASE_ANCHOR, '-f', '-'], leaseRules(root ? null : record.uid, denied, allowed));
  if (code !== 0) throw new Error(`pf did not take the rules of the lease: ${err.trim().split('\n').at(-1)?.slice(0, 200) ?? ''}`);
}

async function addressesOf(hosts: readonly string[]): Promise<Range[]> {
  const found = await Promise.all(hosts.map(async (host) => (isIP(host) === 0 ? (await lookup(host, { all: true }).catch(() => [])).map(({ address }) => address) : [host])));
  return found.flat().flatMap((address) => parseRange(address) ?? []);
}

/** Written as the user: the agent touches no file in a folder whose owner may have put a link there. */
async function tellLogin(home: string, uid: number, password: string, run: RunCommand): Promise<void> {
  const text = `Log in at the screen as tenant with the password ${password}\nChange it as you like: it is this lease's alone, and goes with it.\n`;
  await run('/bin/launchctl', ['asuser', String(uid), '/usr/bin/sudo', '-n', '-H', '-u', 'tenant', '--', '/bin/sh', '-c', `umask 077; cat > "${home}/${LOGIN_FILE}"`], text);
}

/** A Mac is leased whole, so what macOS does not bound is bounded by the machine. */
function boundsOf({ limits, network, ranks }: LeaseRecord, root: boolean): Bounds {
  const why = root ? 'its tenant is root' : 'macOS bounds no user by it; the Mac is this lease\'s alone';
  return {
    limits: { cpuMillis: null, memoryBytes: null, processes: root ? null : limits.processes, diskBytes: null },
    network: network.out || root ? 'internet' : 'loopback', resolvers: [],
    unbound: [
      ...(['cpu', 'memory', 'disk'] as const).map((what) => ({ what, why })),
      ...(ranks === null ? [] : [{ what: 'ranks' as const, why: 'macOS gives a user no network of its own' }]),
      ...(root ? [{ what: 'processes' as const, why }, { what: 'network' as const, why: 'its tenant is root, whom rules on the machine do not bind' }] : []),
    ],
  };
}
