import { spawnSync } from 'node:child_process';

/** Programs that a benchmark drives, with the Debian package that has each. */
const PACKAGES: Readonly<Record<string, string>> = { wrk: 'wrk', nginx: 'nginx-light', taskset: 'util-linux' };

/** Makes sure that the programs are there; installs them where this user may. Exits with the next step otherwise. */
export function requireTools(names: readonly string[]): void {
  const missing = names.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0);
  if (missing.length === 0) return;
  const packages = missing.map((name) => PACKAGES[name] ?? name);
  if (process.getuid?.() === 0 && spawnSync('sh', ['-c', 'command -v apt-get']).status === 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore', env });
    if (spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { stdio: 'ignore', env }).status === 0) return;
  }
  console.error(`This benchmark needs ${missing.join(', ')}.\n  Next: sudo apt-get install ${packages.join(' ')}`);
  process.exit(1);
}
