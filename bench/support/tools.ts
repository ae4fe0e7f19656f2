import { installPrograms } from '../../scripts/debian.mjs';

/** Makes sure that the programs which a benchmark drives are there; installs them where this user may. Exits with the next step otherwise. */
export function requireTools(programs: readonly string[]): void {
  const missing = installPrograms(programs);
  if (missing.length === 0) return;
  console.error(`This benchmark needs ${missing.join(', ')}.\n  Next: sudo apt-get install ${missing.join(' ')}`);
  process.exit(1);
}
