/** Takes turns between keys, first in first out within a key. Bounded in all and per key. */
export class FairQueue<T> {
  readonly #maxWaiting: number;
  readonly #maxPerKey: number;
  /** In the order of turns: the first key is next, and goes to the end once it was served. */
  readonly #byKey = new Map<string, T[]>();
  #size = 0;

  constructor(maxWaiting: number, maxPerKey: number) {
    this.#maxWaiting = maxWaiting;
    this.#maxPerKey = maxPerKey;
  }

  get size(): number {
    return this.#size;
  }

  /** Why one more of this key would not fit, or undefined when it does. */
  fullFor(key: string): 'all' | 'key' | undefined {
    if (this.#size >= this.#maxWaiting) return 'all';
    return (this.#byKey.get(key)?.length ?? 0) >= this.#maxPerKey ? 'key' : undefined;
  }

  /** @throws RangeError when it is full: ask `fullFor` first. */
  push(key: string, item: T): void {
    if (this.fullFor(key) !== undefined) throw new RangeError('the queue is full');
    const items = this.#byKey.get(key);
    if (items) items.push(item);
    else this.#byKey.set(key, [item]);
    this.#size += 1;
  }

  shift(): T | undefined {
    for (const [key, items] of this.#byKey) {
      const item = items.shift();
      this.#byKey.delete(key);
      if (items.length > 0) this.#byKey.set(key, items);
      if (item === undefined) continue;
      this.#size -= 1;
      return item;
    }
    return undefined;
  }

  remove(key: string, item: T): boolean {
    const items = this.#byKey.get(key);
    const at = items?.indexOf(item) ?? -1;
    if (!items || at < 0) return false;
    items.splice(at, 1);
    if (items.length === 0) this.#byKey.delete(key);
    this.#size -= 1;
    return true;
  }

  /** Everything that waits, in the order in which it will be served if nothing more comes. */
  order(): T[] {
    const columns = [...this.#byKey.values()];
    const ordered: T[] = [];
    for (let row = 0; ordered.length < this.#size; row += 1) {
      for (const column of columns) {
        const item = column[row];
        if (item !== undefined) ordered.push(item);
      }
    }
    return ordered;
  }
}
