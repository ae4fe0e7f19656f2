import { spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/index.ts';

/** Ways to call pip, tried in this order. */
const PIPS: readonly (readonly string[])[] = [['pip3'], ['pip'], ['python3', '-m', 'pip'], ['python', '-m', 'pip']];

/** pip is ended when its files have not grown for this long. */
const STALL_MS = 45_000;

/**
 * Downloads one wheel into a folder by the machine's own pip, and so by whatever mirror, proxy and
 * certificates it is set up with. It runs nothing of the package.
 * @throws Error that names each pip that was tried and why it failed.
 */
export async function pipDownload(requirement: string, folder: string, clock: Clock, signal: AbortSignal, onBytes: (received: number) => void): Promise<void> {
  const failures: string[] = [];
  for (const [command, ...rest] of PIPS) {
    signal.throwIfAborted();
    const failure = await runPip(command!, [...rest, 'download', '--no-deps', '--no-input', '--no-cache-dir', '--disable-pip-version-check',
      '--progress-bar', 'off', '--only-binary', ':all:', '--dest', folder, requirement], folder, clock, signal, onBytes);
    if (failure === undefined) return;
    failures.push(failure);
    // A pip that is there and cannot reach PyPI will not reach it under another name.
    if (!failure.endsWith('is not installed')) break;
  }
  throw new Error(failures.at(-1)?.endsWith('is not installed') ? 'pip is not installed' : failures.at(-1));
}

/** @returns why it failed, or undefined. */
async function runPip(command: string, args: readonly string[], folder: string, clock: Clock, signal: AbortSignal, onBytes: (received: number) => void): Promise<string | undefined> {
  // pip writes to its temporary folder first; setting that to ours lets the growth be seen.
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, TMPDIR: folder } });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-4000);
  });
  const over = new AbortController();
  let stalled = false;
  const kill = () => child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true, signal: over.signal });

  const watch = async () => {
    let last = -1;
    let lastGrowthMs = clock.monotonicMs();
    for (;;) {
      await clock.sleep(250, over.signal);
      const bytes = await folderBytes(folder);
      if (bytes > last) {
        last = bytes;
        lastGrowthMs = clock.monotonicMs();
        onBytes(bytes);
      } else if (clock.monotonicMs() - lastGrowthMs > STALL_MS) {
        stalled = true;
        kill();
      }
    }
  };
  watch().catch(() => {});
  const outcome = await new Promise<number | string>((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ENOENT' ? `${command} is not installed` : error.message));
    child.on('close', (code, endedBy) => resolve(code ?? `it was ended by ${endedBy ?? 'the system'}`));
  });
  over.abort();
  if (outcome === 0) return undefined;
  if (stalled) return `pip received nothing for ${STALL_MS / 1000} s`;
  if (typeof outcome === 'string') return outcome;
  if (/No module named pip/.test(stderr)) return `${command} -m pip is not installed`;
  return `pip failed: ${lastError(stderr)}`;
}

async function folderBytes(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  const sizes = await Promise.all(names.map((name) => stat(join(folder, name)).then((found) => (found.isFile() ? found.size : 0), () => 0)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function lastError(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  return (lines.findLast((line) => line.startsWith('ERROR:')) ?? lines.at(-1) ?? 'it gave no reason').replace(/^ERROR:\s*/, '').slice(0, 200);
}
