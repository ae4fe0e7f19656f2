import { isIPv6 } from 'node:net';
import { TandemError, type Clock } from '../base/index.ts';

const WINDOW_MS = 300_000;
const PER_PEER = 10;
/** Many peers trying one token or key. Higher, because a stranger who knows a prefix could lock its owner out of signing in. */
const PER_PREFIX = 50;
const PREFIX_LENGTH = 12;
const ENTRIES_MAX = 20_000;

interface Tally {
  count: number;
  readonly endsMs: number;
}

/**
 * Counts failed sign-ins by the real address of the peer and by the beginning of what was presented,
 * in this process's memory. It guards the sign-in routes, never the model API: keys have 190 random bits.
 */
export class Attempts {
  readonly #clock: Clock;
  readonly #tallies = new Map<string, Tally>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Call before anything is looked up. @throws TandemError too_many_attempts */
  check(peer: string, presented?: string): void {
    this.#demand(peerName(peer), PER_PEER);
    if (presented !== undefined) this.#demand(prefixName(presented), PER_PREFIX);
  }

  failed(peer: string, presented?: string): void {
    this.#add(peerName(peer));
    if (presented !== undefined) this.#add(prefixName(presented));
  }

  #demand(name: string, most: number): void {
    const tally = this.#tallies.get(name);
    const restMs = tally === undefined ? 0 : tally.endsMs - this.#clock.monotonicMs();
    if (tally === undefined || restMs <= 0 || tally.count < most) return;
    const seconds = Math.ceil(restMs / 1_000);
    throw new TandemError('too_many_attempts', { params: { seconds }, retryAfterSeconds: seconds });
  }

  #add(name: string): void {
    const nowMs = this.#clock.monotonicMs();
    const tally = this.#tallies.get(name);
    if (tally !== undefined && tally.endsMs > nowMs) {
      tally.count += 1;
      return;
    }
    this.#tallies.delete(name);
    if (this.#tallies.size >= ENTRIES_MAX) this.#makeRoom(nowMs);
    this.#tallies.set(name, { count: 1, endsMs: nowMs + WINDOW_MS });
  }

  // All windows are equally long, so the map's order is the order in which they end.
  #makeRoom(nowMs: number): void {
    for (const [name, tally] of this.#tallies) {
      if (tally.endsMs > nowMs && this.#tallies.size < ENTRIES_MAX) return;
      this.#tallies.delete(name);
    }
  }
}

/** An IPv6 peer counts as its /64: one line has as many addresses in it as it likes. */
function peerName(peer: string): string {
  const address = peer.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (!isIPv6(address)) return `peer ${address}`;
  const [head = '', tail] = address.toLowerCase().split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = tail === undefined ? [] : Array.from({ length: 8 - first.length - last.length }, () => '0');
  const groups = [...first, ...middle, ...last].slice(0, 4).map((group) => group.replace(/^0+(?=.)/, ''));
  return `peer ${groups.join(':')}::/64`;
}

function prefixName(presented: string): string {
  return `prefix ${presented.slice(0, PREFIX_LENGTH)}`;
}
