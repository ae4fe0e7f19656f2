import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FairQueue } from './fair-queue.ts';

const drain = <T>(queue: FairQueue<T>): T[] => Array.from({ length: queue.size }, () => queue.shift()!);

test('keys take turns, first in first out within a key', () => {
  const queue = new FairQueue<string>(10, 10);
  for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) queue.push(item[0]!, item);
  expect(queue.order()).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3']);
  expect(drain(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3']);
  expect(queue.shift()).toBeUndefined();
});

test('a key that was just served does not come before one that waits', () => {
  const queue = new FairQueue<string>(10, 10);
  queue.push('a', 'a1');
  queue.push('b', 'b1');
  expect(queue.shift()).toBe('a1');
  queue.push('a', 'a2');
  expect(drain(queue)).toEqual(['b1', 'a2']);
});

test('is bounded in all and per key', () => {
  const queue = new FairQueue<number>(3, 2);
  queue.push('a', 1);
  queue.push('a', 2);
  expect([queue.fullFor('a'), queue.fullFor('b')]).toEqual(['key', undefined]);
  queue.push('b', 3);
  expect(queue.fullFor('b')).toBe('all');
  expect(() => queue.push('b', 4)).toThrow(RangeError);
});

test('forgets what was removed', () => {
  const queue = new FairQueue<string>(10, 10);
  queue.push('a', 'a1');
  queue.push('b', 'b1');
  expect([queue.remove('a', 'a1'), queue.remove('a', 'a1'), queue.remove('x', 'y')]).toEqual([true, false, false]);
  expect(drain(queue)).toEqual(['b1']);
});

test('whatever comes and goes: nothing is lost, the order is kept, and it is the order that was told', () => {
  fc.assert(fc.property(fc.array(fc.oneof(fc.constant('take'), fc.constantFrom('a', 'b', 'c')), { maxLength: 60 }), (steps) => {
    const queue = new FairQueue<{ key: string; step: number }>(1000, 1000);
    const taken: { key: string; step: number }[] = [];
    steps.forEach((step, index) => {
      if (step !== 'take') queue.push(step, { key: step, step: index });
      else {
        const told = queue.order()[0];
        const item = queue.shift();
        expect(item).toBe(told);
        if (item) taken.push(item);
      }
    });
    const told = queue.order();
    const rest = drain(queue);
    expect(rest).toEqual(told);
    const all = [...taken, ...rest];
    expect(all.length).toBe(steps.filter((step) => step !== 'take').length);
    for (const key of ['a', 'b', 'c']) {
      const own = all.filter((item) => item.key === key).map(({ step }) => step);
      expect(own).toEqual([...own].sort((x, y) => x - y));
    }
    expect(queue.size).toBe(0);
  }));
});
