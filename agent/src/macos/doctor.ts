import type { Check } from '../doctor/doctor.ts';
import type { RunCommand } from '../machine/command.ts';

const check = (id: string, state: Check['state'], detail: string, next: string | null = null): Check => ({ id, state, detail, next: state === 'pass' ? null : next });

/** What leases on a Mac need. From documentation: `docs/how/mac.md` says what to see on the first real one. */
export async function examineMac(run: RunCommand): Promise<Check[]> {
  const [profile, pf, sshd, access, login, sleep] = await Promise.all([
    run('sandbox-exec', ['-p', '(version 1)(allow default)', '/usr/bin/true']), run('pfctl', ['-s', 'info']), run('/usr/sbin/sshd', ['-V']),
    // Only who has Full Disk Access reads it: without, homes of users cannot be removed whole.
    run('head', ['-c', '1', '/Library/Application Support/com.apple.TCC/TCC.db']), run('defaults', ['read', '/Library/Preferences/com.apple.loginwindow', 'autoLoginUser']), run('pmset', ['-g', 'custom']),
  ]);
  const sleeps = /^\s*sleep\s+([1-9]\d*)/m.test(sleep.out);
  return [
    check('macos', 'warn', 'leases on macOS were built from documentation and not tried on a Mac', 'Go through docs/how/mac.md before others lease this one.'),
    profile.code === 0 ? check('sandbox', 'pass', 'sandbox-exec keeps to a profile') : check('sandbox', 'fail', 'sandbox-exec does not start', 'Leases without root cannot run here: give it with root, from a pool that is erased or reinstalled.'),
    pf.code === 0 ? check('firewall', 'pass', 'pf answers') : check('firewall', 'fail', 'pf does not answer', 'Run sudo pfctl -s info on the machine.'),
    sshd.code === null ? check('ssh', 'fail', 'OpenSSH\'s server is not there', 'It is part of macOS: look at /usr/sbin/sshd.') : check('ssh', 'pass', 'OpenSSH\'s server is there'),
    access.code === 0 ? check('disk-access', 'pass', 'the agent has Full Disk Access') : check('disk-access', 'fail', 'the agent has no Full Disk Access, so a wipe cannot remove a user\'s home whole', 'Give it by a privacy profile (PPPC) of your MDM, or in System Settings, to the file node/current of the agent.'),
    // It would start a user's session before anything was granted.
    login.code === 0 ? check('automatic-login', 'warn', `${login.out.trim().slice(0, 40)} is logged in by itself after a restart`, 'Switch it off in System Settings, unless simulators of yours need it.') : check('automatic-login', 'pass', 'nobody is logged in by itself'),
    sleeps ? check('sleep', 'warn', 'the Mac goes to sleep by itself', 'Keep it awake: sudo pmset -a sleep 0 disksleep 0.') : check('sleep', 'pass', 'the Mac does not go to sleep by itself'),
  ];
}
