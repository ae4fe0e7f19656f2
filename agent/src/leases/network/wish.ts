import { isIP } from 'node:net';
import { WireError, type Message } from '../../wire/index.ts';
import { parseRange } from './ranges.ts';

/** What a lease may reach, as the server says it. */
export interface NetworkWish {
  /** False: its own loopback and nothing else. */
  readonly out: boolean;
  /** Ranges that it may reach although they are private, or the control plane's. */
  readonly allow: readonly string[];
  /** Hosts of the control plane beside the one that the agent is connected to: names or addresses. */
  readonly deny: readonly string[];
  /** Whom it asks for names; empty: whom the machine asks. */
  readonly resolvers: readonly string[];
}

export const NO_NETWORK: NetworkWish = { out: false, allow: [], deny: [], resolvers: [] };
const MOST = 64;

/** Of a grant; an older server says nothing, and its leases have no network. @throws WireError. */
export function readNetwork(said: unknown): NetworkWish {
  if (said === undefined || said === null) return NO_NETWORK;
  const { out, allow, deny, resolvers } = said as Message;
  const wish = { out: out === true, allow: texts(allow), deny: texts(deny), resolvers: texts(resolvers) };
  if (wish.allow.some((text) => parseRange(text) === undefined)) throw new WireError('bad_grant', 'an allowed range is not a range');
  if (wish.resolvers.some((text) => isIP(text) === 0)) throw new WireError('bad_grant', 'a resolver is not an address');
  if (wish.deny.some((text) => !/^[A-Za-z0-9.:_-]{1,253}$/.test(text))) throw new WireError('bad_grant', 'a denied host is not a host');
  return wish;
}

function texts(said: unknown): string[] {
  if (said === undefined || said === null) return [];
  if (!Array.isArray(said) || said.length > MOST || !said.every((one) => typeof one === 'string')) throw new WireError('bad_grant', 'hosts and ranges are not a list of texts');
  return said;
}
