import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { runCommand, type RunCommand } from '../../machine/command.ts';
import type { Home } from '../../state/home.ts';
import { networkLeft } from '../network/left.ts';
import { pathsOf, removeRecord, type LeaseRecord } from '../record.ts';
import { holdDisk, withFiles } from '../limits/disk.ts';
import { sizesOf } from '../look.ts';
import { keepHome, volumeFolder } from '../volumes.ts';
import { readCanaries, unplant, type Canaries } from './canary.ts';
import { wipeGpus } from './gpu.ts';
import { OPEN_FOLDERS, leftBehind } from './left-behind.ts';
import { RESET_VARIABLE, type Machine } from './machine.ts';
import { HOME_KEPT, dropReport, keepReport, type WipeReport } from './reports.ts';
import { filesWith, processesWith, thingsOf, writableRoots } from './search.ts';

export interface WiperOptions {
  readonly home: Home;
  readonly agentVersion: string;
  /** How long each look over the machine's file systems may take. One that does not come to its end is no clean wipe. */
  readonly walkMs: number;
  readonly wait: (ms: number) => Promise<void>;
  /** What is looked over, where the machine's disk is not all its own: a stand-in's, a test's. Default: every local file system that can be written. */
  readonly roots?: readonly string[];
  readonly run?: RunCommand;
  /** See `Machine` of the wipe of cards. Default: what its variable says. */
  readonly mayReset?: boolean;
  readonly whileNoneBegins?: Machine['whileNoneBegins'];
}

const SWEEP_MS = 60_000;
const MOST_LISTED_BYTES = 1_000_000;
/** Files are dated by a clock that may be set back meanwhile. */
const SLACK_MS = 60_000;
/** How long a stand-in looks over folders that others of its machine write to. */
const SHARED_MS = 3_000;

/** What one look has come to. */
interface Look {
  readonly found: readonly string[];
  readonly evidence: readonly string[];
  readonly unchecked: readonly string[];
  /** What it did not come to the end of. */
  readonly unfinished?: readonly string[];
}

/**
 * Takes away what a lease left on this machine and looks for what is left. Nothing of the lease may run.
 * @param keep the volume that its home becomes; null: it goes too.
 */
export async function wipe(record: LeaseRecord, keep: string | null, options: WiperOptions): Promise<WipeReport> {
  const { home, agentVersion, run = runCommand } = options;
  const paths = pathsOf(home, record.lease);
  const canaries = readCanaries(paths);
  const kept = keep === null ? null : await keepAside(record, keep, options);
  const removed = await sweep(record.uid, canaries?.places ?? []);
  const inCanaries = await lookForCanaries(canaries, paths.folder, options);
  const inGpus = await wipeGpus(record.devices, canaries, { run, wait: options.wait, mayReset: options.mayReset ?? process.env[RESET_VARIABLE] !== 'none', ...(options.whileNoneBegins !== undefined && { whileNoneBegins: options.whileNoneBegins }) });
  const looks: readonly Look[] = [lookForUser(record.uid), await lookForNetwork(home, record.lease, run), inCanaries, await lookEverywhere(record.uid, [paths.folder, ...(keep === null ? [] : [volumeFolder(home, keep)])], options), inGpus];
  const found = looks.flatMap((look) => [...look.found, ...(look.unfinished ?? [])]);
  const gone = ['its folder with files and keys is gone', 'its namespaces ended with it: memory files, queues, sockets and the network of the sandbox'];
  const report: WipeReport = {
    clean: found.length === 0, method: 'reset', evidence: found.length > 0 ? found : [...removed, ...looks.flatMap(({ evidence }) => evidence), ...gone],
    unchecked: [...looks.flatMap(({ unchecked }) => unchecked), ...(kept === null ? [] : [HOME_KEPT]), 'the blocks of the disk were freed and not overwritten'],
    canaries: { planted: plantedOf(canaries), found: [...inCanaries.found, ...inGpus.canaries] }, versions: { agent: agentVersion, kernel: release(), sandbox: await sandboxVersion(run) }, kept,
  };
  // While something is left the lease's folder stays: it says whose it is.
  if (!report.clean) return report;
  keepReport(home, record.lease, report);
  removeRecord(home, record.lease);
  if (!existsSync(paths.folder)) return report;
  dropReport(home, record.lease);
  return { ...report, clean: false, evidence: ['the folder of the lease could not be removed'] };
}

/** Puts the lease's home aside without its canary. Done again, what was put aside is counted again. */
async function keepAside(record: LeaseRecord, volume: string, { home, run = runCommand, wait }: WiperOptions): Promise<WipeReport['kept']> {
  keepHome(home, { volume, uid: record.uid }, pathsOf(home, record.lease));
  const folder = volumeFolder(home, volume);
  const place = { ...pathsOf(home, record.lease), folder, files: join(folder, 'files') };
  const { files, bytes } = await withFiles(place, run, wait, async (mounted) => {
    unplant(mounted);
    // What its tenant has deleted is a hole in the file again. Where the machine cannot, it lies there until the volume is removed.
    await run('fstrim', [mounted]);
    return sizesOf(mounted, record.uid);
  });
  await holdDisk(place, run);
  return { volume, files, bytes };
}

/** Removes the user's things where all may write. As that user: it can take away what it could make, and a trap of somebody else's leads nowhere. */
async function sweep(uid: number, canaries: readonly string[]): Promise<string[]> {
  const folders = OPEN_FOLDERS.filter((folder) => existsSync(folder));
  // What it could not look into or was cut short is found afterwards, by whoever looks for what is left.
  const find = (what: string): Promise<string> => new Promise((resolve) => {
    execFile('find', [...folders, '-xdev', '-user', String(uid), what], { uid, gid: uid, cwd: '/', timeout: SWEEP_MS, killSignal: 'SIGKILL', maxBuffer: MOST_LISTED_BYTES, encoding: 'utf8' }, (_error, listed) => resolve(listed));
  });
  const before = (await find('-print0')).split('\0').filter((path) => path !== '');
  if (before.length > 0) await find('-delete');
  const escaped = before.filter((path) => !canaries.includes(path)).length;
  return escaped === 0 ? [] : [`${escaped} things of its user were removed from where all may write, outside of its sandbox`];
}

function lookForUser(uid: number): Look {
  return { found: leftBehind(uid), evidence: ['no process of its user is left', `nothing of its user is left in ${OPEN_FOLDERS.join(', ')}`, 'no shared memory, queue or semaphore of its user is left'], unchecked: ['keys that the kernel holds for a user'] };
}

/** Rules and interfaces that its keeper or a later look takes away with it. */
async function lookForNetwork(home: Home, lease: string, run: RunCommand): Promise<Look> {
  const left = await networkLeft(home, lease, run);
  return { found: left.map((what) => `${what} is there still`), evidence: ['no rule and no interface of its network is left'], unchecked: [] };
}

async function lookForCanaries(canaries: Canaries | undefined, leaseFolder: string, { home, roots, walkMs }: WiperOptions): Promise<Look> {
  if (canaries === undefined || canaries.places.length === 0) return { found: [], evidence: [], unchecked: ['no canary was planted when the lease began'] };
  const own = [...new Set([...(roots ?? ['/home', '/root', '/var/spool']), home.root])];
  const search = (folders: readonly string[], mostMs: number) => filesWith(canaries.token, folders, canaries.atMs - SLACK_MS, mostMs > 0 ? AbortSignal.timeout(mostMs) : AbortSignal.abort(), below(roots, [leaseFolder]));
  // Where a stand-in has a part of a machine, these are the machine's.
  const openMs = roots === undefined ? walkMs : SHARED_MS;
  const [inOpen, inOwn] = await Promise.all([search(OPEN_FOLDERS, openMs), search(own, walkMs)]);
  const found = [...[...inOpen.paths, ...inOwn.paths].map((path) => `a canary is in ${path} still`), ...(await processesWith(canaries.token)).map((pid) => `a canary is in process ${pid} still`)];
  const planted = `${canaries.places.length} canaries were planted when the lease began (${canaries.places.map(placeOf).join(', ')})`;
  const late = (folders: readonly string[], mostMs: number): string => `looking for canaries in ${folders.join(', ')} was not finished after ${mostMs / 1_000} s`;
  return {
    found, evidence: [`${planted}; none was found in processes, nor in files of ${[...(inOpen.whole ? OPEN_FOLDERS : []), ...own].join(', ')}`],
    unchecked: inOpen.whole || roots === undefined ? [] : [late(OPEN_FOLDERS, openMs)],
    unfinished: [...(inOpen.whole || roots !== undefined ? [] : [late(OPEN_FOLDERS, openMs)]), ...(inOwn.whole ? [] : [late(own, walkMs)])],
  };
}

async function lookEverywhere(uid: number, own: readonly string[], { roots, walkMs }: WiperOptions): Promise<Look> {
  const folders = roots ?? writableRoots(mounts());
  const { paths, whole } = await thingsOf(uid, folders, below(roots, own), walkMs);
  return {
    found: paths.map((path) => `${path} is its user's still`), evidence: [`nothing of its user is left on the file systems at ${folders.join(', ')}`],
    unchecked: roots === undefined ? [] : [`what is on the machine beside ${folders.join(', ')}, which stands for its disk`],
    unfinished: whole ? [] : [`looking over the file systems at ${folders.join(', ')} was not finished after ${walkMs / 1_000} s`],
  };
}

/** Paths as they are, and as they are once more below a folder that stands for the disk. */
function below(roots: readonly string[] | undefined, paths: readonly string[]): string[] {
  return [...paths, ...(roots ?? []).flatMap((root) => paths.map((path) => join(root, path)))];
}

/** Where canaries were planted, in files and processes and in the memory of cards. */
function plantedOf(canaries: Canaries | undefined): string[] {
  return [...(canaries?.places ?? []).map(placeOf), ...(canaries?.cards ?? []).filter(({ bytes }) => bytes > 0).map(({ unit }) => `memory of ${unit}`)];
}

/** The name of a canary's file is random: where it lay is what matters. */
function placeOf(place: string): string {
  return place.replace(/\/tandem-canary-[0-9a-f]+$/, '');
}

function mounts(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return '';
  }
}

async function sandboxVersion(run: RunCommand): Promise<string> {
  const { code, out } = await run('bwrap', ['--version']);
  return code === 0 ? out.trim().slice(0, 60) : 'unknown';
}
