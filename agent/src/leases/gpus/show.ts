import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { LeasePaths } from '../record.ts';

/** Which processors there are and how they lie: `lscpu` and what counts processors by it end without (vLLM does). */
const PROCESSORS = ['/sys/devices/system/cpu', '/sys/devices/system/node'];
/** What libraries of both vendors read of the machine's cards; no networks, no other leases. */
const SYS = ['/sys/devices/system', '/sys/devices/virtual/kfd', '/sys/class/kfd', '/sys/class/drm', '/sys/bus/pci', '/sys/dev/char', '/sys/module/amdgpu', '/sys/module/nvidia'];
/** Says of every program on AMD's cards its number and memory: other leases' too. */
const PROGRAMS = '/sys/devices/virtual/kfd/kfd/proc';

/**
 * bubblewrap's arguments for device nodes and what the kernel says of the machine: what has no node cannot be opened, whatever a tenant sets. A node that only a group of the machine may
 * use, as AMD's are, is made again for the lease's user alone.
 */
export function showNodes(nodes: readonly string[], uid: number, { folder }: Pick<LeasePaths, 'folder'>): string[] {
  if (nodes.length === 0) return PROCESSORS.flatMap((path) => ['--ro-bind-try', path, path]);
  const sys = [...SYS, ...foldersOf('/sys/devices', 'pci'), ...foldersOf('/sys/devices/platform', 'amdgpu_xcp')].flatMap((path) => ['--ro-bind-try', path, path]);
  const hidden = existsSync(PROGRAMS) ? ['--tmpfs', PROGRAMS, '--remount-ro', PROGRAMS] : [];
  return [...nodes.flatMap((node) => ['--dev-bind-try', isForAll(node) ? node : ownNode(node, uid, join(folder, 'devices')), node]), ...sys, ...hidden];
}

function isForAll(node: string): boolean {
  const stat = statSync(node, { throwIfNoEntry: false });
  // A capability is only read.
  return stat === undefined || (stat.mode & 0o006) === 0o006 || ((stat.mode & 0o777) === 0o444);
}

function ownNode(node: string, uid: number, folder: string): string {
  const own = join(folder, basename(node));
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const { rdev } = statSync(node);
  if (!existsSync(own)) execFileSync('mknod', ['-m', '600', own, 'c', String(majorOf(rdev)), String(minorOf(rdev))], { stdio: ['ignore', 'ignore', 'pipe'] });
  chownSync(own, uid, uid);
  return own;
}

/** As Linux packs both into one number (makedev(3)). */
function majorOf(rdev: number): number {
  return Number((BigInt(rdev) >> 8n) & 0xfffn);
}

function minorOf(rdev: number): number {
  return Number((BigInt(rdev) & 0xffn) | ((BigInt(rdev) >> 12n) & 0xffffff00n));
}

/** Bridges, with the cards behind them, and AMD's partitions, which the kernel has beside the bus. */
function foldersOf(folder: string, prefix: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.startsWith(prefix)).map((name) => join(folder, name));
  } catch {
    return [];
  }
}
