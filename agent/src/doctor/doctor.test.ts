import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import type { RunCommand } from '../machine/command.ts';
import { examine } from './doctor.ts';

// What bubblewrap 0.8.0 said on Debian 12 with kernel.unprivileged_userns_clone=0, to a user; to root it said nothing and ended with 0.
const REFUSED = 'bwrap: No permissions to create new namespace, likely because the kernel does not allow non-privileged user namespaces.\n';

test.runIf(process.platform === 'linux' && process.getuid?.() === 0)('a sandbox is tried as a lease has it: a kernel that lets root alone make namespaces does not pass', async () => {
  const run: RunCommand = async (program, args) => (program === 'setpriv' && args.includes('bwrap') ? { code: 1, out: '', err: REFUSED } : { code: 0, out: '', err: '' });
  const checks = await examine(tmpdir(), false, run);
  expect(checks.find(({ id }) => id === 'sandbox')).toMatchObject({ state: 'fail', detail: `bubblewrap does not start: ${REFUSED.trim()}`, next: expect.stringContaining('kernel.unprivileged_userns_clone=1') as unknown });
});

test.runIf(process.platform === 'linux')('what a lease needs of the machine is named where it is not there, with what to install', async () => {
  const without = (...absent: readonly string[]): RunCommand => async (program) => ({ code: absent.includes(program) ? null : 0, out: '', err: '' });
  const said = async (...absent: readonly string[]): Promise<Record<string, string>> => Object.fromEntries((await examine(tmpdir(), false, without(...absent))).map(({ id, state, detail, next }) => [id, `${state}: ${detail}${next === null ? '' : `; ${next}`}`]));
  expect(await said()).toMatchObject({ sandbox: 'pass: bubblewrap starts sandboxes', ssh: 'pass: OpenSSH\'s server is there', screen: 'pass: TigerVNC is there, for screens of leases', gpus: 'pass: there are no GPUs' });
  expect((await said('bwrap'))['sandbox']).toBe('fail: bubblewrap is not there; Install it (Debian: apt-get install bubblewrap).');
  expect((await said('/usr/sbin/sshd'))['ssh']).toMatch(/^fail: OpenSSH's server is not there; Install it .*openssh-server/);
  expect((await said('nsenter'))['ssh']).toBe('fail: nsenter is not there; Install util-linux.');
  expect((await said('/usr/bin/Xtigervnc'))['screen']).toMatch(/^warn: leases have no screen: .*apt-get install tigervnc-standalone-server/);
  // A driver that hangs is no machine without GPUs.
  const hangs: RunCommand = async (program) => (program === 'nvidia-smi' ? { code: 124, out: '', err: 'timed out' } : { code: 0, out: '', err: '' });
  expect((await examine(tmpdir(), false, hangs)).find(({ id }) => id === 'gpus')).toMatchObject({ state: 'fail', next: expect.stringContaining('a lost card needs a restart') as unknown });
});
