import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** True while the number is taken, whoever has it, be it a zombie (ended, not yet collected). */
export function existsInTable(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** True while a process with this number runs, whoever owns it. */
export function isAlive(pid: number): boolean {
  return existsInTable(pid) && !(process.platform === 'linux' && isZombie(pid));
}

/** Containers whose first process collects nobody keep zombies for ever. */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The state follows the program's name, which stands in brackets and may hold anything.
    return /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/**
 * The command line of a process, its words joined by spaces; empty when there is no such
 * process, when it is a zombie, or when the system hides it.
 */
export function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux') {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0+$/, '').replaceAll('\0', ' ');
    }
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}
