import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, stat } from 'node:fs/promises';
import { directoryName, type ClusterOptions } from './cluster.ts';
import { databaseEnvironment } from './command.ts';
import { spawnIdentity } from './database-user.ts';
import { rotateLog } from './layout.ts';
import { identityOf } from './postmaster.ts';
import { serverArguments } from './settings.ts';

export interface SpawnedServer {
  readonly pid: number;
  /** What the server has written into its log since it was started, at most the last 64 KB. */
  output(): Promise<string>;
}

/**
 * Starts the postmaster: as the database's user, inside the data directory, in a session of its
 * own (so a Ctrl-C in our terminal passes it by), its output going to the log file. It goes on
 * when we are killed.
 */
export async function spawnServer(cluster: ClusterOptions, settings: Readonly<Record<string, string>>): Promise<SpawnedServer> {
  const { layout, runtime, user } = cluster;
  await rotateLog(layout);
  // We open the log and hand it over: its folder is ours alone.
  const log = await open(layout.log, 'a', 0o600);
  try {
    const startsAt = (await stat(layout.log)).size;
    const words = serverArguments(directoryName(layout.data), identityOf(layout.data), layout, settings);
    const child = spawn(runtime.postgres, words, {
      ...spawnIdentity(user),
      cwd: layout.data,
      env: databaseEnvironment(),
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    await once(child, 'spawn');
    child.unref();
    if (child.pid === undefined) throw new Error('the database has no process number');
    return { pid: child.pid, output: () => readFrom(layout.log, startsAt) };
  } finally {
    await log.close();
  }
}

async function readFrom(path: string, start: number): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const length = Math.min(65_536, Math.max(0, size - start));
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
