import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../state/home.ts';
import { showNodes } from './gpus/show.ts';
import { rankHosts, rankName } from './ranks/addresses.ts';
import type { LeasePaths, LeaseRecord } from './record.ts';

/** Where sshd finds its files inside. */
export const SSH_INSIDE = '/run/tandem';
/** What the first program inside says when all of the sandbox is there. */
export const READY = 'ready';
/** The one user inside, whatever its number. */
export const TENANT = 'tenant';
const HOME_INSIDE = `/home/${TENANT}`;

/** Makes what a sandbox shows of itself. Done by root before anything of the tenant runs. */
export function prepareFolders({ lease, uid, ranks }: LeaseRecord, paths: LeasePaths): void {
  // The tenant goes through it to its own folder, and lists nothing.
  chmodSync(paths.folder, 0o711);
  mkdirSync(paths.ssh, { recursive: true });
  chmodSync(paths.ssh, 0o755);
  if (!existsSync(paths.files)) {
    mkdirSync(paths.files, { mode: 0o700 });
    chownSync(paths.files, uid, uid);
  }
  writeWhole(join(paths.folder, 'passwd'), `root:x:0:0::/:/usr/sbin/nologin\n${TENANT}:x:${uid}:${uid}::${HOME_INSIDE}:/bin/bash\n`, 0o644);
  // No group tty: with one, sshd wants to give terminals to it, which a sandbox may not.
  writeWhole(join(paths.folder, 'group'), `root:x:0:\n${TENANT}:x:${uid}:\n`, 0o644);
  const name = hostName({ lease, ranks });
  writeWhole(join(paths.folder, 'hostname'), `${name}\n`, 0o644);
  writeWhole(join(paths.folder, 'hosts'), ranks === null ? `127.0.0.1 localhost ${name}\n::1 localhost ${name}\n` : `127.0.0.1 localhost\n::1 localhost\n${rankHosts(ranks)}`, 0o644);
}

/** Libraries take machines of one name for one machine. */
function hostName({ lease, ranks }: Pick<LeaseRecord, 'lease' | 'ranks'>): string {
  return ranks === null ? lease.slice(0, 8) : rankName(ranks.rank);
}

/** bubblewrap's arguments: namespaces of the lease's own, the machine's programs to read, one folder to write. */
export function sandboxArgs(record: LeaseRecord, paths: LeasePaths, infoFd: number): string[] {
  const readOnly = ['/etc/ld.so.cache', '/etc/alternatives', '/etc/ssl', '/etc/ca-certificates', '/etc/localtime', '/etc/os-release', '/opt'];
  // Files in memory count as memory: a lease that fills all of it with them could not even log in to remove them.
  const inMemory = (path: string, part: number): string[] => [...(record.limits.memoryBytes === null ? [] : ['--size', String(Math.floor(record.limits.memoryBytes / part))]), '--tmpfs', path];
  return [
    '--unshare-user', '--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try', '--disable-userns',
    // The keeper's end is the end of all of it.
    '--die-with-parent', '--new-session', '--hostname', hostName(record), '--info-fd', String(infoFd),
    '--ro-bind', '/usr', '/usr', '--symlink', 'usr/bin', '/bin', '--symlink', 'usr/sbin', '/sbin', '--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64',
    '--proc', '/proc', '--dev', '/dev', ...showNodes(record.nodes, record.uid, paths), ...inMemory('/dev/shm', 2), ...inMemory('/tmp', 4), ...inMemory('/run', 16), '--dir', '/etc', '--dir', '/var',
    '--ro-bind', paths.ssh, SSH_INSIDE,
    '--ro-bind', join(paths.folder, 'passwd'), '/etc/passwd', '--ro-bind', join(paths.folder, 'group'), '/etc/group', '--ro-bind', join(paths.folder, 'hostname'), '/etc/hostname',
    '--ro-bind', join(paths.folder, 'hosts'), '/etc/hosts', '--ro-bind', join(paths.folder, 'resolv.conf'), '/etc/resolv.conf',
    ...readOnly.flatMap((path) => ['--ro-bind-try', path, path]),
    '--bind', paths.files, HOME_INSIDE, '--chdir', HOME_INSIDE,
    '--clearenv', '--setenv', 'PATH', '/usr/local/bin:/usr/bin:/bin', '--setenv', 'HOME', HOME_INSIDE,
    // Says that it is there: bubblewrap may still fail when its first process is known already.
    '--', '/bin/sh', '-c', `echo ${READY}; exec sleep infinity`,
  ];
}
