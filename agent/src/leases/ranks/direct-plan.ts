import { BlockList, isIPv4 } from 'node:net';
import { WireError, wholeOf, type Message } from '../../wire/index.ts';
import { RANK_RANGE, rankAddress, type Ranks } from './addresses.ts';

/** How the machines of one lease reach each other without anybody between them: frames of an Ethernet of their own, in UDP (VXLAN, RFC 7348). */
export interface DirectPlan {
  /** Names that Ethernet on all its machines: no other lease that runs has the number. */
  readonly vni: number;
  /** Of the interface in each lease: no frame is larger on its way than the narrowest machine takes. */
  readonly mtu: number;
  /** By rank, each machine's own address in the network that they share. */
  readonly addresses: readonly string[];
}

/** Tandem's own, so that no other overlay of a machine (4789, 8472) meets it. No lease may send to it by its way out. */
export const DIRECT_PORT = 4_609;
/** Ethernet, VXLAN, UDP and IPv4 around each packet. */
export const OVERHEAD_BYTES = 50;
export const MOST_VNI = 2 ** 24 - 1;
/** RFC 791: every IPv4 network takes so much. */
const LEAST_MTU = 576;
const MOST_MTU = 65_535 - OVERHEAD_BYTES;
const INTERFACE = 'ranks0';

const NO_MACHINE = new BlockList();
for (const [address, prefix] of [['0.0.0.0', 8], ['127.0.0.0', 8], ['169.254.0.0', 16], ['224.0.0.0', 3]] as const) NO_MACHINE.addSubnet(address, prefix);

/** @throws WireError. */
export function readDirectPlan(said: unknown, { size }: Ranks): DirectPlan {
  if (typeof said !== 'object' || said === null || Array.isArray(said)) throw new WireError('bad_plan', 'a plan is not an object');
  const { addresses } = said as { readonly addresses?: unknown };
  if (!Array.isArray(addresses) || addresses.length !== size || !addresses.every((one) => typeof one === 'string' && isMachine(one))) throw new WireError('bad_plan', 'a plan has no address for each rank');
  if (new Set(addresses).size !== size) throw new WireError('bad_plan', 'a plan has one address for two ranks');
  return { vni: wholeOf(said as Message, 'vni', 1, MOST_VNI), mtu: wholeOf(said as Message, 'mtu', LEAST_MTU, MOST_MTU), addresses: addresses as string[] };
}

/** Whether an address can be one machine's on a network. */
export function isMachine(address: string): boolean {
  return isIPv4(address) && !NO_MACHINE.check(address);
}

/** The same at all machines of a lease, so that nobody asks who has an address. Locally administered. */
export function rankMac(rank: number): string {
  return `02:74:64:00:${hex(rank >> 8)}:${hex(rank & 255)}`;
}

/**
 * What the machine takes of the Ethernet with this number: from the other machines, to its own address. The kernel hands a frame to the
 * device with the frame's number alone, so what has another number does not come here, and what has one that no device has ends there.
 * Priority before the lease's other rules; a firewall of the machine's own that drops the port still does.
 */
export function hostRules(table: string, { vni, addresses }: DirectPlan, { rank }: Ranks): string {
  const peers = addresses.filter((_, other) => other !== rank).join(', ');
  // The number stands in bits 96 to 119 from the beginning of the UDP header: nft of Debian 12 has no word for it.
  const frame = `udp dport ${DIRECT_PORT} @th,96,24 ${vni}`;
  return [
    `add table inet ${table}`, `delete table inet ${table}`, `table inet ${table} {`, '  chain input {', '    type filter hook input priority -20; policy accept;',
    `    ${frame} ip saddr { ${peers} } ip daddr ${addresses[rank]!} accept`, `    ${frame} drop`, '  }', '}', '',
  ].join('\n');
}

/** Inside the lease: from the addresses of the other ranks and no others, and nothing goes through it to anywhere else. */
export function insideRules({ rank, size }: Ranks): string {
  const peers = othersOf({ rank, size }).map(rankAddress).join(', ');
  return [
    'add table inet ranks', 'delete table inet ranks', 'table inet ranks {',
    '  chain input {', '    type filter hook input priority -10; policy accept;', `    iifname "${INTERFACE}" ip saddr { ${peers} } accept`, `    iifname "${INTERFACE}" drop`, '  }',
    '  chain forward {', '    type filter hook forward priority -10; policy drop;', '  }', '}', '',
  ].join('\n');
}

/** The device, as the machine's own `ip` makes it inside the lease: its frames leave by the network in which it was made. @param pid of a process in the lease's network. */
export function linkWords(pid: number, { vni, mtu, addresses }: DirectPlan, { rank }: Ranks): string[] {
  return ['link', 'add', INTERFACE, 'netns', String(pid), 'address', rankMac(rank), 'mtu', String(mtu), 'type', 'vxlan', 'id', String(vni), 'dstport', String(DIRECT_PORT), 'local', addresses[rank]!, 'nolearning'];
}

/** Lines for `ip -batch` inside: addresses of the lease's ranks and of nobody else; what is no rank's is answered at once. */
export function addressBatch({ rank, size }: Ranks): string {
  const own = rankAddress(rank);
  return [
    `link set dev ${INTERFACE} addrgenmode none`, `addr add ${own}/32 dev ${INTERFACE}`, `link set dev ${INTERFACE} up`, `route add unreachable ${RANK_RANGE}`,
    ...othersOf({ rank, size }).flatMap((other) => [`route add ${rankAddress(other)}/32 dev ${INTERFACE} src ${own}`, `neigh add ${rankAddress(other)} lladdr ${rankMac(other)} dev ${INTERFACE} nud permanent`]), '',
  ].join('\n');
}

/** Lines for `bridge -batch` inside: on which machine each rank is. Nothing is learned, and nothing is sent to all. */
export function forwardingBatch({ addresses }: DirectPlan, { rank }: Ranks): string {
  return addresses.flatMap((address, other) => (other === rank ? [] : [`fdb append ${rankMac(other)} dev ${INTERFACE} dst ${address} self permanent`])).concat('').join('\n');
}

function othersOf({ rank, size }: Ranks): number[] {
  return Array.from({ length: size }, (_, other) => other).filter((other) => other !== rank);
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}
