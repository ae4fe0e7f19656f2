import type { Holding, MachineView, PlacementInput, PlacementRequest, UnitView } from '../placement/index.ts';

/** A whole GPU. */
export function gpu(index: number, kind = 'h100-80gb', memoryMb = 81_559): UnitView {
  return { id: `gpu-${index}`, kind, memoryMb, slice: false, gpu: index, shared: false };
}

/** A hardware slice of a GPU. */
export function slice(index: number, part: number, kind = '1g.10gb', memoryMb = 9_728): UnitView {
  return { id: `gpu-${index}-${part}`, kind, memoryMb, slice: true, gpu: index, shared: false };
}

export function machine(id: string, more: Partial<MachineView> = {}): MachineView {
  return {
    id, pool: 'gpus', kind: 'gpu', owner: 'acme', openTo: null, labels: {}, units: Array.from({ length: 8 }, (_, index) => gpu(index)), mac: null, rawRoot: false,
    closed: null, freeFromMs: 0, keptFor: null, ...more,
  };
}

export function mac(id: string, more: Partial<MachineView> = {}): MachineView {
  return machine(id, { pool: 'macs', kind: 'mac', units: [{ id: 'machine', kind: 'm4', memoryMb: 0, slice: false, gpu: 0, shared: false }], mac: { class: 'm4', xcode: ['26.1'] }, ...more });
}

export function request(id: string, more: Partial<PlacementRequest> = {}): PlacementRequest {
  return {
    id, organisationId: 'acme', projectId: 'one', askedAtMs: 0, pool: null, want: { kind: 'units', unit: null, memoryMb: 0, slice: false, count: 1 }, machines: 1, labels: {}, rawRoot: false,
    apart: null, fit: 'pack', durationMs: 3_600_000, startAtMs: null, providerSpend: 0n, ...more,
  };
}

export function gpus(count: number, unit: string | null = null): PlacementRequest['want'] {
  return { kind: 'units', unit, memoryMb: 0, slice: false, count };
}

export const wholeMac: PlacementRequest['want'] = { kind: 'whole', machine: 'mac', unit: null, macClass: null, xcode: null };

export function holding(leaseId: string, machineId: string, unitIds: readonly string[], untilMs: number, more: Partial<Holding> = {}): Holding {
  return { leaseId, organisationId: 'acme', projectId: 'one', machineId, unitIds, untilMs, apart: null, ...more };
}

export function fleet(more: Partial<PlacementInput>): PlacementInput {
  return { machines: [], holdings: [], reservations: [], requests: [], quotas: [], nowMs: 1_000_000, marginMs: 60_000, ...more };
}
