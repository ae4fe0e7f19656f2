import type { MachineView, PlacementRequest, UnitView, Want } from './types.ts';

/** Whether a machine could ever serve a request, were all of it free and open. */
export function machineFits(machine: MachineView, request: PlacementRequest): boolean {
  return shapeFits(machine, request) && labelsFit(machine, request);
}

export function labelsFit({ labels }: MachineView, request: PlacementRequest): boolean {
  for (const label in request.labels) if (labels[label] !== request.labels[label]) return false;
  return true;
}

/** All but the labels. */
export function shapeFits(machine: MachineView, request: PlacementRequest): boolean {
  const { want } = request;
  if (request.pool !== null && machine.pool !== request.pool) return false;
  if (machine.openTo !== null && !machine.openTo.includes(request.organisationId)) return false;
  if (request.rawRoot && !machine.rawRoot) return false;
  if (want.owners !== undefined && !want.owners.includes(machine.owner)) return false;
  if (want.kind === 'units') return machine.kind === 'gpu' && countMatching(machine, request) >= want.count;
  if (machine.kind !== want.machine) return false;
  if (want.macClass !== null && machine.mac?.class !== want.macClass) return false;
  if (want.xcode !== null && !machine.mac?.xcode.includes(want.xcode)) return false;
  if (want.units !== undefined && machine.units.length !== want.units) return false;
  if (want.standIn !== undefined && isStandIn(machine) !== want.standIn) return false;
  if (want.slice !== undefined && machine.units.some(({ slice }) => slice !== want.slice)) return false;
  return (want.unit === null && want.kinds === undefined) || machine.units.every((unit) => isOfKind(unit, want));
}

/** Linux in the place of a Mac is a Mac of this class, and no Mac is. */
export function isStandIn({ mac }: MachineView): boolean {
  return mac?.class === 'stand-in';
}

/** Whether a unit is of the kind that is asked for. A slice is never given as a whole GPU, nor the other way round. */
export function unitMatches(unit: UnitView, { want }: PlacementRequest): boolean {
  if (want.kind === 'whole') return true;
  return unit.slice === want.slice && isOfKind(unit, want) && unit.memoryMb >= want.memoryMb;
}

function isOfKind({ kind }: UnitView, want: Want): boolean {
  return (want.unit === null || kind === want.unit) && (want.kinds === undefined || want.kinds.includes(kind));
}

function countMatching(machine: MachineView, request: PlacementRequest): number {
  let count = 0;
  for (const unit of machine.units) if (unitMatches(unit, request)) count += 1;
  return count;
}

/** Requests with the same text here are served by the same machines. */
export function kindOf({ pool, organisationId, rawRoot, labels, want }: PlacementRequest): string {
  const sorted = Object.keys(labels).sort().map((label) => [label, labels[label]]);
  return JSON.stringify([pool, organisationId, rawRoot, sorted, want.owners, want.kind === 'units' ? [want.unit, want.kinds, want.memoryMb, want.slice, want.count] : [want.machine, want.unit, want.kinds, want.macClass, want.xcode, want.units, want.slice, want.standIn]]);
}

/** How many free units of a machine a request needs. */
export function needOf(machine: MachineView, { want }: PlacementRequest): number {
  return want.kind === 'units' ? want.count : machine.units.length;
}
