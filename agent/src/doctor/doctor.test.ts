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
