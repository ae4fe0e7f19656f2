import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { systemClock } from '../../src/base/index.ts';
import { isAlive, readPostmasterFile, stopServer } from '../../src/db/embedded/index.ts';

const PREFIX = 'tandem-test-postgres-';

/**
 * Gives the run a home for one database server. The server itself starts when the first test asks
 * for it (`createTestDatabase`), so runs without a database do not wait for one.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await clearAbandoned();
  const home = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  project.provide('testPostgresHome', home);
  return () => removeHome(home);
}

/** Servers of runs that were killed before they could stop theirs. */
async function clearAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1] ?? 0);
    if (pid > 0 && !isAlive(pid)) await removeHome(join(tmpdir(), name)).catch(() => {});
  }
}

async function removeHome(home: string): Promise<void> {
  const data = join(home, 'postgres', 'data');
  const file = existsSync(data) ? readPostmasterFile(data) : undefined;
  if (file !== undefined) await stopServer(file.pid, data, systemClock, { fastMs: 0, immediateMs: 5_000 });
  await rm(home, { recursive: true, force: true });
}
