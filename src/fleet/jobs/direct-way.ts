import { BlockList, isIPv4 } from 'node:net';

/** What a machine brings to a direct way: a claim, that the pool's network bounds. */
export type WayOffer = { readonly address: string; readonly mtu: number } | { readonly why: string };

/** What all machines of a lease are told of it; the number comes with it. */
export interface WayPlan {
  readonly mtu: number;
  /** By rank. */
  readonly addresses: readonly string[];
}

/** By which way the machines of a job talk. A lease has one for all of them. */
export type Way = 'direct' | 'server';

/** Ethernet, VXLAN, UDP and IPv4 around each packet. */
const OVERHEAD_BYTES = 50;
const LEAST_MTU = 576;

/**
 * The direct way that all offers together come to, or why there is none: one machine that cannot is none that can. Pure.
 * Addresses are said to nobody who leases: they are the owner's.
 * @param network IPv4, as 10.0.0.0/16. @param taken addresses that machines of other leases say they have.
 */
export function planWay(offers: readonly WayOffer[], network: string, taken: ReadonlySet<string>): { readonly plan: WayPlan } | { readonly why: string } {
  const range = new BlockList();
  const [first = '', prefix = ''] = network.split('/');
  range.addSubnet(first, Number(prefix), 'ipv4');
  const found: Exclude<WayOffer, { readonly why: string }>[] = [];
  for (const [rank, offer] of offers.entries()) {
    if ('why' in offer) return { why: `rank ${rank}: ${offer.why}` };
    if (!isIPv4(offer.address) || !range.check(offer.address)) return { why: `rank ${rank}: it has no address in its pool's network` };
    const same = found.findIndex(({ address }) => address === offer.address);
    if (same !== -1) return { why: `ranks ${same} and ${rank} say that they have the same address` };
    if (taken.has(offer.address)) return { why: `rank ${rank}: another machine says that it has the same address` };
    found.push(offer);
  }
  const mtu = Math.min(...found.map((offer) => offer.mtu)) - OVERHEAD_BYTES;
  if (mtu < LEAST_MTU) return { why: 'its pool\'s network takes no packets of a usual size' };
  return { plan: { mtu, addresses: found.map(({ address }) => address) } };
}

/** What ranks that do not hear from each other come to; undefined: each reaches all. @param unreached by rank. */
export function unreachedText(unreached: readonly (readonly number[])[]): string | undefined {
  const rank = unreached.findIndex(({ length }) => length > 0);
  if (rank === -1) return undefined;
  const pairs = unreached.reduce((sum, { length }) => sum + length, 0);
  return `rank ${rank} does not reach rank ${unreached[rank]![0]!} over its pool's network${pairs === 1 ? '' : `, and ${pairs - 1} more ways like that`}: UDP port 4609 has to be open there`;
}

/** 24 bits of chance, from an id of this server's and of nothing that a tenant says. Zero is none. */
export function vniFrom(id: string): number {
  return Number.parseInt(id.slice(-6), 16) || 1;
}
