import { readFileSync, statfsSync } from 'node:fs';
import { arch, cpus, hostname, networkInterfaces, release, totalmem, type as osType } from 'node:os';
import { machineHash, platform } from '../machine/facts.ts';

/** What this machine is, as it tells it itself. Fields that cannot be known here are left out: zero is not unknown. */
export interface Inventory {
  readonly platform: string;
  readonly standIn: boolean;
  readonly hostname: string;
  readonly machine: string | null;
  readonly os: { readonly kind: string; readonly release: string; readonly name: string | null };
  readonly cpu: { readonly model: string; readonly cores: number; readonly arch: string };
  readonly memoryBytes: number;
  readonly disk: { readonly path: string; readonly bytes: number; readonly freeBytes: number } | null;
  readonly network: readonly { readonly name: string; readonly mac: string }[];
}

/** @param root the agent's home: the disk that leases fill. */
export function takeInventory(root: string, standIn: boolean): Inventory {
  const processors = cpus();
  return {
    platform, standIn, hostname: hostname(), machine: machineHash(),
    os: { kind: osType(), release: release(), name: osName() },
    cpu: { model: processors[0]?.model ?? 'unknown', cores: processors.length, arch: arch() },
    memoryBytes: totalmem(), disk: diskOf(root), network: cards(),
  };
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
