import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Address ranges that the operator opened beside the public internet. */
export interface EgressPolicy {
  readonly open: readonly Cidr[];
}

/** One range, as in 10.0.0.0/8. */
export interface Cidr {
  readonly text: string;
  readonly address: Address;
  readonly bits: number;
}

/**
 * Where clouds hand out credentials of the machine. They are never called, whatever the operator opened:
 * AWS (instance, ECS, EKS), GCP, Azure, Alibaba, Oracle, and the providers that use AWS's address.
 */
const METADATA = new Set([
  '169.254.169.254', '169.254.170.2', '169.254.170.23', '168.63.129.16', '100.100.100.200', '192.0.0.192',
  'fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254',
].map((text) => ipaddr.parse(text).toNormalizedString()));

const METADATA_NAMES = new Set(['metadata', 'metadata.google.internal', 'metadata.goog', 'instance-data', 'instance-data.ec2.internal']);

/** How each of ipaddr.js' ranges is named to people. Only `unicast`, the public internet, needs no opening. */
const RANGE_NAMES: Readonly<Record<string, string>> = {
  unspecified: 'the unspecified address', loopback: 'a loopback address', linkLocal: 'a link-local address', private: 'a private address',
  uniqueLocal: 'a private address', carrierGradeNat: 'a carrier-grade NAT address', multicast: 'a multicast address', broadcast: 'the broadcast address',
  ipv4Mapped: 'an IPv4 address inside an IPv6 one', rfc6145: 'an IPv4 address inside an IPv6 one', rfc6052: 'a NAT64 address', '6to4': 'a 6to4 address', teredo: 'a Teredo address',
};

/** The one known range: global unicast. Everything else of IPv6 is reserved or special. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/** `undefined` when the text is not an address range in CIDR form. A single address counts as a range of one. */
export function parseCidr(text: string): Cidr | undefined {
  if (ipaddr.isValidCIDR(text)) {
    const [address, bits] = ipaddr.parseCIDR(text);
    return { text, address, bits };
  }
  const address = parseAddress(text);
  return address && { text, address, bits: address.kind() === 'ipv4' ? 32 : 128 };
}

/**
 * Why an address may not be called, as a sentence's part; `undefined` when it may.
 * Addresses that carry an IPv4 address inside are refused for what they are and checked for what they carry.
 */
export function refusedAddress(text: string, policy: EgressPolicy): string | undefined {
  const address = parseAddress(text);
  if (!address) return `${text} is not an address`;
  for (const form of [address, ...embedded(address)]) {
    if (METADATA.has(form.toNormalizedString())) return `${text} is a cloud's metadata address`;
  }
  if (policy.open.some((cidr) => covers(cidr, address))) return undefined;
  const range = address.range();
  if (range !== 'unicast') return `${text} is ${RANGE_NAMES[range] ?? 'a reserved address'}`;
  if (address.kind() === 'ipv6' && !address.match(GLOBAL_IPV6)) return `${text} is a reserved address`;
  return undefined;
}

export function isMetadataName(host: string): boolean {
  return METADATA_NAMES.has(host.toLowerCase().replace(/\.+$/, ''));
}

/** The four-part and the colon form only: no decimal, octal, hexadecimal or short forms, and no zones. */
export function parseAddress(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  if (text.includes(':') && !text.includes('%') && ipaddr.IPv6.isValid(text)) return ipaddr.IPv6.parse(text);
  return undefined;
}

function covers(cidr: Cidr, address: Address): boolean {
  return cidr.address.kind() === address.kind() && address.match(cidr.address, cidr.bits);
}

/** The IPv4 addresses that an IPv6 one carries: mapped, compatible, translated, NAT64 (last 32 bits), 6to4 (bits 16 to 48), Teredo (last 32, inverted). */
function embedded(address: Address): ipaddr.IPv4[] {
  if (address.kind() === 'ipv4') return [];
  const bytes = address.toByteArray();
  const last = bytes.slice(12);
  return [last, bytes.slice(2, 6), last.map((byte) => byte ^ 0xff)].map((four) => new ipaddr.IPv4(four));
}
