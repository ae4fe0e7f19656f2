import type { TLSSocket } from 'node:tls';
import ipaddr from 'ipaddr.js';
import { TandemError } from '../../base/index.ts';
import type { CallRequest } from '../exchange.ts';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = readonly [Address, number];

/**
 * Who is at the other end. X-Forwarded-* headers are believed only from the configured proxies, and
 * only as far back as the chain of them reaches, so a caller cannot choose its own address.
 */
export class Peers {
  readonly #trusted: readonly Range[];

  /** @throws TandemError setting_invalid for what is neither an address nor a range. */
  constructor(trustedProxies: readonly string[]) {
    this.#trusted = trustedProxies.map(parseRange);
  }

  /** The address of the caller, in canonical form. */
  addressOf(request: CallRequest): string {
    let address = normal(request.socket.remoteAddress);
    if (!this.#isTrusted(address)) return address;
    const chain = headerList(request.headers['x-forwarded-for']);
    // From the nearest hop backwards: the first one that is no proxy of ours is the caller.
    for (const hop of chain.reverse()) {
      const one = normal(hop);
      if (one === 'unknown') break;
      address = one;
      if (!this.#isTrusted(address)) break;
    }
    return address;
  }

  /** Whether the caller's own connection is encrypted. */
  isSecure(request: CallRequest): boolean {
    if ((request.socket as TLSSocket).encrypted === true) return true;
    return this.#isTrusted(normal(request.socket.remoteAddress)) && headerList(request.headers['x-forwarded-proto']).at(-1) === 'https';
  }

  /** The host that the caller addressed, with its port. */
  hostOf(request: CallRequest): string {
    const forwarded = this.#isTrusted(normal(request.socket.remoteAddress)) ? headerList(request.headers['x-forwarded-host']).at(-1) : undefined;
    return (forwarded ?? request.headers.host ?? '').toLowerCase();
  }

  /** A process on this machine itself, and not something that a proxy on this machine passed on. */
  isLocal(request: CallRequest): boolean {
    const forwarded = ['x-forwarded-for', 'forwarded', 'x-real-ip'].some((name) => request.headers[name] !== undefined);
    return !forwarded && isLoopback(normal(request.socket.remoteAddress));
  }

  #isTrusted(address: string): boolean {
    if (this.#trusted.length === 0 || !ipaddr.isValid(address)) return false;
    const parsed = ipaddr.parse(address);
    return this.#trusted.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits));
  }
}

function parseRange(text: string): Range {
  try {
    if (text.includes('/')) return ipaddr.parseCIDR(text);
    const address = ipaddr.process(text);
    return [address, address.kind() === 'ipv4' ? 32 : 128];
  } catch (cause) {
    throw new TandemError('setting_invalid', { params: { name: 'TANDEM_TRUSTED_PROXIES', reason: `${text} is neither an address nor a range such as 10.0.0.0/8` }, cause });
  }
}

function normal(address: string | undefined): string {
  const text = address?.trim().replace(/^\[(.*)\](?::\d+)?$/, '$1') ?? '';
  return ipaddr.isValid(text) ? ipaddr.process(text).toString() : 'unknown';
}

function isLoopback(address: string): boolean {
  return address !== 'unknown' && ipaddr.parse(address).range() === 'loopback';
}

function headerList(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  return text.split(',').map((part) => part.trim()).filter((part) => part !== '');
}
