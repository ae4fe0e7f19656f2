import { readFileSync, statfsSync } from 'node:fs';
import { arch, cpus, hostname, loadavg, networkInterfaces, release, totalmem, type as osType } from 'node:os';
import { runCommand, type RunCommand } from '../machine/command.ts';
import { machineHash, platform } from '../machine/facts.ts';
import { takeApple, type Apple } from './apple.ts';
import type { Gpu } from './card.ts';
import { takeGpus } from './gpus.ts';

/** What this machine is, as it tells it itself. Fields that cannot be known here are null or left out: zero is not unknown. */
export interface Inventory {
  readonly platform: string;
  readonly standIn: boolean;
  readonly hostname: string;
  readonly machine: string | null;
  readonly os: { readonly kind: string; readonly release: string; readonly name: string | null };
  readonly cpu: { readonly model: string; readonly cores: number; readonly arch: string };
  readonly memoryBytes: number;
  /** Processors that were busy, on average over the last minute. */
  readonly load: number;
  readonly disk: { readonly path: string; readonly bytes: number; readonly freeBytes: number } | null;
  readonly network: readonly { readonly name: string; readonly mac: string }[];
  readonly gpus: readonly Gpu[];
  /** Only on macOS. */
  readonly apple?: Apple;
}

/** The inventory, what is wrong with what is in it, and the ids of cards that are broken. @param root the agent's home: the disk that leases fill. */
export async function takeInventory(root: string, standIn: boolean, run: RunCommand = runCommand): Promise<{ readonly inventory: Inventory; readonly problems: readonly string[]; readonly broken: readonly string[] }> {
  const processors = cpus();
  const [{ gpus, problems, broken }, apple] = await Promise.all([takeGpus(run), process.platform === 'darwin' ? takeApple(run) : undefined]);
  const inventory: Inventory = {
    platform, standIn, hostname: hostname(), machine: machineHash(),
    os: { kind: osType(), release: release(), name: osName() },
    cpu: { model: processors[0]?.model ?? 'unknown', cores: processors.length, arch: arch() },
    memoryBytes: totalmem(), load: Math.round((loadavg()[0] ?? 0) * 100) / 100, disk: diskOf(root), network: cards(), gpus, ...(apple !== undefined && { apple }),
  };
  return { inventory, problems, broken };
}

function osName(): string | null {
  try {
    return /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? null;
  } catch {
    return null;
  }
}

function diskOf(path: string): Inventory['disk'] {
  try {
    const { bsize, blocks, bavail } = statfsSync(path);
    return { path, bytes: bsize * blocks, freeBytes: bsize * bavail };
  } catch {
    return null;
  }
}

/** Cards, without their addresses: those change, and say where a tenant's machine stands. */
function cards(): Inventory['network'] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) => {
    const first = addresses?.find(({ internal }) => !internal);
    return first === undefined ? [] : [{ name, mac: first.mac }];
  });
}
