import { statfsSync } from 'node:fs';
import { examineMac } from '../macos/doctor.ts';
import { runCommand, type RunCommand } from '../machine/command.ts';
import { SCREEN_SERVER } from '../leases/screen.ts';
import { takeInventory } from '../inventory/inventory.ts';
import { examineBounds, examineNodes } from './bounds.ts';

/** One thing that was looked at on this machine. */
export interface Check {
  readonly id: string;
  readonly state: 'pass' | 'warn' | 'fail';
  readonly detail: string;
  readonly next: string | null;
}

/** A user that is nobody's, as a lease's is. */
const TRIAL_UID = '1000000000';
const FREE_WARN_BYTES = 5_000_000_000;
const FREE_FAIL_BYTES = 500_000_000;
const check = (id: string, state: Check['state'], detail: string, next: string | null = null): Check => ({ id, state, detail, next: state === 'pass' ? null : next });

/** What on this machine is in the way of leases: quick enough to be looked at with every heartbeat. */
export function lookAt(root: string): Check[] {
  return [disk(root), user()];
}

/** All of it, programs of the machine included. @param shared the network that the machines of its pool share. */
export async function examine(root: string, standIn: boolean, run: RunCommand = runCommand, shared?: string): Promise<Check[]> {
  const [{ inventory, problems }, isolation] = await Promise.all([takeInventory(root, standIn, run), process.platform === 'linux' ? Promise.all([sandbox(run), examineBounds(run, undefined, undefined, shared)]).then((checks) => checks.flat()) : examineMac(run)]);
  const { gpus, apple } = inventory;
  return [
    ...lookAt(root), ...isolation,
    problems.length > 0 ? check('gpus', 'fail', problems.join('; '), 'Look at nvidia-smi, amd-smi or rocm-smi on the machine; a lost card needs a restart.') : check('gpus', 'pass', gpus.length === 0 ? 'there are no GPUs' : gpus.map(({ name }) => name).join(', ')),
    ...(process.platform === 'linux' ? await examineNodes(inventory, run) : []),
    ...(apple === undefined ? [] : [
      apple.fileVault === true ? check('filevault', 'fail', 'FileVault is on: after a restart nobody gets in before a password is typed', 'Switch it off: sudo fdesetup disable.') : check('filevault', apple.fileVault === null ? 'warn' : 'pass', apple.fileVault === null ? 'the state of FileVault is unknown' : 'FileVault is off', 'Run fdesetup status on the machine.'),
      check('sip', apple.sip === true ? 'pass' : 'warn', apple.sip === true ? 'System Integrity Protection is on' : 'System Integrity Protection is off or unknown', 'Switch it on in Recovery: csrutil enable.'),
    ]),
  ];
}

/** As a lease has it: by a user that is nobody else's, since root may do what users may not. A sandbox is for all to start where the agent is not root. */
function tryAsTenant(): [program: string, args: string[]] {
  const sandboxed = ['bwrap', '--unshare-all', '--unshare-user', '--disable-userns', '--ro-bind', '/', '/', '--', 'true'];
  return process.getuid?.() === 0 ? ['setpriv', ['--reuid', TRIAL_UID, '--regid', TRIAL_UID, '--clear-groups', ...sandboxed]] : ['bwrap', sandboxed.slice(1)];
}

/** Whether a sandbox really starts here: programs that are there do not say that the kernel lets them. */
async function sandbox(run: RunCommand): Promise<Check[]> {
  const [bwrap, sshd, nsenter, screen] = await Promise.all([
    run('bwrap', ['--version']).then((there) => (there.code === null ? there : run(...tryAsTenant()))), run('/usr/sbin/sshd', ['-V']), run('nsenter', ['--version']), run(SCREEN_SERVER, ['-version']),
  ]);
  return [
    bwrap.code === 0 ? check('sandbox', 'pass', 'bubblewrap starts sandboxes')
      : check('sandbox', 'fail', bwrap.code === null ? 'bubblewrap is not there' : `bubblewrap does not start: ${bwrap.err.trim().split('\n')[0]!.slice(0, 200)}`, bwrap.code === null ? 'Install it (Debian: apt-get install bubblewrap).' : 'Let the kernel make user namespaces for users: sysctl kernel.unprivileged_userns_clone=1 (Debian), kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), user.max_user_namespaces above 0; in /etc/sysctl.d to stay.'),
    // An sshd that does not know the option says which one it is, all the same.
    sshd.code === null ? check('ssh', 'fail', 'OpenSSH\'s server is not there', 'Install it (Debian: apt-get install openssh-server); it need not run.') : nsenter.code === null ? check('ssh', 'fail', 'nsenter is not there', 'Install util-linux.') : check('ssh', 'pass', 'OpenSSH\'s server is there'),
    screen.code === null ? check('screen', 'warn', 'leases have no screen: there is no VNC server', 'Install it where one is wanted (Debian: apt-get install tigervnc-standalone-server).') : check('screen', 'pass', 'TigerVNC is there, for screens of leases'),
  ];
}

function disk(root: string): Check {
  const { bsize, bavail } = statfsSync(root);
  const free = bsize * bavail;
  const detail = `${(free / 1e9).toFixed(1)} GB are free on the disk of ${root}`;
  if (free < FREE_FAIL_BYTES) return check('disk', 'fail', detail, 'Free space on this disk: leases have no room.');
  return check('disk', free < FREE_WARN_BYTES ? 'warn' : 'pass', detail, 'Free space on this disk before leases fill it.');
}

function user(): Check {
  return process.getuid?.() === 0 ? check('user', 'pass', 'the agent runs as root') : check('user', 'warn', 'the agent does not run as root, so leases have no users of their own', 'Paste the line of tandem node add as root.');
}
