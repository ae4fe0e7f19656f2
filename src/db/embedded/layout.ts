import { randomBytes } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { chmod, link, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { TandemError, makeFolder } from '../../base/index.ts';
import { isAlive } from './process-table.ts';

/** Where the embedded database keeps what, all below `<home>/postgres`. */
export interface Layout {
  readonly home: string;
  /** `<home>/postgres`, ours alone. */
  readonly root: string;
  /** The data directory; belongs to the user that the database runs as. */
  readonly data: string;
  readonly password: string;
  readonly log: string;
}

const MAX_LOG_BYTES = 10_000_000;

export function layoutOf(home: string): Layout {
  const root = join(resolve(home), 'postgres');
  return {
    home: resolve(home),
    root,
    data: join(root, 'data'),
    password: join(root, 'password'),
    log: join(root, 'log', 'postgres.log'),
  };
}

/** Makes the folders, and clears away what an interrupted first start left. */
export async function prepareLayout(layout: Layout): Promise<void> {
  makeFolder(join(layout.root, 'log'), 0o700);
  for (const name of await readdir(layout.root)) {
    const pid = /^(?:data|password)\.new-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && Number(pid) !== process.pid && !isAlive(Number(pid))) {
      await rm(join(layout.root, name), { recursive: true, force: true });
    }
  }
}

/** The database role's password: 24 random bytes, made once, readable by us alone. */
export async function readOrMakePassword(layout: Layout): Promise<string> {
  const found = await readPassword(layout);
  if (found !== undefined) return found;
  await rm(layout.password, { force: true });
  const fresh = `${layout.password}.new-${process.pid}`;
  await writeDurably(fresh, `${randomBytes(24).toString('base64url')}\n`);
  try {
    // A link, not a rename: of two starts at once the first decides, and both use its password.
    await link(fresh, layout.password);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(fresh, { force: true });
  }
  await syncFolder(layout.root);
  const made = await readPassword(layout);
  if (made === undefined) throw new TandemError('home_in_use', { params: { home: layout.home, pid: 'unknown', since: 'just now' } });
  return made;
}

async function readPassword(layout: Layout): Promise<string | undefined> {
  try {
    const found = (await readFile(layout.password, 'utf8')).trim();
    if (!/^[\w-]{16,128}$/.test(found)) return undefined;
    await chmod(layout.password, 0o600);
    return found;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes a file readable by us alone, and waits until the disk has it. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes names in a folder (a rename, a new file) survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Keeps one older log when the current one has grown past 10 MB. Only while no server writes to it. */
export async function rotateLog(layout: Layout, maxBytes: number = MAX_LOG_BYTES): Promise<void> {
  const size = await stat(layout.log).then((found) => found.size, () => 0);
  if (size > maxBytes) await rename(layout.log, `${layout.log}.1`);
}

/** What the data directory holds: nothing yet, or a database of a major version. */
export async function dataVersion(layout: Layout): Promise<number | 'absent'> {
  let names: string[];
  try {
    if (lstatSync(layout.data).isSymbolicLink()) {
      throw new TandemError('database_corrupt', { params: { path: layout.data, reason: 'it is a link, not a folder', log: layout.log } });
    }
    names = await readdir(layout.data);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return 'absent';
    if (code === 'ENOTDIR') throw new TandemError('database_corrupt', { params: { path: layout.data, reason: 'it is not a folder', log: layout.log } });
    throw error;
  }
  if (names.length === 0) return 'absent';
  const text = await readFile(join(layout.data, 'PG_VERSION'), 'utf8').catch(() => '');
  const version = /^(\d+)\s*$/.exec(text)?.[1];
  if (version === undefined) {
    throw new TandemError('database_corrupt', { params: { path: layout.data, reason: 'its file PG_VERSION is missing or not readable', log: layout.log } });
  }
  return Number(version);
}

/** Throws `database_major` unless the data directory is of the major version that we bring. */
export function requireMajor(layout: Layout, found: number, expected: number): void {
  if (found !== expected) throw new TandemError('database_major', { params: { path: layout.data, found, expected } });
}
