import type { Alias, Target } from '../registry/target.ts';

/** First-token times are remembered for so many answers; with fewer than the least nobody knows what is slow. */
const REMEMBERED = 64;
const LEAST = 20;
/** So many second attempts may run beside each running call: when everything is slow, more calls would only make it slower. */
const MOST_OF_RUNNING = 0.1;

interface Tally {
  /** Picodollars at the caller's price, which is always known; costs may not be. */
  spent: number;
  lost: number;
}

/**
 * Decides when a second attempt may start beside one that has not begun to answer. Counted in this process alone. What it knows is found
 * by the registry's own objects, so it is forgotten when a name or a target is changed: then nothing is hedged until it is known anew.
 */
export class Hedges {
  readonly #tallies = new WeakMap<Alias, Tally>();
  readonly #times = new WeakMap<Target, { readonly ms: number[]; next: number }>();
  #calls = 0;
  #hedged = 0;

  /** How long to wait before a second attempt; null: it is not known yet, or hedging is off. */
  delayMs({ limits: { hedge } }: Alias, target: Target): number | null {
    if (hedge === null) return null;
    if (hedge.afterMs !== null) return hedge.afterMs;
    const times = this.#times.get(target);
    if (!times || times.ms.length < LEAST) return null;
    return times.ms.toSorted((a, b) => a - b)[Math.ceil(times.ms.length * 0.95) - 1]!;
  }

  /**
   * Whether one may start now. If so it has begun: `ended` must follow.
   * @param worth what is lost when one of both is thrown away.
   */
  begin(alias: Alias, worth: bigint): boolean {
    const { hedge } = alias.limits;
    const tally = this.#tallies.get(alias);
    if (hedge === null || !tally || tally.lost + Number(worth) > hedge.share * tally.spent) return false;
    if (this.#hedged >= Math.max(1, this.#calls * MOST_OF_RUNNING)) return false;
    this.#hedged += 1;
    // Held back until it is known, so that calls at the same time do not spend one share twice.
    tally.lost += Number(worth);
    return true;
  }

  /** @param held what was given at `begin`. @param lost what the attempt that was thrown away has spent. */
  ended(alias: Alias, held: bigint, lost: bigint): void {
    this.#hedged -= 1;
    const tally = this.#tallies.get(alias);
    if (tally) tally.lost += Number(lost - held);
  }

  /** A call runs whose name may be hedged. */
  callBegan(): void {
    this.#calls += 1;
  }

  /** It is over: what it spent, and how soon its target began to answer. */
  callEnded(alias: Alias, target: Target, spent: bigint, firstTextMs: number | null): void {
    this.#calls -= 1;
    const tally = this.#tallies.get(alias) ?? { spent: 0, lost: 0 };
    tally.spent += Number(spent);
    this.#tallies.set(alias, tally);
    if (firstTextMs === null) return;
    const times = this.#times.get(target) ?? { ms: [], next: 0 };
    times.ms[times.next] = firstTextMs;
    times.next = (times.next + 1) % REMEMBERED;
    this.#times.set(target, times);
  }
}
