import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fleet, gpu, gpus, machine, request, slice } from '../testing/machines.ts';
import { needOf, unitMatches, machineFits } from './fits.ts';
import { place } from './place.ts';
import type { Holding, MachineView, PlacementInput, PlacementRequest } from './types.ts';

const HOUR = 3_600_000;
const NOW = 1_000_000;
const MARGIN = 60_000;

const machines = fc.array(fc.record({ gpus: fc.integer({ min: 1, max: 4 }), cut: fc.boolean(), rack: fc.constantFrom('x', 'y'), closed: fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, fc.constant('cordoned')), wiping: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.constant(NOW + HOUR)) }), { minLength: 1, maxLength: 6 })
  .map((list): MachineView[] => list.map(({ gpus: count, cut, rack, closed, wiping }, index) => machine(`m${index}`, {
    units: cut ? [...Array.from({ length: count }, (_, at) => slice(0, at)), gpu(1)] : Array.from({ length: count }, (_, at) => gpu(at)), labels: { rack }, closed, freeFromMs: wiping,
  })));

const requests = fc.array(fc.record({
  project: fc.constantFrom('one', 'two', 'three'), count: fc.integer({ min: 1, max: 3 }), machines: fc.integer({ min: 1, max: 3 }), whole: fc.boolean(), sliced: fc.boolean(), rack: fc.constantFrom(null, 'x'),
  apart: fc.constantFrom(null, null, 'etcd'), fit: fc.constantFrom<'pack' | 'spread'>('pack', 'spread'), hours: fc.constantFrom(null, 1, 1, 2, 5), start: fc.constantFrom(null, null, null, 2 * HOUR),
}), { maxLength: 14 }).map((list): PlacementRequest[] => list.map(({ project, count, machines: several, whole, sliced, rack, apart, fit, hours, start }, index) => request(`r${String(index).padStart(2, '0')}`, {
  projectId: project, askedAtMs: index, machines: several, apart, fit, labels: rack === null ? {} : { rack }, durationMs: hours === null ? null : hours * HOUR, startAtMs: start === null ? null : NOW + start,
  want: whole ? { kind: 'whole', machine: 'gpu', unit: null, macClass: null, xcode: null } : sliced ? { kind: 'units', unit: null, memoryMb: 0, slice: true, count } : gpus(count),
})));

/** A fleet that a first round has filled, so that holdings are such as can be. */
const fleets = fc.record({ machines, before: requests, requests }).map(({ machines: all, before, requests: asked }): PlacementInput => {
  const first = place(fleet({ machines: all.map((one) => ({ ...one, closed: null, freeFromMs: 0 })), requests: before.map((one) => ({ ...one, startAtMs: null })), nowMs: NOW - HOUR / 2, marginMs: MARGIN }));
  const holdings = first.placed.flatMap(({ requestId, places, untilMs }): Holding[] => places.map(({ machineId, unitIds }) => {
    const { organisationId, projectId, apart } = before.find(({ id }) => id === requestId)!;
    return { leaseId: `before-${requestId}`, organisationId, projectId, apart, machineId, unitIds, untilMs };
  }));
  return fleet({ machines: all, holdings, requests: asked, nowMs: NOW, marginMs: MARGIN });
});

/** Every time that a unit is somebody's. */
function timesOf(input: PlacementInput): Map<string, { who: string; fromMs: number; untilMs: number }[]> {
  const times = new Map<string, { who: string; fromMs: number; untilMs: number }[]>();
  const add = (machineId: string, unitIds: readonly string[], time: { who: string; fromMs: number; untilMs: number }) => {
    for (const unit of unitIds) times.set(`${machineId} ${unit}`, [...(times.get(`${machineId} ${unit}`) ?? []), time]);
  };
  for (const { leaseId, machineId, unitIds, untilMs } of input.holdings) add(machineId, unitIds, { who: leaseId, fromMs: 0, untilMs: Math.max(untilMs, NOW + 1) });
  for (const { requestId, places, fromMs, untilMs } of place(input).placed) for (const { machineId, unitIds } of places) add(machineId, unitIds, { who: requestId, fromMs, untilMs });
  return times;
}

describe('placement, whatever is asked', () => {
  it('gives no unit to two at a time, nor one that is closed, wiping or of another kind', () => {
    fc.assert(fc.property(fleets, (input) => {
      for (const [unit, times] of timesOf(input)) {
        const sorted = times.toSorted((a, b) => a.fromMs - b.fromMs);
        for (let at = 1; at < sorted.length; at += 1) expect(sorted[at]!.fromMs, `${unit}: ${JSON.stringify(sorted)}`).toBeGreaterThanOrEqual(sorted[at - 1]!.untilMs);
      }
      for (const { requestId, places, fromMs } of place(input).placed) {
        const asked = input.requests.find(({ id }) => id === requestId)!;
        expect(new Set(places.map(({ machineId }) => machineId)).size).toBe(asked.machines);
        for (const { machineId, unitIds } of places) {
          const view = input.machines.find(({ id }) => id === machineId)!;
          expect(view.closed).toBeNull();
          expect(view.freeFromMs).toBeLessThanOrEqual(fromMs);
          expect(machineFits(view, asked)).toBe(true);
          expect(unitIds.length).toBe(needOf(view, asked));
          expect(unitIds.every((id) => unitMatches(view.units.find((unit) => unit.id === id)!, asked))).toBe(true);
        }
      }
    }), { numRuns: 300 });
  });

  it('answers each request once, and the same whatever order they come in', () => {
    fc.assert(fc.property(fleets, fc.infiniteStream(fc.nat()), (input, dice) => {
      const result = place(input);
      expect([...result.placed, ...result.waiting].map(({ requestId }) => requestId).sort()).toEqual(input.requests.map(({ id }) => id).sort());
      const shuffled = input.requests.map((one) => ({ one, at: dice.next().value as number })).sort((a, b) => a.at - b.at).map(({ one }) => one);
      expect(place({ ...input, requests: shuffled })).toEqual(result);
    }), { numRuns: 150 });
  });

  it('never makes who was promised machines wait for who came after', () => {
    fc.assert(fc.property(fleets, (input) => {
      const { placed, waiting } = place(input);
      for (const { requestId, forecastMs } of waiting.filter(({ next }) => next)) {
        const asked = input.requests.find(({ id }) => id === requestId)!;
        // At the time of its forecast, with everybody else still there whose end is later, it begins.
        const given = placed.flatMap((one): Holding[] => one.places.map(({ machineId, unitIds }) => {
          const { projectId, organisationId, apart } = input.requests.find(({ id }) => id === one.requestId)!;
          return { leaseId: one.requestId, machineId, unitIds, untilMs: one.untilMs, projectId, organisationId, apart };
        }));
        const startsLater = new Set(placed.filter(({ fromMs }) => fromMs > NOW).map(({ requestId: id }) => id));
        const later = placed.filter(({ fromMs }) => fromMs > forecastMs!).flatMap((one) => given.filter(({ leaseId }) => leaseId === one.requestId).map((one_) => ({ ...one_, fromMs: one.fromMs })));
        const holdings = [...input.holdings, ...given.filter(({ leaseId }) => !startsLater.has(leaseId) || !later.some((one) => one.leaseId === leaseId))].filter(({ untilMs }) => untilMs > forecastMs!);
        const then = place({ ...input, holdings, reservations: later, nowMs: forecastMs!, requests: [{ ...asked, apart: null }] });
        expect(then.placed.map(({ fromMs }) => fromMs), JSON.stringify(then.waiting)).toEqual([forecastMs]);
      }
    }), { numRuns: 300 });
  });

  it('leaves nobody waiting for what is free and promised to nobody', () => {
    fc.assert(fc.property(fleets, (input) => {
      const simple = { ...input, requests: input.requests.map((one) => ({ ...one, machines: 1, apart: null, startAtMs: null })) };
      const { placed, waiting } = place(simple);
      if (waiting.some(({ next }) => next)) return;
      const taken = new Set([...simple.holdings, ...placed.flatMap(({ places }) => places)].flatMap(({ machineId, unitIds }) => unitIds.map((unit) => `${machineId} ${unit}`)));
      for (const { requestId } of waiting) {
        const asked = simple.requests.find(({ id }) => id === requestId)!;
        const free = simple.machines.find((one) => one.closed === null && one.freeFromMs <= NOW && machineFits(one, asked) && one.units.filter((unit) => unitMatches(unit, asked) && !taken.has(`${one.id} ${unit.id}`)).length >= needOf(one, asked));
        expect(free).toBeUndefined();
      }
    }), { numRuns: 300 });
  });

  it('keeps quotas', () => {
    fc.assert(fc.property(fleets, fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }), (input, most, leases, nodes) => {
      const { placed } = place({ ...input, holdings: [], quotas: [{ scope: 'project', id: 'one', holder: 'the project one', gpus: most, leases, nodes, spend: null }] });
      const own = placed.filter(({ requestId }) => input.requests.find(({ id }) => id === requestId)!.projectId === 'one');
      expect(own.length).toBeLessThanOrEqual(leases);
      expect(own.flatMap(({ places }) => places.flatMap(({ unitIds }) => unitIds)).length).toBeLessThanOrEqual(most);
      expect(new Set(own.flatMap(({ places }) => places.map(({ machineId }) => machineId))).size).toBeLessThanOrEqual(nodes);
    }), { numRuns: 200 });
  });

  it('counts a machine once however many leases are on it, and gives no other where a quota of machines is had', () => {
    fc.assert(fc.property(fleets, fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }), (input, most, ofOrganisation) => {
      const quotas = [{ scope: 'project' as const, id: 'one', holder: 'the project one', gpus: null, leases: null, nodes: most, spend: null }, { scope: 'organisation' as const, id: 'acme', holder: 'the organisation acme', gpus: null, leases: null, nodes: ofOrganisation, spend: null }];
      const requests = input.requests.map((one) => ({ ...one, apart: null, startAtMs: null }));
      const before = { ...input, reservations: [], requests, quotas };
      const had = (holdings: readonly Holding[], project: boolean) => new Set(holdings.filter((one) => (project ? one.projectId === 'one' : one.organisationId === 'acme')).map(({ machineId }) => machineId));
      const given = place(before).placed.flatMap(({ requestId, places, untilMs }) => {
        const { organisationId, projectId } = requests.find(({ id }) => id === requestId)!;
        return places.map((one): Holding => ({ ...one, leaseId: requestId, organisationId, projectId, untilMs, apart: null }));
      });
      const holdings = [...input.holdings, ...given];
      for (const [project, limit] of [[true, most], [false, ofOrganisation]] as const) expect(had(holdings, project).size).toBeLessThanOrEqual(Math.max(limit, had(input.holdings, project).size));
      // Whoever waits for a quota in the next round finds no machine that it may have: none that is free is had by all that bound it.
      const after = place({ ...before, holdings, requests: requests.filter(({ id }) => !given.some(({ leaseId }) => leaseId === id)) });
      const taken = new Set(holdings.flatMap(({ machineId, unitIds }) => unitIds.map((unit) => `${machineId} ${unit}`)));
      for (const { requestId, code } of after.waiting) {
        const asked = requests.find(({ id }) => id === requestId)!;
        if (code !== 'quota' || after.waiting.some(({ next }) => next) || after.placed.length > 0) continue;
        const bounds = [...(asked.projectId === 'one' ? [{ limit: most, has: had(holdings, true) }] : []), ...(asked.organisationId === 'acme' ? [{ limit: ofOrganisation, has: had(holdings, false) }] : [])];
        const may = input.machines.filter((one) => one.closed === null && one.freeFromMs <= NOW && one.keptFor === null && machineFits(one, asked) && !one.units.some(({ shared }) => shared) && one.units.filter((unit) => unitMatches(unit, asked) && !taken.has(`${one.id} ${unit.id}`)).length >= needOf(one, asked) && bounds.every(({ has }) => has.has(one.id)));
        expect(may.length).toBeLessThan(asked.machines);
      }
    }), { numRuns: 300 });
  });

  it('treats projects alike, however much one of them asks for', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 }), (capacity, one, two) => {
      const asked = [...Array.from({ length: one }, (_, index) => request(`a${index}`, { projectId: 'one', askedAtMs: 0 })), ...Array.from({ length: two }, (_, index) => request(`b${index}`, { projectId: 'two', askedAtMs: 1 }))];
      const { placed } = place(fleet({ machines: Array.from({ length: capacity }, (_, index) => machine(`m${index}`, { units: [gpu(0)] })), requests: asked }));
      const got = (letter: string) => placed.filter(({ requestId }) => requestId.startsWith(letter)).length;
      expect(got('a') + got('b')).toBe(Math.min(capacity, one + two));
      if (got('a') < one) expect(got('a')).toBeGreaterThanOrEqual(got('b') - 1);
      if (got('b') < two) expect(got('b')).toBeGreaterThanOrEqual(got('a') - 1);
    }));
  });
});
