import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { create } from 'tar';
import { releaseHash, type ReleaseFiles } from '../../../agent/src/wire/index.ts';

/** The agent as machines fetch it. */
export interface AgentRelease {
  /** By this it is known: `releaseHash` of its files, in hex. */
  readonly hash: string;
  /** Ed25519 over that hash by a key that no server has; null: this source is nobody's release. */
  readonly signature: string | null;
  readonly files: ReleaseFiles;
  /** The same files for a machine that has no agent yet. */
  readonly archive: Buffer;
  /** SHA-256 of the archive, in hex. */
  readonly archiveHash: string;
}

const MTIME = new Date('2026-01-01T00:00:00Z');

/** Reads the agent's folder without its tests. A signature in `release.json` that is not of these very files counts for nothing. */
export async function packAgent(folder: string): Promise<AgentRelease> {
  const paths = globSync(['package.json', 'launch.sh', 'release-keys.json', 'src/**/*.ts'], { cwd: folder }).filter((path) => !/\.test\.ts$|(?:^|\/)(?:testing|fixtures)\//.test(path)).toSorted();
  const files = Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path))]));
  const hash = releaseHash(files);
  const chunks: Buffer[] = [];
  for await (const chunk of create({ cwd: folder, gzip: true, portable: true, mtime: MTIME, noDirRecurse: true }, paths)) chunks.push(chunk as Buffer);
  const archive = Buffer.concat(chunks);
  return { hash, files, archive, archiveHash: createHash('sha256').update(archive).digest('hex'), signature: signatureOf(folder, hash) };
}

function signatureOf(folder: string, hash: string): string | null {
  try {
    const signed = JSON.parse(readFileSync(join(folder, 'release.json'), 'utf8')) as { hash?: unknown; signature?: unknown };
    return signed.hash === hash && typeof signed.signature === 'string' ? signed.signature : null;
  } catch {
    return null;
  }
}
