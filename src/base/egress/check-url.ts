import { lookup } from 'node:dns/promises';
import { TandemError } from '../errors.ts';
import { isMetadataName, parseAddress, refusedAddress, type EgressPolicy } from './address.ts';

/** Every address that a name has now. Passed in, so that tests can change an answer between check and connect. */
export type Resolve = (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

export const systemResolve: Resolve = (host) => lookup(host, { all: true, verbatim: true });

/**
 * Checks what a URL says by itself: its form, and its host when that is an address. The name's addresses are
 * checked by `checkHost` and again by the connector at connect time.
 * @throws TandemError url_not_allowed with the reason.
 */
export function checkUrl(text: string, policy: EgressPolicy): URL {
  // The parser drops tabs and newlines and turns backslashes around: what a person reads would not be what is called.
  if (/[\s\\\p{Cc}]/u.test(text)) throw refused('it holds white space, control characters or backslashes');
  const url = URL.parse(text);
  if (!url) throw refused('it is not a URL');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refused(`the scheme ${url.protocol} is not http or https`);
  if (url.username !== '' || url.password !== '' || writtenAuthority(text).includes('@')) throw refused('it holds a user name or password');
  const host = bareHost(url.hostname);
  if (isMetadataName(host)) throw refused(`${host} is a cloud's metadata service`);
  const address = parseAddress(host);
  if (address) {
    // 2130706433, 0x7f.1, 0177.0.0.1 and full-width digits all read as 127.0.0.1: only the plain form is taken.
    if (address.kind() === 'ipv4' && writtenHost(text) !== host) throw refused(`the host is another way to write ${host}`);
    const reason = refusedAddress(host, policy);
    if (reason !== undefined) throw refused(reason);
  }
  return url;
}

/**
 * Resolves a URL's host and checks every address that it has.
 * @throws TandemError url_not_allowed when there is none, or any of them may not be called.
 */
export async function checkHost(url: URL, policy: EgressPolicy, resolve: Resolve): Promise<void> {
  const host = bareHost(url.hostname);
  if (parseAddress(host)) return;
  let addresses: Awaited<ReturnType<Resolve>>;
  try {
    addresses = await resolve(host);
  } catch {
    throw refused(`the name ${host} has no address`);
  }
  if (addresses.length === 0) throw refused(`the name ${host} has no address`);
  for (const { address } of addresses) {
    const reason = refusedAddress(address, policy);
    if (reason !== undefined) throw refused(`${host} leads to an address that is not open: ${reason}`);
  }
}

export function refused(reason: string): TandemError {
  return new TandemError('url_not_allowed', { params: { reason }, param: 'url' });
}

/** An IPv6 host without its brackets. */
export function bareHost(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

function writtenAuthority(text: string): string {
  return /^[a-z][a-z0-9+.-]*:\/*([^/?#]*)/i.exec(text)?.[1] ?? '';
}

function writtenHost(text: string): string {
  return writtenAuthority(text).replace(/^.*@/, '').replace(/:\d*$/, '');
}
