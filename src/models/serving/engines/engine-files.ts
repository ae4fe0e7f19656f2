import { createHash } from 'node:crypto';
import { createReadStream, existsSync, globSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { create } from 'tar';
import type { Clock, Logger } from '../../../base/index.ts';
import { ensureWeights, weightSource } from '../../local/index.ts';
import type { EmbeddedFiles } from './embedded.ts';

type Known = Awaited<ReturnType<EmbeddedFiles['program']>>;

export interface EngineFilesOptions {
  /** The repository's root: the engine's source and its packages lie there. */
  readonly root: string;
  readonly cache: string;
  readonly home: string;
  readonly localModel: string;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Nobody runs these: they are what the library can build itself from, and types. */
const LEFT_OUT = /(?:\.d\.ts|\.map|\.md|\.bundle)$|^node_modules\/node-llama-cpp\/llama\/(?:addon|cmake|gpuInfo|toolchains|profiles)\//;
const MTIME = new Date('2026-01-01T00:00:00Z');
/** So long a download of the weights may take. */
const WEIGHTS_MS = 600_000;

/** Packs the embedded engine for nodes: once for each start of the server, and the same files give the same hash. */
export function engineFiles(options: EngineFilesOptions): EmbeddedFiles {
  let program: Promise<Known> | undefined;
  let weights: Promise<Known> | undefined;
  const once = (work: () => Promise<Known>, forget: () => void): Promise<Known> => {
    const made = work();
    made.catch(forget);
    return made;
  };
  return {
    program: () => (program ??= once(() => pack(options), () => { program = undefined; })),
    weights: () => (weights ??= once(() => findWeights(options), () => { weights = undefined; })),
  };
}

async function pack({ root, cache }: EngineFilesOptions): Promise<Known> {
  const folder = join(cache, 'engines');
  await mkdir(folder, { recursive: true });
  const draft = join(folder, `.${process.pid}.draft`);
  const packages = packagesOf(root, ['node-llama-cpp', '@node-llama-cpp/linux-x64', '@node-llama-cpp/linux-arm64']);
  const paths = [
    'package.json', ...globSync('src/models/local/{*,serve/*}.ts', { cwd: root }).filter((path) => !/(?:\.test|\.conformance)\.ts$/.test(path)),
    ...packages.flatMap((name) => globSync(`node_modules/${name}/**`, { cwd: root, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(join(root, '/').length))),
  ].filter((path) => !LEFT_OUT.test(path));
  try {
    await create({ cwd: root, file: draft, portable: true, mtime: MTIME, noDirRecurse: true }, [...new Set(paths)].toSorted());
    const known = await hashed(draft);
    const path = join(folder, `${known.sha256}.tar`);
    await rename(draft, path);
    return { ...known, path };
  } finally {
    await rm(draft, { force: true });
  }
}

/** Packages with all that they need, as far as they are installed. */
function packagesOf(root: string, names: readonly string[]): string[] {
  const seen = new Set<string>();
  const add = (name: string): void => {
    const file = join(root, 'node_modules', name, 'package.json');
    if (seen.has(name) || !existsSync(file)) return;
    seen.add(name);
    for (const needed of Object.keys((JSON.parse(readFileSync(file, 'utf8')) as { dependencies?: object }).dependencies ?? {})) add(needed);
  };
  for (const name of names) add(name);
  return [...seen];
}

async function findWeights({ cache, home, localModel, log, clock }: EngineFilesOptions): Promise<Known> {
  // Where the local model is switched off, its default can be served all the same.
  const source = weightSource(localModel) ?? { kind: 'default' };
  const { path, sha256 } = await ensureWeights({ cache, home, source, log, clock, signal: AbortSignal.timeout(WEIGHTS_MS) });
  return { path, sha256, bytes: (await stat(path)).size };
}

async function hashed(path: string): Promise<Known> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return { path, sha256: hash.digest('hex'), bytes: (await stat(path)).size };
}
