import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunCommand } from '../machine/command.ts';
import { writeWhole } from '../state/home.ts';
import { WireError, type Message } from '../wire/index.ts';

/** Ports that this machine closes to everybody outside it, kept so that they are closed again after a restart. */
const FILE = 'closed-ports.json';
const MOST_PORTS = 16;

/**
 * Closes TCP ports to all but the machine itself: by nftables on Linux, by pf on macOS. Connections that stand already go on.
 * Once more with the same ports changes nothing.
 * @returns the tool that did it. @throws WireError with the tool's own reason.
 */
export async function closePorts(root: string, params: Message, run: RunCommand): Promise<{ by: 'nftables' | 'pf'; ports: number[] }> {
  const ports = portsOf(params['ports']);
  const by = await close(root, ports, run);
  writeWhole(join(root, FILE), `${JSON.stringify({ ports })}\n`);
  return { by, ports };
}

/** Rules of a firewall end with the machine: at each start of the agent they are set again. */
export async function closeAgain(root: string, run: RunCommand): Promise<void> {
  const file = join(root, FILE);
  if (existsSync(file)) await close(root, portsOf((JSON.parse(readFileSync(file, 'utf8')) as Message)['ports']), run);
}

/** What nft is told, in one transaction: a table of our own, so that no other rule is touched. */
export function nftRules(ports: readonly number[]): string {
  return `add table inet tandem_closed; delete table inet tandem_closed; table inet tandem_closed { chain input { type filter hook input priority -10; policy accept; iifname "lo" accept; ct state established,related accept; tcp dport { ${ports.join(', ')} } drop; }; }`;
}

/** An anchor of pf, loaded under one that macOS evaluates anyway, so that pf.conf stays as it is. From docs (pf.conf(5), pfctl(8)). */
export function pfRules(ports: readonly number[]): string {
  return `block drop in quick on ! lo0 proto tcp from any to any port { ${ports.join(', ')} }\n`;
}

async function close(root: string, ports: readonly number[], run: RunCommand): Promise<'nftables' | 'pf'> {
  if (process.platform === 'darwin') {
    const file = join(root, 'closed-ports.pf');
    writeWhole(file, pfRules(ports));
    await must(run, 'pfctl', ['-a', 'com.apple/tandem', '-f', file], '/sbin/pfctl is part of macOS');
    await must(run, 'pfctl', ['-E'], '/sbin/pfctl is part of macOS');
    return 'pf';
  }
  await must(run, 'nft', [nftRules(ports)], 'install nftables (Debian: apt-get install nftables)');
  return 'nftables';
}

async function must(run: RunCommand, program: string, args: readonly string[], missing: string): Promise<void> {
  const { code, err } = await run(program, args);
  if (code === 0) return;
  throw new WireError('not_closed', code === null ? `${program} is not there or does not end: ${missing}` : `${program}: ${err.trim().split('\n')[0]!.slice(0, 200)}`);
}

function portsOf(value: unknown): number[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_PORTS || !value.every((port) => Number.isInteger(port) && port > 0 && port < 65_536)) throw new WireError('bad_message', 'ports is not a list of ports');
  return [...new Set(value as number[])];
}
