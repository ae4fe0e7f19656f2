import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { WireError } from '../wire/index.ts';
import { writeWhole, type Home } from '../state/home.ts';
import { imageOf } from './limits/disk.ts';
import type { LeasePaths } from './record.ts';

/**
 * A lease's home that is kept after it. It lies apart from all leases, in a folder that none of their users can enter, and its user's number
 * is given to no other lease while it is there.
 */
export interface VolumeRecord {
  readonly volume: string;
  readonly uid: number;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function volumeFolder(home: Home, volume: string): string {
  return join(home.root, 'volumes', volume);
}

/** Every volume of this machine, whether a lease has it now or not. */
export function readVolumes(home: Home): VolumeRecord[] {
  const root = join(home.root, 'volumes');
  return (existsSync(root) ? readdirSync(root) : []).filter((name) => UUID.test(name)).flatMap((name) => {
    try {
      return [JSON.parse(readFileSync(recordOf(home, name), 'utf8')) as VolumeRecord];
    } catch {
      // Cut off before its first record was whole: nothing is in it.
      return [];
    }
  });
}

/** Puts a lease's home aside. Done again, it changes nothing. Nothing of the lease may run. */
export function keepHome(home: Home, { volume, uid }: VolumeRecord, paths: LeasePaths): void {
  mkdirSync(join(home.root, 'volumes'), { recursive: true, mode: 0o700 });
  writeWhole(recordOf(home, volume), `${JSON.stringify({ volume, uid })}\n`);
  move(paths, placesOf(home, volume));
}

/** Makes a volume the home of a lease that has not begun. Done again, it changes nothing. @throws WireError no_volume. */
export function takeHome(home: Home, volume: string, paths: LeasePaths): void {
  if (!readVolumes(home).some((one) => one.volume === volume)) throw new WireError('no_volume', 'the volume is not on this machine');
  move(placesOf(home, volume), paths);
}

/** @throws WireError volume_in_use. */
export function removeVolume(home: Home, volume: string, inUse: boolean): void {
  if (inUse) throw new WireError('volume_in_use', 'a lease has the volume');
  rmSync(volumeFolder(home, volume), { recursive: true, force: true });
}

/** A volume lies as a lease's home does: in a disk of its own, or as files. */
function placesOf(home: Home, volume: string): Pick<LeasePaths, 'folder' | 'files'> {
  const folder = volumeFolder(home, volume);
  return { folder, files: join(folder, 'files') };
}

function move(from: Pick<LeasePaths, 'folder' | 'files'>, to: Pick<LeasePaths, 'folder' | 'files'>): void {
  if (existsSync(imageOf(from))) renameSync(imageOf(from), imageOf(to));
  // A Mac's: the keychains in a home are locked by it.
  if (existsSync(loginOf(from))) renameSync(loginOf(from), loginOf(to));
  // Under a disk of its own the folder is an empty place to mount it.
  if (existsSync(from.files) && !existsSync(to.files)) renameSync(from.files, to.files);
}

/** The password that the home's user logs in with, where there is one. For root alone. */
export function loginOf({ folder }: Pick<LeasePaths, 'folder'>): string {
  return join(folder, 'login-password');
}

function recordOf(home: Home, volume: string): string {
  return join(volumeFolder(home, volume), 'volume.json');
}
