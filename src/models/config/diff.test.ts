import fc from 'fast-check';
import { expect, test } from 'vitest';
import { difference, type Change, type Item } from './diff.ts';

const item: fc.Arbitrary<Item> = fc.record({
  kind: fc.constantFrom('project', 'backend', 'key', 'model', 'price', 'budget', 'limit'), name: fc.constantFrom('a', 'b', 'c'),
  fields: fc.dictionary(fc.constantFrom('x', 'y'), fc.oneof(fc.nat(3), fc.string({ maxLength: 2 }), fc.constant(null), fc.record({ in: fc.nat(2) }))),
});
const items = fc.uniqueArray(item, { selector: ({ kind, name }) => `${kind} ${name}` });
const everything = new Set<Item['kind']>(['project', 'backend', 'key', 'model', 'price', 'budget', 'limit']);
const idOf = ({ kind, name }: { kind: string; name: string }) => `${kind} ${name}`;

/** What the changes make of it. */
function made(present: readonly Item[], wanted: readonly Item[], changes: readonly Change[]): Item[] {
  const result = new Map(present.map((one) => [idOf(one), one]));
  for (const change of changes) {
    if (change.action === 'remove') result.delete(idOf(change));
    else result.set(idOf(change), wanted.find((one) => idOf(one) === idOf(change))!);
  }
  return [...result.values()];
}

test('what is made by a difference has none any more, and lacks nothing that was wanted', () => {
  fc.assert(fc.property(items, items, (wanted, present) => {
    const { changes, same } = difference(wanted, present, everything);
    const result = made(present, wanted, changes);
    expect(difference(wanted, result, everything)).toEqual({ changes: [], same: wanted.length });
    expect(result.map(idOf).toSorted()).toEqual(wanted.map(idOf).toSorted());
    expect(same + changes.filter(({ action }) => action !== 'remove').length).toBe(wanted.length);
  }));
});

test('a kind of which the file does not speak loses nothing', () => {
  fc.assert(fc.property(items, items, (wanted, present) => {
    expect(difference(wanted, present, new Set()).changes.filter(({ action }) => action === 'remove')).toEqual([]);
  }));
});

test('things are made before what leads to them, and removed after it', () => {
  const all = (['limit', 'model', 'key', 'project', 'backend'] as const).map((kind): Item => ({ kind, name: 'n', fields: {} }));
  expect(difference(all, [], everything).changes.map(({ kind }) => kind)).toEqual(['project', 'backend', 'key', 'model', 'limit']);
  expect(difference([], all, everything).changes.map(({ kind }) => kind)).toEqual(['limit', 'model', 'key', 'backend', 'project']);
});
