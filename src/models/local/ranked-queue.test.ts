import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RANKS, RankedQueue } from './ranked-queue.ts';

it('serves priority before default before flex, and keys of one tier in turn', () => {
  const queue = new RankedQueue<string>(10, 5);
  for (const [rank, key, item] of [['flex', 'a', 'f1'], ['default', 'a', 'd1'], ['default', 'a', 'd2'], ['default', 'b', 'd3'], ['priority', 'b', 'p1']] as const) queue.push(rank, key, item);
  expect(queue.order()).toEqual(['p1', 'd1', 'd3', 'd2', 'f1']);
  expect(queue.remove('default', 'b', 'd3')).toBe(true);
  expect(Array.from({ length: 5 }, () => queue.shift())).toEqual(['p1', 'd1', 'd2', 'f1', undefined]);
});

it('is bounded over all tiers, and gives out exactly what was put in', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom(...RANKS), fc.constantFrom('a', 'b', 'c')), { maxLength: 40 }), (pushes) => {
    const queue = new RankedQueue<number>(8, 4);
    const taken = pushes.map(([rank, key], index) => {
      if (queue.fullFor(rank, key) !== undefined) return null;
      queue.push(rank, key, index);
      return index;
    }).filter((index) => index !== null);
    expect(queue.size).toBe(taken.length);
    expect(queue.size).toBeLessThanOrEqual(8);
    const out = Array.from({ length: queue.size }, () => queue.shift()!);
    expect(out.toSorted((a, b) => a - b)).toEqual(taken);
  }));
});
