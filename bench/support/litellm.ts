import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The version that the field's figures are of. */
export const LITELLM = '1.106.2';

/**
 * A Python with LiteLLM's proxy in it (740 MB), made once per version outside the tree.
 * @returns its path, or the reason why there is none.
 */
export function pythonWithLitellm(): { readonly python: string } | { readonly missing: string } {
  const caches = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tandem-bench');
  const kept = join(caches, `litellm-${LITELLM}`);
  const python = join(kept, 'bin', 'python');
  if (existsSync(python)) return { python };
  mkdirSync(caches, { recursive: true });
  console.error(`Installing LiteLLM ${LITELLM} for the comparison (once)...`);
  const making = `${kept}-${process.pid}`;
  for (const [program, ...words] of [['python3', '-m', 'venv', making], [join(making, 'bin', 'python'), '-m', 'pip', 'install', '-q', '--disable-pip-version-check', `litellm[proxy]==${LITELLM}`]]) {
    const done = spawnSync(program!, words, { encoding: 'utf8' });
    if (done.status === 0) continue;
    rmSync(making, { recursive: true, force: true });
    return { missing: done.error?.message ?? (done.stderr.trim().split('\n').at(-1) || `${program} ended with ${done.status}`) };
  }
  renameSync(making, kept);
  return { python };
}
