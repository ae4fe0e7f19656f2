import type { Slice } from './slice.ts';

/** A call tries again when what it was granted was called away meanwhile. */
const ATTEMPTS = 100;

export type CallBack = 'nobody' | 'all' | 'late';

/** What a call needs of one slice, and who fills that slice. */
export interface Want {
  readonly pool: {
    fill(slice: Slice, amount: bigint): Promise<boolean>;
    /** `nobody` has any; `all` who had some have given it back; `late`: somebody did not answer in time. */
    callBack(slice: Slice, amount: bigint): Promise<CallBack>;
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
  const calledBack = new Map<Slice, CallBack>();
  for (let attempt = 0; ; attempt += 1) {
    if (tryTake()) return null;
    const short = wants.find(({ slice, amount }) => slice.available < amount);
    if (short === undefined) continue;
    const { pool, slice, amount } = short;
    if (slice.isSpent()) return short;
    if (await pool.fill(slice, amount)) {
      if (attempt < ATTEMPTS) continue;
      return tryTake() ? null : short;
    }
    if (tryTake()) return null;
    const before = calledBack.get(slice);
    const answer = before ?? (await pool.callBack(slice, amount));
    if (before === undefined && answer !== 'nobody') {
      calledBack.set(slice, answer);
      continue;
    }
    if (tryTake()) return null;
    if (answer !== 'late') slice.noteEmpty();
    return short;
  }
}
