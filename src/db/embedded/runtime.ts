import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { TandemError } from '../../base/index.ts';
import { runCommand } from './command.ts';
import type { DatabaseUser } from './database-user.ts';
import { libraryLinks, makeLibraryLinks, type PostgresPackage } from './package.ts';
import { isAlive } from './process-table.ts';

/** Postgres programs that the database's user can run. */
export interface Runtime {
  readonly initdb: string;
  readonly postgres: string;
}

export interface RuntimeOptions {
  readonly source: PostgresPackage;
  readonly user: DatabaseUser | undefined;
  /** Where copies may go, best first. */
  readonly copyTo: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** As root a place that every user can read; else a folder of our own. */
export function copyPlaces(user: DatabaseUser | undefined, root: string): string[] {
  return user === undefined ? [join(root, 'programs')] : ['/var/cache/tandem', join(tmpdir(), 'tandem-programs')];
}

/**
 * The programs where npm put them, when the database's user can run them there; else a copy.
 * A copy is needed when the checkout lies below a folder that this user may not enter (such as
 * /root), or when its library links are missing and we may not make them.
 */
export async function findRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { source, user, signal } = options;
  const links = await libraryLinks(source.native);
  let reason = 'its folder cannot be written';
  if (await makeLibraryLinks(source.native, links)) {
    const tried = await tryRun(source.native, user, signal);
    if (tried === undefined) return programs(source.native);
    reason = tried;
  }
  for (const place of options.copyTo) {
    const folder = join(place, `postgres-${source.version}-${source.platform}`);
    try {
      if (!(await isSafePlace(place))) continue;
      if ((await lstat(folder).catch(() => undefined)) === undefined) await copyPrograms(source.native, folder);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'ENOSPC' || code === 'EDQUOT') throw new TandemError('disk_full', { params: { path: place }, cause: error });
      if (code === undefined) throw error;
      reason = `${place}: ${code}`;
      continue;
    }
    const tried = await tryRun(folder, user, signal);
    if (tried === undefined) return programs(folder);
    reason = tried;
  }
  throw new TandemError('database_platform', { params: { platform: source.platform, reason: `its Postgres cannot run here: ${reason}` } });
}

function programs(native: string): Runtime {
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

/** Why the programs do not run for this user, or `undefined` when they do. Trying is the only sure way. */
async function tryRun(native: string, user: DatabaseUser | undefined, signal: AbortSignal | undefined): Promise<string | undefined> {
  try {
    const { code, output } = await runCommand(programs(native).postgres, ['--version'], { user, signal, timeoutMs: 20_000, cwd: '/' });
    return code === 0 ? undefined : firstLine(output) || `it ended with code ${code}`;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (user !== undefined && (code === 'EPERM' || code === 'EINVAL')) {
      throw new TandemError('database_user', { params: { user: user.name, reason: `root may not start programs as that user here (${code})` }, cause: error });
    }
    if (code === undefined) throw error;
    return code === 'ENOENT' ? 'this system lacks the C library (glibc) that it needs' : code;
  }
}

/** A folder that only we (or root) can write: else someone could plant programs for us to run. */
async function isSafePlace(place: string): Promise<boolean> {
  // The umask may have taken the others' rights.
  if ((await mkdir(place, { recursive: true })) !== undefined) await chmod(place, 0o755);
  const found = await lstat(place);
  const ours = found.uid === 0 || found.uid === process.getuid?.();
  return found.isDirectory() && ours && (found.mode & 0o022) === 0;
}

/** Copies `bin`, `lib` and `share` with their links, then puts the copy in place with one rename. */
async function copyPrograms(native: string, folder: string): Promise<void> {
  await clearInterrupted(folder);
  const fresh = `${folder}.new-${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    await mkdir(fresh);
    await chmod(fresh, 0o755);
    for (const part of ['bin', 'lib', 'share']) await copyTree(join(native, part), join(fresh, part));
    for (const { source, target } of await libraryLinks(native)) {
      await symlink(source, join(fresh, 'lib', target)).catch(ignoreExisting);
    }
    await rename(fresh, folder);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    const code = (error as NodeJS.ErrnoException).code;
    // Another start was quicker; its copy is as good as ours.
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}

/** Copies that were killed before they were whole. */
async function clearInterrupted(folder: string): Promise<void> {
  for (const name of await readdir(dirname(folder))) {
    const pid = name.startsWith(`${basename(folder)}.new-`) ? Number(name.slice(basename(folder).length + 5).split('-')[0]) : 0;
    if (pid > 0 && !isAlive(pid)) await rm(join(dirname(folder), name), { recursive: true, force: true });
  }
}

/** Readable by everyone whatever our umask, without static libraries and build files (7 MB). */
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'pgxs' && entry.name !== 'pkgconfig') await copyTree(source, target);
    } else if (entry.isFile() && !entry.name.endsWith('.a')) {
      await copyFile(source, target, constants.COPYFILE_FICLONE);
      await chmod(target, basename(to) === 'bin' ? 0o755 : 0o644);
    }
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error;
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
