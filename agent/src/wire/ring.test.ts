import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Ring, type Slot } from './ring.ts';

it('gives no byte twice, and all of it again once everything is back, whatever is taken and given back', () => fc.assert(fc.property(fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(undefined)), { maxLength: 200 }), (steps) => {
  const ring = new Ring(64);
  const taken: { readonly slot: Slot; readonly mark: number }[] = [];
  for (const [mark, length] of steps.entries()) {
    if (length === undefined) {
      const oldest = taken.shift();
      if (oldest !== undefined) ring.giveBack(oldest.slot);
      continue;
    }
    const slot = ring.take(length);
    if (slot === undefined) {
      expect(taken.length).toBeGreaterThan(0);
      continue;
    }
    expect(slot.bytes).toHaveLength(length);
    slot.bytes.fill(mark);
    taken.push({ slot, mark });
    for (const { slot: { bytes }, mark: own } of taken) expect(bytes.every((byte) => byte === own % 256)).toBe(true);
  }
  for (const { slot } of taken) ring.giveBack(slot);
  expect(ring.take(64)?.bytes).toHaveLength(64);
  expect(ring.take(1)).toBeUndefined();
})));
