import { existsSync, readFileSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

const MOST_TRIES = 100;
const STEP_MS = 20;

/** Takes control groups away, with whatever still runs in them. @returns what is left of them. */
export async function removeGroups(folders: readonly string[], wait: (ms: number) => Promise<void>): Promise<string[]> {
  const left: string[] = [];
  for (const folder of folders) if (!(await removeGroup(folder, wait))) left.push(folder);
  return left;
}

async function removeGroup(folder: string, wait: (ms: number) => Promise<void>): Promise<boolean> {
  for (let tries = 0; existsSync(folder); tries += 1) {
    try {
      // Groups that the tenant's programs made below, where the kernel let them.
      for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) await removeGroup(join(folder, entry.name), wait);
      for (const pid of readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter((line) => line !== '')) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It went meanwhile.
    }
    try {
      rmdirSync(folder);
      return true;
    } catch {
      // The kernel counts processes that are about to go.
      if (tries === MOST_TRIES) return false;
      await wait(STEP_MS);
    }
  }
  return true;
}
