import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { liesIn, parseRange } from './ranges.ts';

const LOOPBACK = [parseRange('127.0.0.0/8')!, parseRange('::1')!];
/** systemd's resolver puts itself into resolv.conf and keeps whom it asks here. */
const FILES = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'];

/** Whom the machine asks for names and its leases may ask too: nobody on its own loopback, which they do not reach. */
export function machineResolvers(read: (path: string) => string = (path) => readFileSync(path, 'utf8')): string[] {
  for (const path of FILES) {
    const found = readResolvers(textOf(read, path));
    if (found.length > 0) return found;
  }
  return [];
}

function readResolvers(text: string): string[] {
  const named = [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, address]) => address!);
  // The library takes three of them; an address of one link alone means nothing on another.
  return named.filter((address) => isIP(address) !== 0 && !liesIn(parseRange(address)!, LOOPBACK)).slice(0, 3);
}

function textOf(read: (path: string) => string, path: string): string {
  try {
    return read(path);
  } catch {
    return '';
  }
}
