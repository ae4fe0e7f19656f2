import type { Slice } from './slice.ts';

/** A call tries again when what it was granted was called away meanwhile. */
const ATTEMPTS = 100;

/** What a call needs of one slice, and who fills that slice. */
export interface Want {
  readonly pool: {
    fill(slice: Slice, amount: bigint): Promise<boolean>;
    callBack(slice: Slice, amount: bigint): Promise<boolean>;
  };
  readonly slice: Slice;
  readonly amount: bigint;
}

/**
 * Takes everything or nothing: leases what is missing and, before it gives up, calls back what lies idle elsewhere. While
 * it waits for one slice it holds none of the others.
 * @param tryTake takes all of them from memory, or nothing.
 * @returns the want that its window does not cover; null: all are taken.
 */
export async function takeAll(tryTake: () => boolean, wants: readonly Want[]): Promise<Want | null> {
  const calledBack = new Set<Slice>();
  for (let attempt = 0; ; attempt += 1) {
    if (tryTake()) return null;
    const short = wants.find(({ slice, amount }) => slice.available < amount);
    if (short === undefined) continue;
    const { pool, slice, amount } = short;
    if (await pool.fill(slice, amount)) {
      if (attempt < ATTEMPTS) continue;
      return tryTake() ? null : short;
    }
    if (tryTake()) return null;
    if (calledBack.has(slice) || !(await pool.callBack(slice, amount))) return tryTake() ? null : short;
    calledBack.add(slice);
  }
}
