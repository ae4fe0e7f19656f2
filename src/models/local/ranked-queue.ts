import { FairQueue } from './fair-queue.ts';

/** First, as ever, and only when nobody else waits. */
export const RANKS = ['priority', 'default', 'flex'] as const;
export type Rank = (typeof RANKS)[number];

/** A fair queue for each service tier: a later one is served when the earlier ones are empty. The bounds are those of one queue. */
export class RankedQueue<T> {
  readonly #maxWaiting: number;
  readonly #queues: Readonly<Record<Rank, FairQueue<T>>>;

  constructor(maxWaiting: number, maxPerKey: number) {
    this.#maxWaiting = maxWaiting;
    const queue = () => new FairQueue<T>(maxWaiting, maxPerKey);
    this.#queues = { priority: queue(), default: queue(), flex: queue() };
  }

  get size(): number {
    return this.#queues.priority.size + this.#queues.default.size + this.#queues.flex.size;
  }

  /** Why one more of this key would not fit, or undefined when it does. */
  fullFor(rank: Rank, key: string): 'all' | 'key' | undefined {
    return this.size >= this.#maxWaiting ? 'all' : this.#queues[rank].fullFor(key);
  }

  /** @throws RangeError when it is full: ask `fullFor` first. */
  push(rank: Rank, key: string, item: T): void {
    if (this.fullFor(rank, key) !== undefined) throw new RangeError('the queue is full');
    this.#queues[rank].push(key, item);
  }

  shift(): T | undefined {
    return this.#queues.priority.shift() ?? this.#queues.default.shift() ?? this.#queues.flex.shift();
  }

  remove(rank: Rank, key: string, item: T): boolean {
    return this.#queues[rank].remove(key, item);
  }

  /** Everything that waits, in the order in which it will be served if nothing more comes. */
  order(): T[] {
    return RANKS.flatMap((rank) => this.#queues[rank].order());
  }
}
