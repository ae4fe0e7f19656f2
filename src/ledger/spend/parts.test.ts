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

const DAY_MS = 86_400_000;

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

test('of many users or keys of one scenario or tag, those listed, the others together and the parts of each come to what their calls come to, over whatever weeks and days', async () => {
  const ids = Array.from({ length: 4 }, () => house.newId());
  const ever: (Call & { readonly day: number })[] = [];
  const dated = fc.record({ call: call(), day: fc.nat(40) }).map(({ call: one, day }) => ({ ...one, day }));
  const startMs = Math.floor(house.clock.nowMs() / DAY_MS) * DAY_MS;
  house.clock.advance(41 * DAY_MS);
  await fc.assert(fc.asyncProperty(fc.array(dated, { minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 3 }), fc.constantFrom('charge', 'requests', 'margin'), fc.nat(40), fc.nat(40), async (calls, top, metric, fromDay, days) => {
    ever.push(...calls);
    await house.poster.use(...calls.map(({ input, key, project, user, scenario, tags, day }) => ({ atMs: startMs + (day + 0.9) * DAY_MS, quantities: { input: BigInt(input) }, keyId: ids[key]!, projectId: ids[project]!, cost: input % 2 === 0 ? BigInt(input) : null, attributes: { user, scenario, tags: [...tags] } })));
    await house.books.sight.catchUp();
    const toDay = fromDay + 1 + days;
    const all = ever.filter(({ day }) => day >= fromDay && day < toDay);
    const range = { from: new Date(startMs + fromDay * DAY_MS).toISOString(), to: new Date(startMs + toDay * DAY_MS).toISOString() };
    for (const group of ['user', 'key'] as const) {
      for (const [filter, fits] of [[{ scenario: 's-1' }, (one: Call) => one.scenario === 's-1'], [{ tag: 't-2' }, (one: Call) => one.tags.includes('t-2')]] as const) {
        const some = all.filter(fits);
        const view = await house.books.sight.spend(house.principal(), { metric, group, subgroup: group === 'user' ? 'key' : 'user', top, ...range, ...filter });
        const nameOf = (one: Call) => (group === 'user' ? one.user : ids[one.key]!);
        const partOf = (one: Call) => (group === 'user' ? ids[one.key]! : one.user);
        const worth = (calls: readonly Call[]) => {
          if (metric === 'requests') return calls.length;
          return calls.reduce((sum, { input }) => sum + (metric === 'charge' ? input * 1_000 : input % 2 === 0 ? input * 999 : 0), 0);
        };
        const named = new Set(view.groups.flatMap(({ parts }) => parts.map(({ key }) => key)));
        const listed = view.groups.flatMap(({ key }) => (key === null ? [] : [key]));
        expect(view.groupsInAll).toBe(new Set(some.map(nameOf)).size);
        expect(listed).toHaveLength(Math.min(top, view.groupsInAll));
        for (const one of view.groups) {
          const calls = some.filter((other) => (one.key === null ? !listed.includes(nameOf(other)) : nameOf(other) === one.key));
          for (const part of one.parts) expect([part.key, Number(part.value)]).toEqual([part.key, worth(calls.filter((other) => (part.key === null ? !named.has(partOf(other)) : partOf(other) === part.key)))]);
          expect(one.parts.reduce((sum, { value }) => sum + Number(value), 0)).toBe(worth(calls));
          const known = calls.filter(({ input }) => input % 2 === 0).reduce((sum, { input }) => sum + input, 0);
          expect([one.requests, one.charge, one.tokens, one.costUnknown]).toEqual([String(calls.length), String(calls.reduce((sum, { input }) => sum + input * 1_000, 0)), String(calls.reduce((sum, { input }) => sum + input, 0)), String(calls.filter(({ input }) => input % 2 === 1).length)]);
          if (known > 0) expect([one.cost, one.margin]).toEqual([String(known), String(known * 999)]);
        }
        const values = view.groups.filter(({ key }) => key !== null).map(({ value }) => BigInt(value ?? 0));
        expect(values.toSorted((a, b) => (a < b ? 1 : -1))).toEqual(values);
        expect(view.total.requests).toBe(String(some.length));
      }
    }
  }), { numRuns: 8 });
}, 60_000);
