import { WireError, wholeOf, type Message } from '../../wire/index.ts';

/** Which of the machines of one lease this is. Their programs reach each other by the names `rank-0` and on. */
export interface Ranks {
  readonly rank: number;
  readonly size: number;
}

const MOST_RANKS = 256;
/** Shared address space (RFC 6598) that leads nowhere outside of a lease: each has all of it to itself. */
export const RANK_RANGE = '100.126.0.0/16';

/** Of a grant; a lease of one machine, and an older server, say nothing. @throws WireError. */
export function readRanks(said: unknown): Ranks | null {
  if (said === undefined || said === null) return null;
  if (typeof said !== 'object' || Array.isArray(said)) throw new WireError('bad_grant', 'ranks are not an object');
  const size = wholeOf(said as Message, 'size', 2, MOST_RANKS);
  return { rank: wholeOf(said as Message, 'rank', 0, size - 1), size };
}

export function rankName(rank: number): string {
  return `rank-${rank}`;
}

/** The same at all machines of the lease. */
export function rankAddress(rank: number): string {
  return `100.126.${Math.floor(rank / 200)}.${(rank % 200) + 1}`;
}

/** Undefined: it is no rank's. */
export function rankAt(address: string | undefined, { size }: Ranks): number | undefined {
  const [, third, last] = /^(?:::ffff:)?100\.126\.(\d+)\.(\d+)$/.exec(address ?? '') ?? [];
  const rank = Number(third) * 200 + Number(last) - 1;
  return Number(last) >= 1 && Number(last) <= 200 && rank < size ? rank : undefined;
}

/** Lines of /etc/hosts: all ranks, this one among them. */
export function rankHosts({ size }: Ranks): string {
  return Array.from({ length: size }, (_, rank) => `${rankAddress(rank)} ${rankName(rank)}\n`).join('');
}
