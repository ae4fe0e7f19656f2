import type { Holding, MachineView, PlacementInput, PlacementRequest, UnitView } from '../../src/fleet/placement/index.ts';

/** Repeatable chance: mulberry32. */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const KINDS = [['h100-80gb', 81_559], ['b200-180gb', 183_359], ['a100-40gb', 40_960], ['l4-24gb', 23_034]] as const;
const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;

/**
 * A fleet as it may be: four kinds of GPU in machines of eight, some cut into slices, a tenth Macs; seven in ten units held; requests of forty
 * projects from one slice to eight machines together, with labels, anti-affinity, later starts and quotas.
 */
export function makeFleet(nodes: number, requests: number, seed = 1): PlacementInput {
  const random = dice(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const machines = Array.from({ length: nodes }, (_, index): MachineView => {
    const mac = index % 10 === 0;
    const [kind, memoryMb] = pick(KINDS);
    const cut = !mac && random() < 0.1;
    const units = mac ? [{ id: 'machine', kind: 'm4', memoryMb: 0, slice: false, gpu: 0, shared: false }] : Array.from({ length: 8 }, (_unused, gpu): UnitView[] => (cut
      ? Array.from({ length: 7 }, (_none, part) => ({ id: `gpu-${gpu}-${part}`, kind: '1g.10gb', memoryMb: 9_728, slice: true, gpu, shared: false }))
      : [{ id: `gpu-${gpu}`, kind, memoryMb, slice: false, gpu, shared: false }])).flat();
    return {
      id: `node-${index}`, pool: mac ? 'macs' : 'gpus', kind: mac ? 'mac' : 'gpu', owner: 'acme', openTo: null, labels: { rack: `rack-${index % 100}`, region: pick(['east', 'west']) }, units,
      mac: mac ? { class: 'm4', xcode: ['26.1', pick(['16.4', '26.0'])] } : null, rawRoot: mac, closed: random() < 0.02 ? 'cordoned' : null, freeFromMs: 0, keptFor: null,
    };
  });
  const holdings: Holding[] = machines.flatMap((machine) => machine.units.flatMap((unit) => (random() < 0.7
    ? [{ leaseId: `held-${machine.id}-${unit.id}`, organisationId: 'acme', projectId: `project-${Math.floor(random() * 40)}`, machineId: machine.id, unitIds: [unit.id], untilMs: NOW + Math.floor(random() * 48 * HOUR), apart: null }] : [])));
  const asked = Array.from({ length: requests }, (_, index): PlacementRequest => {
    const roll = random();
    const [kind] = pick(KINDS);
    return {
      id: `request-${index}`, organisationId: 'acme', projectId: `project-${index % 40}`, askedAtMs: NOW - requests + index, pool: null,
      want: roll < 0.15 ? { kind: 'whole', machine: 'mac', unit: null, macClass: 'm4', xcode: pick([null, '26.1', '16.4']) }
        : roll < 0.3 ? { kind: 'units', unit: '1g.10gb', memoryMb: 0, slice: true, count: 1 }
          : roll < 0.4 ? { kind: 'whole', machine: 'gpu', unit: kind, macClass: null, xcode: null }
            : { kind: 'units', unit: kind, memoryMb: 0, slice: false, count: pick([1, 1, 1, 2, 4]) },
      machines: roll >= 0.3 && roll < 0.4 ? pick([1, 2, 4, 8]) : 1,
      labels: random() < 0.2 ? { region: pick(['east', 'west']) } : {}, rawRoot: false, apart: random() < 0.05 ? 'replica' : null, fit: random() < 0.8 ? 'pack' : 'spread',
      durationMs: pick([1, 4, 24, 72]) * HOUR, startAtMs: random() < 0.02 ? NOW + 12 * HOUR : null, providerSpend: 0n,
    };
  });
  const quotas = Array.from({ length: 40 }, (_, index) => ({ scope: 'project' as const, id: `project-${index}`, holder: `project ${index}`, nodes: null, gpus: nodes * 2, leases: nodes, spend: null }));
  return { machines, holdings, reservations: [], requests: asked, quotas, nowMs: NOW, marginMs: 60_000 };
}
