import { existsSync } from 'node:fs';
import type { LeasePaths } from '../leases/record.ts';
import { keepHome, volumeFolder } from '../leases/volumes.ts';
import type { HomeLook } from '../leases/look.ts';
import type { RunCommand } from '../machine/command.ts';
import type { Home } from '../state/home.ts';
import type { Account } from './account.ts';

/** Where the two lie on disks apart, all of a home is copied. */
const MOVE_MS = 10 * 60_000;

/**
 * Puts a home that was kept where its account will have it. It lay in the lease's folder, by `takeHome`. Both are on the Mac's data volume, where a
 * rename moves all of it at once, with its owners, rights and attributes; mv(1) copies where it is not. Done again, it changes nothing.
 * @returns whether its home is there. @throws Error where it cannot be put there: the lease does not begin with another home.
 */
export async function putHome({ home }: Account, { files }: LeasePaths, run: RunCommand): Promise<boolean> {
  const isThere = (await run('test', ['-e', home])).code === 0;
  if (!existsSync(files)) return isThere;
  // It would be moved into the other.
  if (isThere) throw new Error('the home that was kept could not be put back: another is in its place');
  const { code } = await run('mv', [files, home], undefined, MOVE_MS);
  if (code !== 0) throw new Error(`the home that was kept could not be put back: mv ended with ${code ?? 'no code'}`);
  return true;
}

/**
 * Puts the home of an account aside, as a volume. Nothing of the lease may run. Done again, it changes nothing but counts again.
 * @throws Error where it cannot be moved: what was to be kept is not wiped.
 */
export async function keepMacHome(home: Home, account: Account, paths: LeasePaths, volume: string, run: RunCommand): Promise<{ readonly volume: string; readonly files: number; readonly bytes: number }> {
  if ((await run('test', ['-d', account.home])).code === 0) {
    // What its user made unchangeable cannot be renamed, not even by root: chflags(1). Of the folder alone, and never through a link.
    await run('chflags', ['-h', 'nouchg,nouappnd', account.home]);
    if (existsSync(paths.files)) throw new Error('the home could not be put aside: something is in its place');
    const { code } = await run('mv', [account.home, paths.files], undefined, MOVE_MS);
    if (code !== 0) throw new Error(`the home could not be put aside: mv ended with ${code ?? 'no code'}`);
  }
  keepHome(home, { volume, uid: account.uid }, paths);
  const { files, bytes } = await sizesOfMac(volumeFolder(home, volume), run);
  return { volume, files, bytes };
}

/** Files in a folder and their sizes. find(1) and stat(1) of macOS, which follow no link unless told. */
export async function sizesOfMac(folder: string, run: RunCommand): Promise<Omit<HomeLook, 'processes'>> {
  const { code, out } = await run('find', [folder, '-xdev', '-type', 'f', '-exec', 'stat', '-f', '%z', '{}', '+']);
  const sizes = out.split('\n').filter((line) => /^\d+$/.test(line));
  return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + Number(size), 0), whole: code === 0 };
}
