import { lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where every user of a machine may write. */
const OPEN_FOLDERS = ['/tmp', '/var/tmp', '/dev/shm', '/dev/mqueue', '/run/lock'];
const MOST_FOUND = 20;

/** What a lease's user has left outside its own folder: processes, and files where all may write. Empty: nothing. */
export function leftBehind(uid: number): string[] {
  return [...processesOf(uid).map((pid) => `process ${pid} of its user runs still`), ...OPEN_FOLDERS.flatMap((folder) => filesOf(folder, uid)).map((path) => `${path} is its user's still`)].slice(0, MOST_FOUND);
}

function processesOf(uid: number): string[] {
  return namesIn('/proc').filter((name) => /^\d+$/.test(name) && owns(`/proc/${name}`, uid) && !isZombie(name));
}

function filesOf(folder: string, uid: number): string[] {
  return namesIn(folder).map((name) => join(folder, name)).filter((path) => owns(path, uid));
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
