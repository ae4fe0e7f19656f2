import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../python');
const REQUIREMENTS = join(FOLDER, 'requirements.txt');

/**
 * A Python with the pinned clients in it, made once per version outside the tree.
 * @returns its path, or the reason why there is none.
 */
export function pythonWithClients(): { readonly python: string } | { readonly missing: string } {
  const version = spawnSync('python3', ['--version'], { encoding: 'utf8' });
  if (version.status !== 0) return { missing: 'there is no python3' };
  const key = createHash('sha256').update(readFileSync(REQUIREMENTS)).update(version.stdout).digest('hex').slice(0, 16);
  const caches = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tandem-tests');
  const kept = join(caches, `python-${key}`);
  const python = join(kept, 'bin', 'python');
  if (existsSync(python)) return { python };
  mkdirSync(caches, { recursive: true });
  // Made aside and moved when it is whole, so that a run that is ended leaves no half of it. Its python keeps working: scripts are run by it, not by their own first line.
  const making = `${kept}-${process.pid}`;
  for (const [program, ...words] of [['python3', '-m', 'venv', making], [join(making, 'bin', 'python'), '-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--retries', '5', '-r', REQUIREMENTS]]) {
    const done = spawnSync(program!, words, { encoding: 'utf8', timeout: 300_000 });
    if (done.status === 0) continue;
    rmSync(making, { recursive: true, force: true });
    return { missing: `${program} ${words[1]} failed: ${(done.stderr ?? '').trim().split('\n').at(-1) ?? ''}` };
  }
  renameSync(making, kept);
  return { python };
}

/** Runs one of the scripts of `test/acceptance/python`; resolves with the JSON that it prints last. */
export function runPython(python: string, script: string, env: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    // The variables of whoever runs the tests (keys, proxies) stay outside.
    const child = spawn(python, [join(FOLDER, script)], { env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', LANGSMITH_TRACING: 'false', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve(JSON.parse(out.trim().split('\n').at(-1)!) as Record<string, unknown>);
      else reject(new Error(`${script} ended with ${code}:\n${err.slice(-4_000)}`));
    });
  });
}
