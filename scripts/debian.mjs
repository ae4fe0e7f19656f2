// Debian's packages that tests and benchmarks drive as real parts. Plain JavaScript, as it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

/** The program to look for, and the package that has it, where the two have not one name. */
const PACKAGES = {
  ip: 'iproute2', tc: 'iproute2', nft: 'nftables', bwrap: 'bubblewrap', sshd: 'openssh-server', ssh: 'openssh-client', 'ssh-keygen': 'openssh-client', Xtigervnc: 'tigervnc-standalone-server',
  xev: 'x11-utils', 'linux.uml': 'user-mode-linux', nginx: 'nginx-light', taskset: 'util-linux',
};

/**
 * Installs what is missing of these programs where this user may, and returns the packages that are still missing.
 * @param {readonly string[]} programs
 * @returns {string[]}
 */
export function installPrograms(programs) {
  const missing = lacking(programs);
  if (missing.length === 0 || process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return missing;
  console.error(`Installing Debian packages: ${missing.join(', ')}...`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore', env });
  const leave = startNoServices();
  const got = (names) => spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], { stdio: ['ignore', 'ignore', 'inherit'], env }).status === 0;
  // One that this Debian does not have is no reason to be without the others.
  if (!got(missing)) for (const name of missing) got([name]);
  leave();
  return lacking(programs);
}

function lacking(programs) {
  const missing = programs.filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0);
  return [...new Set(missing.map((program) => PACKAGES[program] ?? program))];
}

/** Tests want sshd and nginx as programs: installing them is not to open a port of this machine. Debian's policy layer says so; what it says is the machine's own again afterwards. */
function startNoServices() {
  const policy = '/usr/sbin/policy-rc.d';
  if (existsSync(policy)) return () => {};
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  return () => rmSync(policy, { force: true });
}
