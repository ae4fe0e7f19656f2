import { statfsSync } from 'node:fs';

/** One thing that was looked at on this machine. */
export interface Check {
  readonly id: string;
  readonly state: 'pass' | 'warn' | 'fail';
  readonly detail: string;
  readonly next: string | null;
}

const FREE_WARN_BYTES = 5_000_000_000;
const FREE_FAIL_BYTES = 500_000_000;

/** What on this machine is in the way of leases. */
export function lookAt(root: string): Check[] {
  return [disk(root), user()];
}

function disk(root: string): Check {
  const { bsize, bavail } = statfsSync(root);
  const free = bsize * bavail;
  const detail = `${(free / 1e9).toFixed(1)} GB are free on the disk of ${root}`;
  if (free < FREE_FAIL_BYTES) return { id: 'disk', state: 'fail', detail, next: 'Free space on this disk: leases have no room.' };
  if (free < FREE_WARN_BYTES) return { id: 'disk', state: 'warn', detail, next: 'Free space on this disk before leases fill it.' };
  return { id: 'disk', state: 'pass', detail, next: null };
}

function user(): Check {
  const isRoot = process.getuid?.() === 0;
  return isRoot ? { id: 'user', state: 'pass', detail: 'the agent runs as root', next: null }
    : { id: 'user', state: 'warn', detail: 'the agent does not run as root, so leases have no users of their own', next: 'Paste the line of tandem node add as root.' };
}
