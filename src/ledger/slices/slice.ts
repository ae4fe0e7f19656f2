import type { Clock } from '../../base/index.ts';
import type { SliceKey } from './store.ts';

/** A slice lying unused this long goes back. */
export const IDLE_MS = 120_000;
/** A grant is meant to last about this long at the pace of the last grant. */
const GRANT_LASTS_MS = 2_000;
/** A first grant covers this many calls like the one that asks. */
const FIRST_CALLS = 16n;

/** What this process may still spend of one window, in memory. */
export class Slice {
  readonly key: SliceKey;
  /** Of its window; no other slice of the process has it. */
  readonly name: string;
  readonly #clock: Clock;
  /** Leased, and neither held nor charged. */
  available = 0n;
  held = 0n;
  #usedAtMs: number;
  #wish = 0n;
  /** What the window before this one was leased at once. */
  #expected = 0n;
  #usedSinceGrant = 0n;
  #grantAtMs: number;
  /** What is taken of it never comes back: a count of requests. */
  #forGood = false;
  #spent = false;
  /** What was left of the window, beside all slices, at the last lease. */
  rest = 0n;
  /** The size of the last call. */
  typical = 1n;
  /** Held when its budget changed, and not ended since. */
  #recalled = 0n;
  /** What such holds did not use: it goes back, since it was leased of another amount. */
  #surrendered = 0n;
  /** How often its budget has changed: what was leased before the last time is not to be spent. */
  recalls = 0;
  readonly #onSurrender: (slice: Slice) => void;

  /** @param onSurrender called when there is something to give back that was held before. */
  constructor(key: SliceKey, clock: Clock, onSurrender: (slice: Slice) => void = () => {}) {
    this.key = key;
    this.#onSurrender = onSurrender;
    this.name = nameOf(key);
    this.#clock = clock;
    this.#usedAtMs = clock.monotonicMs();
    this.#grantAtMs = this.#usedAtMs;
  }

  take(amount: bigint): void {
    this.available -= amount;
    this.held += amount;
    this.#usedSinceGrant += amount;
    this.typical = amount;
    this.#usedAtMs = this.#clock.monotonicMs();
  }

  /** Takes what never comes back: a request is counted, not held. */
  spend(amount: bigint): void {
    this.available -= amount;
    this.#forGood = true;
    this.#usedSinceGrant += amount;
    this.typical = amount;
    this.#usedAtMs = this.#clock.monotonicMs();
  }

  /** Undoes `spend`: the call was not admitted after all. */
  unspend(amount: bigint): void {
    this.available += amount;
    this.#usedSinceGrant -= amount;
  }

  /**
   * Neither Postgres nor any process has anything left of the window. Where nothing comes back, that stays so until its
   * end: who goes on calling is refused from memory.
   */
  noteEmpty(): void {
    this.#spent = this.#forGood && this.key.windowEndMs !== null && this.available <= 0n;
  }

  /** Every call of this window is refused. A changed limit makes that unknown again. */
  isSpent(): boolean {
    return this.#spent;
  }

  /** The first lease of this window is to be like the last one of the window before. */
  expect(before: Slice): void {
    this.#expected = before.#wish;
  }

  /** The hold ended: what was not charged is free again. */
  end(hold: bigint, charge: bigint): void {
    const unused = hold - charge;
    this.held -= hold;
    this.#usedSinceGrant -= unused;
    if (this.#recalled > 0n) this.#surrender(hold, unused);
    else this.available += unused;
  }

  /**
   * Its budget changed: what is held now goes back when it is free, and is leased again of the new amount. Which hold ends first does not matter: as
   * long as those of before are more than the new amount nothing else is leased, and once they are not all of it is within that.
   */
  recall(): void {
    this.recalls += 1;
    this.#recalled = this.held;
  }

  /** Takes out what is to go back of holds that have ended. */
  surrender(): bigint {
    const amount = this.#surrendered;
    this.#surrendered = 0n;
    return amount;
  }

  #surrender(hold: bigint, unused: bigint): void {
    this.#recalled = this.#recalled > hold ? this.#recalled - hold : 0n;
    if (unused <= 0n) return;
    const isFirst = this.#surrendered === 0n;
    this.#surrendered += unused;
    if (isFirst) this.#onSurrender(this);
  }

  granted(amount: bigint, rest = 0n): void {
    this.available += amount;
    this.#spent = false;
    this.rest = rest;
    this.#expected = 0n;
    this.#usedSinceGrant = 0n;
    this.#grantAtMs = this.#clock.monotonicMs();
  }

  /** Takes all that is free out of the slice, to give it back. */
  empty(): bigint {
    const free = this.available + this.surrender();
    this.available = 0n;
    this.#spent = false;
    this.#wish = 0n;
    return free;
  }

  /** How much to lease when `call` is the size of one call: what lasts for a while at the pace seen. */
  wish(call: bigint): bigint {
    const elapsedMs = BigInt(Math.max(1, Math.round(this.#clock.monotonicMs() - this.#grantAtMs)));
    const paced = (this.#usedSinceGrant > 0n ? this.#usedSinceGrant : 0n) * BigInt(GRANT_LASTS_MS) / elapsedMs;
    const least = call * FIRST_CALLS > this.#expected ? call * FIRST_CALLS : this.#expected;
    // No faster than doubling: one burst is no pace.
    const ceiling = this.#wish === 0n ? least * 8n : this.#wish * 2n;
    this.#wish = paced < least ? least : paced > ceiling ? ceiling : paced;
    return this.#wish;
  }

  /** True when it should be filled up before anybody has to wait for it. */
  isLow(call: bigint): boolean {
    return this.available < this.#wish / 2n || this.available < call * 2n;
  }

  isIdle(): boolean {
    return this.held === 0n && this.#clock.monotonicMs() - this.#usedAtMs > IDLE_MS;
  }
}

export function nameOf(key: SliceKey): string {
  return `${key.ownerId} ${key.windowStartMs} ${key.counted}`;
}
