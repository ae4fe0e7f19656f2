import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { create } from 'tar';

/** The agent as machines fetch it: its source in one archive, named by its hash. */
export interface AgentRelease {
  /** SHA-256 of the archive, in hex. */
  readonly hash: string;
  readonly archive: Buffer;
}

/** A fixed time, so that the same source has the same hash on every server. */
const MTIME = new Date('2026-01-01T00:00:00Z');

/** Packs the agent's folder without its tests. */
export async function packAgent(folder: string): Promise<AgentRelease> {
  const files = globSync(['package.json', 'launch.sh', 'src/**/*.ts'], { cwd: folder }).filter((path) => !/\.test\.ts$|(?:^|\/)(?:testing|fixtures)\//.test(path)).toSorted();
  const chunks: Buffer[] = [];
  for await (const chunk of create({ cwd: folder, gzip: true, portable: true, mtime: MTIME, noDirRecurse: true }, files)) chunks.push(chunk as Buffer);
  const archive = Buffer.concat(chunks);
  return { archive, hash: createHash('sha256').update(archive).digest('hex') };
}
