import { expect, test } from 'vitest';
import { Slots } from './slots.ts';

const make = () => new Slots<string, { contextTokens: string[] }>([{ contextTokens: [] }, { contextTokens: [] }]);

test('prefers the slot that remembers most of the prompt, and leaves the last token to be evaluated', () => {
  const slots = make();
  const first = slots.take('a', ['x', 'y', 'z'])!;
  first.slot.sequence.contextTokens.push('x', 'y', 'z', 'answer');
  slots.give(first.slot);
  const again = slots.take('a', ['x', 'y', 'z'])!;
  expect(again).toMatchObject({ reuse: 2 });
  expect(again.slot).toBe(first.slot);
});

test('shares no memory between keys', () => {
  const slots = make();
  const first = slots.take('a', ['x', 'y'])!;
  first.slot.sequence.contextTokens.push('x', 'y');
  slots.give(first.slot);
  const other = slots.take('b', ['x', 'y'])!;
  expect(other.reuse).toBe(0);
  expect(other.slot).not.toBe(first.slot);
  expect(slots.take('b', ['x', 'y'])).toMatchObject({ reuse: 0 });
  expect(slots.take('b', ['x', 'y'])).toBeUndefined();
});

test('without anything to reuse, the slot unused for longest is taken', () => {
  const slots = make();
  const one = slots.take('a', ['x'])!;
  const two = slots.take('a', ['x'])!;
  slots.give(two.slot);
  slots.give(one.slot);
  expect(slots.take('c', ['q'])!.slot).toBe(one.slot);
});
