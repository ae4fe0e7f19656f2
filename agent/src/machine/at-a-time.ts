import { availableParallelism } from 'node:os';

/** Programs that work on cards are run beside each other for as many as there are processors: a machine may have 64 partitions, and each program loads a driver. */
export const AT_A_TIME = availableParallelism();

/** Works on all items, on so many at a time at most. Results are in the order of the items. For work that does not fail: a failure is thrown when it comes, and the rest goes on unheard. */
export async function atATime<T, R>(items: readonly T[], most: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const left = items.entries();
  const worker = async (): Promise<void> => {
    // All workers take from one iterator, so each item is taken once.
    for (const [at, item] of left) results[at] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(most, items.length)) }, worker));
  return results;
}
