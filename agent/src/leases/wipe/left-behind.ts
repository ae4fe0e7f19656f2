import { lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where every user of a machine may write. */
export const OPEN_FOLDERS = ['/tmp', '/var/tmp', '/dev/shm', '/dev/mqueue', '/run/lock'];
const MOST_FOUND = 20;
/** Which column of /proc/sysvipc/NAME has the owner's number (proc(5), and the headings of the files themselves). */
const SYSV = ['shm', 'sem', 'msg'] as const;

/** What a lease's user has left outside its own folder: processes, files where all may write, and System V's shared things. Empty: nothing. */
export function leftBehind(uid: number): string[] {
  return [
    ...processesOf(uid).map((pid) => `process ${pid} of its user runs still`),
    ...OPEN_FOLDERS.flatMap((folder) => filesOf(folder, uid)).map((path) => `${path} is its user's still`),
    ...SYSV.filter((name) => ownsShared(name, uid)).map((name) => `shared things of its user (${name}) are there still`),
  ].slice(0, MOST_FOUND);
}

function processesOf(uid: number): string[] {
  return namesIn('/proc').filter((name) => /^\d+$/.test(name) && owns(`/proc/${name}`, uid) && !isZombie(name));
}

function filesOf(folder: string, uid: number): string[] {
  return namesIn(folder).map((name) => join(folder, name)).filter((path) => owns(path, uid));
}

function ownsShared(name: (typeof SYSV)[number], uid: number): boolean {
  const [heading, ...rows] = linesOf(`/proc/sysvipc/${name}`);
  const column = heading?.trim().split(/\s+/).indexOf('uid') ?? -1;
  return rows.some((row) => row.trim().split(/\s+/)[column] === String(uid));
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}

function owns(path: string, uid: number): boolean {
  try {
    return lstatSync(path).uid === uid;
  } catch {
    return false;
  }
}

function isZombie(pid: string): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/\(.*\)/, ''));
  } catch {
    return true;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
