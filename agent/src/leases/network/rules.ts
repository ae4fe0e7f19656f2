import { DIRECT_PORT } from '../ranks/direct-plan.ts';
import { PRIVATE_RANGES, TRUSTING_RANGES, liesIn, parseRange, rangeText, type Range } from './ranges.ts';

/** The machine's side of a lease's network. */
export interface LeaseLink {
  /** The interface on the machine. */
  readonly name: string;
  readonly table: string;
  /** Of the machine's end and the lease's: IPv6 only where the machine has it. */
  readonly machine4: string;
  readonly lease4: string;
  readonly machine6: string | null;
  readonly lease6: string | null;
}

export interface Reach {
  readonly allow: readonly Range[];
  /** Addresses of the control plane. */
  readonly controlPlane: readonly Range[];
  readonly resolvers: readonly string[];
}

/** Addresses for links: shared address space (RFC 6598) and unique local ones, which no lease may reach anyway. */
export const MOST_LINKS = 16_384;

export function linkAt(index: number, name: string, table: string, six: boolean): LeaseLink {
  const at = `100.127.${index >> 6}`;
  const first = (index & 63) * 4;
  const of6 = `fd74:6e64:${index.toString(16)}`;
  return { name, table, machine4: `${at}.${first + 1}`, lease4: `${at}.${first + 2}`, machine6: six ? `${of6}::1` : null, lease6: six ? `${of6}::2` : null };
}

/**
 * What nft is told for one lease: a table of its own, so that one word takes all of it away. A refusal is answered, so that programs do not wait
 * for what never comes. The order is the meaning: names, then what is named in detail, then what is never reached, then what is allowed,
 * then what is private, and at last everything.
 */
export function rulesFor({ name, table, lease4, lease6 }: LeaseLink, { allow, controlPlane, resolvers }: Reach): string {
  const never = [...TRUSTING_RANGES, ...controlPlane];
  const detailed = allow.filter((range) => liesIn(range, never));
  const wide = allow.filter((range) => !liesIn(range, never));
  const [from4, from6] = [`iifname "${name}" meta nfproto ipv4 ip saddr != ${lease4} drop`, `iifname "${name}" meta nfproto ipv6 ${lease6 === null ? '' : `ip6 saddr != ${lease6} `}drop`];
  const names = resolverRules(resolvers);
  return [
    `table inet ${table} {`,
    // The kernel sends few errors by ICMP in a second, and as many resets as there are to send.
    '  chain refuse {',
    '    meta l4proto tcp reject with tcp reset',
    '    reject with icmpx type admin-prohibited',
    '  }',
    '  chain forward {',
    '    type filter hook forward priority -10; policy accept;',
    `    iifname != "${name}" oifname != "${name}" accept`,
    `    oifname "${name}" ct state established,related accept`,
    // Nobody begins a connection to a lease: no other lease, and nobody on the machine's network.
    `    oifname "${name}" drop`,
    `    ${from4}`,
    `    ${from6}`,
    // In it travels what machines of other leases say to each other: whoever sends to it from here could speak as one of them.
    `    udp dport ${DIRECT_PORT} drop`,
    '    ct state invalid drop',
    // A link may be narrower further on, and what says so is often lost on the way.
    '    tcp flags syn tcp option maxseg size set rt mtu',
    '    ct state established,related accept',
    ...names.map((rule) => `    ${rule}`),
    ...matches(detailed).map((match) => `    ${match} accept`),
    ...matches(never).map((match) => `    ${match} jump refuse`),
    ...matches(wide).map((match) => `    ${match} accept`),
    ...matches(PRIVATE_RANGES).map((match) => `    ${match} jump refuse`),
    '    accept',
    '  }',
    // The machine itself, by whichever of its addresses.
    '  chain input {',
    '    type filter hook input priority -10; policy accept;',
    `    iifname != "${name}" accept`,
    `    ${from4}`,
    `    iifname "${name}" icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept`,
    `    ${from6}`,
    ...names.map((rule) => `    ${rule}`),
    '    jump refuse',
    '  }',
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat; policy accept;',
    `    ip saddr ${lease4} oifname != "${name}" masquerade`,
    ...(lease6 === null ? [] : [`    ip6 saddr ${lease6} oifname != "${name}" masquerade`]),
    '  }',
    '}',
    '',
  ].join('\n');
}

/** What a machine forwards that did not before leases needed it: theirs and nothing else's. */
export function guardRules(family: 4 | 6, table: string, links: string): string {
  return [
    `table inet ${table} {`, '  chain forward {', '    type filter hook forward priority -10; policy accept;', `    iifname "${links}*" accept`, `    oifname "${links}*" accept`,
    `    meta nfproto ipv${family} drop`, '  }', '}', '',
  ].join('\n');
}

/** Names alone: what else stands at a resolver's address is no resolver. */
function resolverRules(resolvers: readonly string[]): string[] {
  return matches(resolvers.flatMap((text) => parseRange(text) ?? [])).flatMap((match) => [`${match} udp dport 53 accept`, `${match} tcp dport 53 accept`]);
}

function matches(ranges: readonly Range[]): string[] {
  return ([4, 6] as const).flatMap((family) => {
    const own = ranges.filter((range) => range.family === family);
    // Sets refuse what overlaps, so each stands alone.
    return own.map((range) => `${family === 4 ? 'ip' : 'ip6'} daddr ${rangeText(range)}`);
  });
}
