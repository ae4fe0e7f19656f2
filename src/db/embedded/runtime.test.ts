import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { emptyFolder } from './fixtures.ts';
import { findPostgresPackage, libraryLinks, type PostgresPackage } from './package.ts';
import { copyPlaces, findRuntime } from './runtime.ts';
import type { DatabaseUser } from './database-user.ts';

const root = process.getuid?.() === 0;
const nobody: DatabaseUser | undefined = root ? { uid: 65_534, gid: 65_534, name: 'nobody' } : undefined;
const installed = findPostgresPackage();

/** The package as npm unpacks it: without its library links. */
async function freshPackage(parent: string): Promise<PostgresPackage> {
  const native = join(parent, 'native');
  cpSync(installed.native, native, { recursive: true });
  for (const { target } of await libraryLinks(native)) rmSync(join(native, 'lib', target), { force: true });
  return { ...installed, native };
}

test('runs the programs where npm put them, after making their library links', async () => {
  const folder = emptyFolder();
  chmodSync(folder, 0o755);
  const source = await freshPackage(folder);
  const runtime = await findRuntime({ source, user: nobody, copyTo: [] });
  expect(runtime.postgres).toBe(join(source.native, 'bin', 'postgres'));
  expect(existsSync(join(source.native, 'lib', 'libpq.so.5'))).toBe(true);
});

describe.runIf(root && process.platform === 'linux')('as root', () => {
  test('copies them once when their user may not go where they are', async () => {
    const locked = emptyFolder('/root');
    chmodSync(locked, 0o700);
    const source = await freshPackage(locked);
    const open = emptyFolder();
    chmodSync(open, 0o755);
    const place = join(open, 'cache');
    const before = process.umask(0o077);
    try {
      const runtime = await findRuntime({ source, user: nobody, copyTo: [place] });
      const folder = join(place, `postgres-${source.version}-${source.platform}`);
      expect(runtime.initdb).toBe(join(folder, 'bin', 'initdb'));
      expect(readdirSync(place)).toEqual([folder.slice(place.length + 1)]);
      expect(existsSync(join(folder, 'lib', 'libpq.a'))).toBe(false);
      expect(lstatSync(join(folder, 'lib', 'libpq.so.5')).isSymbolicLink()).toBe(true);

      const left = `${folder}.new-4194305-1a2b3c4d`;
      mkdirSync(left);
      rmSync(folder, { recursive: true });
      await findRuntime({ source, user: nobody, copyTo: [place] });
      expect(existsSync(left)).toBe(false);

      const copied = lstatSync(folder).ino;
      await findRuntime({ source, user: nobody, copyTo: [place] });
      expect(lstatSync(folder).ino).toBe(copied);
    } finally {
      process.umask(before);
    }
  });

  test('two starts at once share one copy', async () => {
    const locked = emptyFolder('/root');
    chmodSync(locked, 0o700);
    const source = await freshPackage(locked);
    const open = emptyFolder();
    chmodSync(open, 0o755);
    const runs = await Promise.all([1, 2].map(() => findRuntime({ source, user: nobody, copyTo: [join(open, 'cache')] })));
    expect(runs[0]).toEqual(runs[1]);
    expect(readdirSync(join(open, 'cache'))).toHaveLength(1);
  });

  test('takes no copy from a place that others can write', async () => {
    const locked = emptyFolder('/root');
    chmodSync(locked, 0o700);
    const source = await freshPackage(locked);
    const shared = emptyFolder();
    const place = join(shared, 'cache');
    mkdirSync(place);
    chmodSync(place, 0o777);
    chmodSync(shared, 0o755);
    await expect(findRuntime({ source, user: nobody, copyTo: [place] })).rejects.toMatchObject({ code: 'database_platform' });
    expect(readdirSync(place)).toEqual([]);
  });
});

test.runIf(root && process.platform === 'linux')('an ordinary user who may not make the links copies the programs', async () => {
  const folder = emptyFolder();
  chmodSync(folder, 0o755);
  const source = await freshPackage(folder);
  const home = emptyFolder();
  chownSync(home, 1, 1);
  const program = `import { findRuntime, copyPlaces } from ${JSON.stringify(join(import.meta.dirname, 'runtime.ts'))};
    const source = ${JSON.stringify(source)};
    console.log(JSON.stringify(await findRuntime({ source, user: undefined, copyTo: copyPlaces(undefined, ${JSON.stringify(home)}) })));`;
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', program], { uid: 1, gid: 1, cwd: '/', encoding: 'utf8' });
  expect(JSON.parse(done.stdout), done.stderr).toMatchObject({
    postgres: join(home, 'programs', `postgres-${source.version}-${source.platform}`, 'bin', 'postgres'),
  });
  expect(existsSync(join(source.native, 'lib', 'libpq.so.5'))).toBe(false);
});

test('says why when the programs do not run here', async () => {
  const folder = emptyFolder();
  chmodSync(folder, 0o755);
  const source = await freshPackage(folder);
  for (const name of readdirSync(join(source.native, 'lib'))) if (name.startsWith('libssl')) rmSync(join(source.native, 'lib', name));
  await expect(findRuntime({ source, user: nobody, copyTo: [] })).rejects.toMatchObject({
    code: 'database_platform',
    message: expect.stringContaining('libssl') as string,
  });
});

test('copies go to a place for everyone as root, and into the home otherwise', () => {
  expect(copyPlaces({ uid: 65_534, gid: 65_534, name: 'nobody' }, '/home/a/postgres')[0]).toBe('/var/cache/tandem');
  expect(copyPlaces(undefined, '/home/a/postgres')).toEqual(['/home/a/postgres/programs']);
});
