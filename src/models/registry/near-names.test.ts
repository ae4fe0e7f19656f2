import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nearNames } from './near-names.ts';

const NAMES = ['tandem/local', 'muse-spark', 'muse-spark-contributor', 'team/big-70b', 'x'];

test.each([
  ['tandem/locla', ['tandem/local']], ['local', ['tandem/local']], ['Tandem/Local', ['tandem/local']], ['muse-sprak', ['muse-spark']], ['muse', ['muse-spark', 'muse-spark-contributor']],
  ['big-70b', ['team/big-70b']], ['gpt-4o', []], ['x'.repeat(5_000), []],
])('%s may have meant %j', (wanted, found) => {
  expect(nearNames(wanted, NAMES)).toEqual(found);
});

test('a name with one wrong letter is always found, and never more than three are named', () => {
  fc.assert(fc.property(fc.constantFrom(...NAMES.filter((name) => name.length > 5)), fc.nat(), (name, at) => {
    const place = at % name.length;
    expect(nearNames(`${name.slice(0, place)}~${name.slice(place + 1)}`, NAMES)).toContain(name);
  }));
  expect(nearNames('model-1', Array.from({ length: 100 }, (_, index) => `model-${index}`))).toHaveLength(3);
});
