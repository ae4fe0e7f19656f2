import { spawn } from 'node:child_process';
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

const MOST_FOUND = 20;
/** A folder may have a million: the agent says that it is there meanwhile. */
const ENTRIES_A_TURN = 100;
/** A canary is a line: what is larger than this holds it in its beginning or not at all. */
const MOST_BYTES = 1_048_576;
/** Where files stay that somebody wrote: not the network's, which are not this machine's to wipe. */
const LOCAL = new Set(['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'zfs', 'f2fs', 'bcachefs', 'tmpfs', 'ramfs', 'overlay', 'vfat', 'exfat', 'ntfs', 'ntfs3', 'jfs', 'reiserfs']);

/** What a search found, and whether it came to its end in its time. */
export interface Found {
  readonly paths: readonly string[];
  readonly whole: boolean;
}

/** Mount points of local file systems that can be written, each once. @param mountinfo the text of /proc/self/mountinfo (proc(5)). */
export function writableRoots(mountinfo: string): string[] {
  const byDevice = new Map<string, string>();
  for (const line of mountinfo.split('\n')) {
    const [front, back] = line.split(' - ');
    const [, , device, root, point, options] = (front ?? '').split(' ');
    const [type, , ofSystem] = (back ?? '').split(' ');
    if (device === undefined || point === undefined || root !== '/' || !LOCAL.has(type ?? '')) continue;
    if (!options!.split(',').includes('rw') || !(ofSystem ?? '').split(',').includes('rw')) continue;
    const path = point.replaceAll(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    const known = byDevice.get(device);
    if (known === undefined || path.length < known.length) byDevice.set(device, path);
  }
  // One may be mounted over another at the same place.
  return [...new Set(byDevice.values())].sort();
}

/** Everything that belongs to a user on the file systems of these folders, but for what lies in `without`. Reads names alone. */
export function thingsOf(uid: number, folders: readonly string[], without: readonly string[], mostMs: number): Promise<Found> {
  if (mostMs <= 0) return Promise.resolve({ paths: [], whole: false });
  const pruned = without.flatMap((path) => ['-path', path, '-prune', '-o']);
  return new Promise((resolve) => {
    const child = spawn('find', [...folders, '-xdev', ...pruned, '-user', String(uid), '-print0'], { stdio: ['ignore', 'pipe', 'ignore'], cwd: '/' });
    let text = '';
    let whole = true;
    const stop = (): void => {
      whole = false;
      child.kill('SIGKILL');
    };
    const timer = setTimeout(stop, mostMs);
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      // That it is not clean is known by now.
      if (text.length > 100_000) stop();
    });
    child.once('error', () => resolve({ paths: [], whole: false }));
    child.once('close', () => {
      clearTimeout(timer);
      resolve({ paths: text.split('\0').filter((path) => path !== '').slice(0, MOST_FOUND), whole });
    });
  });
}

/** Files in these folders that hold the token, whoever owns them, among those that were written since, but for the folders `without`. Others have their turn meanwhile. */
export async function filesWith(token: string, folders: readonly string[], sinceMs: number, stop: AbortSignal, without: readonly string[]): Promise<Found> {
  const found: string[] = [];
  // Level by level: things lie near the top of where they were put.
  const left = [...folders];
  let looked = 0;
  for (const folder of left) {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      if (stop.aborted) return { paths: found, whole: false };
      looked += 1;
      if (looked % ENTRIES_A_TURN === 0) await setImmediate();
      const path = join(folder, entry.name);
      if (entry.isDirectory() && !without.includes(path) && sameDevice(path, folder)) left.push(path);
      if (entry.isFile() && found.length < MOST_FOUND && changedSince(path, sinceMs) && holds(path, token)) found.push(path);
    }
  }
  return { paths: found, whole: true };
}

/** Processes that carry the token in their arguments or environment, whoever they run as. */
export async function processesWith(token: string): Promise<string[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => ['cmdline', 'environ'].some((file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`).includes(token);
    } catch {
      return false;
    }
  }));
}

function sameDevice(path: string, other: string): boolean {
  try {
    return lstatSync(path).dev === lstatSync(other).dev;
  } catch {
    return false;
  }
}

function changedSince(path: string, sinceMs: number): boolean {
  try {
    return lstatSync(path).ctimeMs >= sinceMs;
  } catch {
    return false;
  }
}

/** Reads no pipe and follows no link, whatever somebody puts in the file's place meanwhile. */
function holds(path: string, token: string): boolean {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return false;
  }
  try {
    if (!fstatSync(file).isFile()) return false;
    const content = Buffer.alloc(Math.min(MOST_BYTES, fstatSync(file).size));
    return content.subarray(0, readSync(file, content, 0, content.length, 0)).includes(token);
  } catch {
    return false;
  } finally {
    closeSync(file);
  }
}
