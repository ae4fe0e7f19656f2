import { afterEach, beforeEach, expect, test } from 'vitest';
import fc from 'fast-check';
import { openTestBooks, type TestBooks } from '../testing/books.ts';
import type { Dimension } from './dimensions.ts';

let house: TestBooks;
beforeEach(async () => void (house = await openTestBooks()));
afterEach(() => house.close());

interface Call {
  readonly input: number;
  readonly key: number;
  readonly project: number;
  readonly user: string;
  readonly scenario: string;
  readonly tags: readonly string[];
}

const call = (): fc.Arbitrary<Call> => fc.record({
  input: fc.integer({ min: 1, max: 1_000 }), key: fc.nat(3), project: fc.nat(2),
  user: fc.constantFrom('', 'u-1', 'u-2', 'u-3', 'u-4'), scenario: fc.constantFrom('', 's-1', 's-2', 's-3'), tags: fc.subarray(['t-1', 't-2', 't-3']),
});

const DIMENSIONS = ['key', 'project', 'user', 'scenario', 'tag'] as const;
type Told = (typeof DIMENSIONS)[number];

/** What each group and part comes to, added up call by call: 1,000 for each token, as the test's price is. */
function cells(calls: readonly Call[], ids: readonly string[], group: Told, subgroup: Told): Map<string, Map<string, number>> {
  const of = (one: Call, dimension: Told): readonly string[] => {
    if (dimension === 'tag') return one.tags.length === 0 ? [''] : one.tags;
    return [dimension === 'key' || dimension === 'project' ? ids[one[dimension]]! : one[dimension]];
  };
  const sums = new Map<string, Map<string, number>>();
  for (const one of calls) {
    for (const place of of(one, group)) {
      for (const part of of(one, subgroup)) {
        const parts = sums.get(place) ?? new Map<string, number>();
        sums.set(place, parts.set(part, (parts.get(part) ?? 0) + one.input * 1_000));
      }
    }
  }
  return sums;
}

test('every pair of names comes to what its calls come to, by name and for the others together', async () => {
  const ids = Array.from({ length: 4 }, () => house.newId());
  const all: Call[] = [];
  await fc.assert(fc.asyncProperty(fc.array(call(), { minLength: 1, maxLength: 25 }), fc.integer({ min: 1, max: 3 }), async (calls, top) => {
    all.push(...calls);
    await house.poster.use(...calls.map(({ input, key, project, user, scenario, tags }) => ({ quantities: { input: BigInt(input) }, keyId: ids[key]!, projectId: ids[project]!, attributes: { user, scenario, tags: [...tags] } })));
    await house.books.sight.catchUp();
    for (const group of DIMENSIONS) {
      for (const subgroup of DIMENSIONS) {
        if (group === subgroup) continue;
        const sums = cells(all, ids, group, subgroup);
        const view = await house.books.sight.spend(house.principal(), { metric: 'charge', group, subgroup: subgroup as Dimension, top });
        const listed = new Set(view.groups.map(({ key }) => key));
        const named = new Set(view.groups.flatMap(({ parts }) => parts.map(({ key }) => key)));
        for (const { key, value, parts } of view.groups) {
          const places = key === null ? [...sums.keys()].filter((place) => !listed.has(place)) : [key];
          const worth = (fits: (part: string) => boolean) => places.reduce((total, place) => total + [...sums.get(place)!].reduce((sum, [part, one]) => sum + (fits(part) ? one : 0), 0), 0);
          for (const part of parts) expect([group, subgroup, key, part.key, part.value]).toEqual([group, subgroup, key, part.key, String(worth((name) => (part.key === null ? !named.has(name) : name === part.key)))]);
          // Nothing is left out. A group is worth its calls once; its parts by tag are worth those with two tags twice.
          expect(parts.reduce((total, part) => total + Number(part.value), 0)).toBe(worth(() => true));
          if (subgroup !== 'tag') expect(Number(value)).toBe(worth(() => true));
        }
        expect(named.size).toBeLessThanOrEqual(top + 1);
      }
    }
  }), { numRuns: 8 });
});
