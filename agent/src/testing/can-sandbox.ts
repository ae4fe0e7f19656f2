import { spawnSync } from 'node:child_process';

const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/** Whether leases can really run here: root, bubblewrap, nsenter and sshd. Tests that need them are named as not run where they are missing. */
export const canSandbox = process.platform === 'linux' && process.getuid?.() === 0 && ['bwrap', 'nsenter', 'ssh-keygen', '/usr/sbin/sshd'].every(has);
