import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** `linux-x64`, `linux-arm64`, `darwin-arm64`. */
export const platform = `${process.platform}-${process.arch}`;

/** Changes with every boot. */
export function bootId(): string {
  return firstOf(
    () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'),
    () => execFileSync('sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'utf8', timeout: 5_000 }),
  ) ?? 'unknown';
}

/** The same for the same machine, and not the id itself, which other programs take for a secret. Null: it has none. */
export function machineHash(): string | null {
  const id = firstOf(
    () => readFileSync('/etc/machine-id', 'utf8'),
    () => /"IOPlatformUUID" = "([^"]+)"/.exec(execFileSync('ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice'], { encoding: 'utf8', timeout: 5_000 }))?.[1],
  );
  return id === undefined ? null : createHash('sha256').update(`tandem machine ${id}`).digest('hex');
}

function firstOf(...sources: readonly (() => string | undefined)[]): string | undefined {
  for (const source of sources) {
    try {
      const text = source()?.trim();
      if (text) return text;
    } catch {
      // The next one may have it.
    }
  }
  return undefined;
}
