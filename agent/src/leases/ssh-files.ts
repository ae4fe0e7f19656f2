import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../state/home.ts';
import type { LeasePaths, LeaseRecord } from './record.ts';
import { SSH_INSIDE } from './sandbox.ts';

/** What the server says of who may come in. */
export interface SshOrder {
  /** The line of the CA's public key. */
  readonly userCa: string;
  /** What a certificate must name: this lease on this node. */
  readonly principal: string;
  /** The host key's certificate, once the server has signed it. */
  readonly hostCertificate: string | null;
}

const config = (folder: string): string => `HostKey ${folder}/host
HostCertificate ${folder}/host-cert.pub
TrustedUserCAKeys ${folder}/user-ca.pub
AuthorizedPrincipalsFile ${folder}/principals
AuthorizedKeysFile none
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PidFile none
PrintMotd no
PrintLastLog no
X11Forwarding no
AllowAgentForwarding no
AllowStreamLocalForwarding no
AcceptEnv LANG LC_*
Subsystem sftp internal-sftp
`;

/** Makes the lease's own host key at the first time, and writes what sshd reads. Returns the line of the host's public key. */
export function prepareSsh({ uid }: LeaseRecord, paths: LeasePaths, { userCa, principal, hostCertificate }: SshOrder): string {
  const { ssh } = paths;
  const key = join(ssh, 'host');
  if (!existsSync(`${key}.pub`)) {
    rmSync(key, { force: true });
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', key], { stdio: ['ignore', 'ignore', 'pipe'], timeout: 10_000 });
    // sshd runs as the tenant, so the tenant can read it: it is the host key of this lease and of no other.
    chownSync(key, 0, uid);
    chmodSync(key, 0o640);
  }
  writeWhole(join(ssh, 'user-ca.pub'), `${userCa}\n`, 0o644);
  writeWhole(join(ssh, 'principals'), `${principal}\n`, 0o644);
  writeWhole(join(ssh, 'sshd_config'), config(folderInside(paths)), 0o644);
  if (hostCertificate !== null) writeWhole(join(ssh, 'host-cert.pub'), `${hostCertificate}\n`, 0o644);
  return readFileSync(`${key}.pub`, 'utf8').trim();
}

/** One session's sshd: its connection is its standard input and output. */
export function sshSession(paths: LeasePaths): string[] {
  return ['/usr/sbin/sshd', '-i', '-e', '-f', `${folderInside(paths)}/sshd_config`];
}

/** A sandbox shows the folder at a place of its own; on macOS there are no mounts of a lease's own. */
export function folderInside({ ssh }: LeasePaths): string {
  return process.platform === 'darwin' ? ssh : SSH_INSIDE;
}
