import { chmodSync, existsSync, lstatSync, mkdirSync, openSync, closeSync, ftruncateSync, readdirSync, readFileSync, rmSync, rmdirSync, statSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { RunCommand } from '../../machine/command.ts';
import type { LeasePaths } from '../record.ts';
import { heldBytes, leaveRoom } from './room.ts';

/**
 * A lease's files lie in a file system of their own, in a file beside its folder: whatever the machine's own file system is, the size of that
 * file bounds them, and a full one is full for this lease alone. The keeper mounts it where only it and the sandbox see it, so the end
 * of both unmounts it, however they end.
 */
export interface DiskOutcome {
  /** Null: nothing bounds it. */
  readonly diskBytes: number | null;
  readonly why: string | null;
}

const MIB = 2 ** 20;
/** Stays free on the machine's disk, for the agent and what it runs. */
const RESERVE_BYTES = 512 * MIB;
const LEAST_BYTES = 16 * MIB;
/** mkfs gives large disks a journal of a gigabyte, written out at once. */
const JOURNAL_FROM_BYTES = 256 * MIB;
const RELEASE_TRIES = 200;
const RELEASE_STEP_MS = 25;

export const imageOf = (paths: Pick<LeasePaths, 'folder'>): string => join(paths.folder, 'files.img');

/** Makes the lease's disk at the first time and mounts it over its folder. Its size stays as it was made; one that was kept beyond a lease may be filled as far as there is room now. */
export async function openDisk(paths: LeasePaths, uid: number, diskBytes: number | null, run: RunCommand, wait: (ms: number) => Promise<void>): Promise<DiskOutcome> {
  const image = imageOf(paths);
  const before = existsSync(image);
  if (!before && (diskBytes === null || holdsFiles(paths.files))) return { diskBytes: null, why: diskBytes === null ? null : 'its files were there before disks were bounded' };
  if (!before) {
    const failed = await makeImage(image, uid, Math.min(diskBytes!, roomFor(paths.folder)), run);
    if (failed !== null) {
      rmSync(image, { force: true });
      return { diskBytes: null, why: failed };
    }
  }
  await released(image, wait);
  if (heldBytes(image) > 0) await leaveRoom(image, roomFor(paths.folder, image), run);
  const diskSize = statSync(image).size - heldBytes(image);
  const mounted = await run('mount', ['-t', 'ext4', '-o', 'loop,nosuid,nodev,noatime', image, paths.files]);
  if (mounted.code !== 0) {
    // What is in it is the tenant's: it is neither shown half nor made anew.
    if (before) throw new Error(`the disk of the lease could not be mounted: ${firstLine(mounted.err)}`);
    rmSync(image, { force: true });
    return { diskBytes: null, why: `the machine mounts no files as disks: ${firstLine(mounted.err) || 'mount is not there'}` };
  }
  chmodSync(paths.files, 0o700);
  if (!before) rmdirSync(join(paths.files, 'lost+found'));
  return { diskBytes: diskSize, why: null };
}

/**
 * The files of a lease that does not run, for whoever keeps or looks at them: mounted for the time of the work where its keeper had them.
 * Where disks are not bounded they lie there anyway. The tenant made all that is in it: open it relative to the folder, as its user.
 */
export async function withFiles<T>(paths: LeasePaths, run: RunCommand, wait: (ms: number) => Promise<void>, work: (folder: string) => Promise<T>): Promise<T> {
  const image = imageOf(paths);
  if (!existsSync(image)) return work(paths.files);
  await released(image, wait);
  mkdirSync(paths.files, { recursive: true });
  const mounted = await run('mount', ['-t', 'ext4', '-o', 'loop,nosuid,nodev,noexec,noatime', image, paths.files]);
  if (mounted.code !== 0) throw new Error(`the disk of the lease could not be mounted: ${firstLine(mounted.err)}`);
  try {
    return await work(paths.files);
  } finally {
    await run('umount', [paths.files]);
  }
}

/** A disk that goes on beyond its lease: what was deleted in it is given back to the machine, and what is free in it is promised to nobody. */
export async function holdDisk(paths: Pick<LeasePaths, 'folder'>, run: RunCommand): Promise<void> {
  const image = imageOf(paths);
  if (existsSync(image)) await leaveRoom(image, 0, run);
}

/** How much a disk may have: what is free, less what other leases were promised and have not used yet. @param own is not counted. */
function roomFor(folder: string, own?: string): number {
  const { bsize, bavail } = statfsSync(folder);
  // Homes that are kept beyond their lease lie beside, and may grow in another one.
  const places = [join(folder, '..'), join(folder, '../../volumes')].filter((place) => existsSync(place));
  const images = places.flatMap((place) => readdirSync(place, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => imageOf({ folder: join(place, name) })));
  const promised = images.filter((image) => image !== own).reduce((sum, image) => sum + promisedBy(image), 0);
  return Math.max(LEAST_BYTES, Math.floor((bsize * bavail - promised - RESERVE_BYTES) / MIB) * MIB);
}

/** What a disk's tenant may still write of it, and has not. */
function promisedBy(image: string): number {
  try {
    const { size, blocks } = lstatSync(image);
    return Math.max(0, size - blocks * 512 - heldBytes(image));
  } catch (error) {
    // Not there, or wiped just now.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

async function makeImage(image: string, uid: number, bytes: number, run: RunCommand): Promise<string | null> {
  const file = openSync(image, 'wx', 0o600);
  try {
    // No block of it is taken before it is written.
    ftruncateSync(file, bytes);
  } finally {
    closeSync(file);
  }
  const made = await run('mkfs.ext4', ['-q', '-F', '-m', '0', '-E', `lazy_itable_init=1,nodiscard,root_owner=${uid}:${uid}`, ...(bytes >= JOURNAL_FROM_BYTES ? ['-J', 'size=16'] : []), image]);
  return made.code === 0 ? null : made.code === null ? 'mkfs.ext4 is not there' : `mkfs.ext4 ended with ${made.code}: ${firstLine(made.err)}`;
}

/** The kernel lets a disk go a moment after the last process that saw it; mounting it twice would destroy it. */
async function released(image: string, wait: (ms: number) => Promise<void>): Promise<void> {
  for (let tries = 0; isMounted(image); tries += 1) {
    if (tries === RELEASE_TRIES) throw new Error('the disk of the lease is still mounted somewhere');
    await wait(RELEASE_STEP_MS);
  }
}

function isMounted(image: string): boolean {
  return readdirSync('/sys/block').filter((name) => name.startsWith('loop')).some((name) => {
    try {
      return readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8').trim() === image;
    } catch {
      // This one has no file.
      return false;
    }
  });
}

function holdsFiles(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).length > 0;
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0]!.slice(0, 200);
}
