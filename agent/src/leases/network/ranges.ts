import { BlockList, isIP } from 'node:net';

/** A range of addresses, as `10.0.0.0/8` says it. */
export interface Range {
  readonly family: 4 | 6;
  readonly address: string;
  readonly prefix: number;
}

/**
 * What answers to whoever asks, by the machine's own right: link-local addresses, and where clouds keep credentials of machines outside of
 * them (AWS documents fd00:ec2::254, Google fd20:ce::254, Azure 168.63.129.16, Alibaba 100.100.100.200). No wide allowance opens these.
 */
const TRUSTING = ['169.254.0.0/16', '168.63.129.16/32', '100.100.100.200/32', 'fe80::/10', 'fd00:ec2::254/128', 'fd20:ce::254/128'];

/** What is not the public internet (IANA's registries of special-purpose addresses): networks of one's own, the machine, many at once. */
const PRIVATE_4 = ['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'];
/** Of IPv6 only 2000::/3 is given out; in it, what leads elsewhere (Teredo, 6to4) or nowhere (documentation). */
const PRIVATE_6 = ['::/3', '4000::/2', '8000::/1', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

export const TRUSTING_RANGES = TRUSTING.map((text) => parseRange(text)!);
export const PRIVATE_RANGES = [...PRIVATE_4, ...PRIVATE_6].map((text) => parseRange(text)!);

/** An address alone is a range of one. Undefined: it is none, or it has bits behind its prefix that say something else. */
export function parseRange(text: string): Range | undefined {
  const [, address = '', digits] = /^([0-9a-fA-F.:]{2,45})(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  if (family !== 4 && family !== 6) return undefined;
  const most = family === 4 ? 32 : 128;
  const prefix = digits === undefined ? most : Number(digits);
  return prefix > most || /^::ffff:/i.test(address) ? undefined : { family, address, prefix };
}

export function rangeText({ address, prefix }: Range): string {
  return `${address}/${prefix}`;
}

/** Whether all of one lies in one of the others. */
export function liesIn(range: Range, outer: readonly Range[]): boolean {
  return outer.some(({ family, address, prefix }) => {
    if (family !== range.family || range.prefix < prefix) return false;
    const list = new BlockList();
    list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
    return list.check(range.address, family === 4 ? 'ipv4' : 'ipv6');
  });
}
