import { needOf, unitMatches } from './fits.ts';
import { Shapes } from './shapes.ts';
import type { Holding, MachineView, PlacementRequest, Reservation } from './types.ts';

interface Promised {
  readonly unit: number;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly projectId: string;
}

/** Who has which unit until when, while requests are placed one after the other. Units of all machines stand in one row of numbers. */
export class FleetState {
  readonly machines: readonly MachineView[];
  readonly nowMs: number;
  /** Where a machine's units begin in the row. */
  readonly #first: Int32Array;
  /** When a unit is free: 0 where it is now. */
  readonly #freeAtMs: Float64Array;
  /** Whose project has it. */
  readonly #projects: (string | undefined)[];
  readonly #promised = new Map<number, Promised[]>();
  /** Words of `apart` on a machine, with their project. */
  readonly #apart = new Map<number, Set<string>>();
  /** Leases on each machine; made when somebody asks. */
  #leases: { id: string; untilMs: number }[][] | undefined;
  /** Who has units, as far as it was not given them in this round. */
  readonly #holdings: readonly Holding[];
  readonly #taken: { index: number; id: string; untilMs: number }[] = [];
  readonly #byId: Map<string, number>;
  readonly shapes: Shapes;
  /** How many units of each machine are free now. */
  readonly free: Int32Array;

  constructor(machines: readonly MachineView[], holdings: readonly Holding[], reservations: readonly Reservation[], nowMs: number) {
    this.machines = machines;
    this.nowMs = nowMs;
    this.#holdings = holdings;
    this.shapes = new Shapes(machines);
    this.#first = new Int32Array(machines.length + 1);
    this.free = new Int32Array(machines.length);
    this.#byId = new Map();
    for (let index = 0; index < machines.length; index += 1) {
      this.#first[index + 1] = this.#first[index]! + machines[index]!.units.length;
      this.#byId.set(machines[index]!.id, index);
    }
    const units = this.#first[machines.length]!;
    this.#freeAtMs = new Float64Array(units);
    this.#projects = Array.from<string | undefined>({ length: units });
    for (let index = 0; index < machines.length; index += 1) {
      const { freeFromMs } = machines[index]!;
      if (freeFromMs > nowMs) this.#freeAtMs.fill(freeFromMs, this.#first[index]!, this.#first[index + 1]!);
      this.free[index] = freeFromMs > nowMs ? 0 : machines[index]!.units.length;
    }
    for (const holding of holdings) this.#hold(holding);
    for (const reservation of reservations) this.#reserve(reservation);
  }

  indexOf(id: string): number | undefined {
    return this.#byId.get(id);
  }

  machine(id: string): MachineView | undefined {
    const index = this.#byId.get(id);
    return index === undefined ? undefined : this.machines[index];
  }

  /**
   * The units of a machine that serve a request for a time, as many as it needs; undefined: it has not enough. Slices and shared turns are
   * taken from the GPU that has the least left, so that whole GPUs stay whole.
   */
  unitsFor(index: number, request: PlacementRequest, fromMs: number, untilMs: number): number[] | undefined {
    const machine = this.machines[index]!;
    if (machine.keptFor !== null && machine.keptFor.organisationId !== request.organisationId && machine.keptFor.untilMs > fromMs) return undefined;
    if (request.apart !== null && this.#apart.get(index)?.has(apartKey(request.projectId, request.apart))) return undefined;
    const need = needOf(machine, request);
    const first = this.#first[index]!;
    const promised = this.#promised.get(index);
    const found: number[] = [];
    for (let unit = 0; unit < machine.units.length; unit += 1) {
      if (this.#freeAtMs[first + unit]! > fromMs) continue;
      const view = machine.units[unit]!;
      if (!unitMatches(view, request)) continue;
      if (promised?.some((one) => one.unit === unit && one.fromMs < untilMs && fromMs < one.untilMs)) continue;
      if (view.shared && !this.#ofOneProject(index, view.gpu, request.projectId)) continue;
      found.push(unit);
      if (found.length === need && !view.slice && !view.shared) return found;
    }
    if (found.length < need) return undefined;
    return found.length === need ? found : this.#fullestFirst(index, found).slice(0, need);
  }

  /** When the machine has what a request needs for so long, were nothing new placed; infinite: that is not known. */
  readyAtMs(index: number, request: PlacementRequest, lengthMs: number): number {
    const machine = this.machines[index]!;
    if (machine.keptFor === null && request.apart === null && !this.#promised.has(index) && !machine.units.some((unit) => unit.shared)) {
      return this.freeTimes(index, request).sort((a, b) => a - b)[needOf(machine, request) - 1] ?? Number.POSITIVE_INFINITY;
    }
    const times = new Set([this.nowMs]);
    const first = this.#first[index]!;
    for (let unit = 0; unit < machine.units.length; unit += 1) times.add(Math.max(this.nowMs, this.#freeAtMs[first + unit]!));
    for (const { untilMs } of this.#promised.get(index) ?? []) times.add(untilMs);
    if (machine.keptFor !== null) times.add(Math.max(this.nowMs, machine.keptFor.untilMs));
    for (const atMs of [...times].sort((a, b) => a - b)) {
      if (!Number.isFinite(atMs)) break;
      if (this.unitsFor(index, request, atMs, atMs + lengthMs) !== undefined) return atMs;
    }
    return Number.POSITIVE_INFINITY;
  }

  take(index: number, units: readonly number[], request: Pick<PlacementRequest, 'id' | 'projectId' | 'apart'>, untilMs: number): void {
    const first = this.#first[index]!;
    for (const unit of units) {
      this.#freeAtMs[first + unit] = untilMs;
      this.#projects[first + unit] = request.projectId;
    }
    this.free[index] = this.free[index]! - units.length;
    this.#taken.push({ index, id: request.id, untilMs });
    this.#keepApart(index, request);
  }

  promise(index: number, units: readonly number[], request: Pick<PlacementRequest, 'projectId'>, fromMs: number, untilMs: number): void {
    let list = this.#promised.get(index);
    if (list === undefined) this.#promised.set(index, list = []);
    for (const unit of units) list.push({ unit, fromMs, untilMs, projectId: request.projectId });
  }

  unitIds(index: number, units: readonly number[]): string[] {
    return units.map((unit) => this.machines[index]!.units[unit]!.id);
  }

  /** When each unit of the machine that suits the request is free. */
  freeTimes(index: number, request: PlacementRequest): number[] {
    const machine = this.machines[index]!;
    const first = this.#first[index]!;
    const times: number[] = [];
    for (let unit = 0; unit < machine.units.length; unit += 1) {
      if (unitMatches(machine.units[unit]!, request)) times.push(Math.max(this.nowMs, this.#freeAtMs[first + unit]!));
    }
    return times;
  }

  leasesOn(index: number): readonly { readonly id: string; readonly untilMs: number }[] {
    return (this.#leases ??= this.#leasesByMachine())[index] ?? [];
  }

  #leasesByMachine(): { id: string; untilMs: number }[][] {
    const leases: { id: string; untilMs: number }[][] = Array.from({ length: this.machines.length });
    const add = (index: number | undefined, id: string, untilMs: number) => {
      if (index !== undefined) (leases[index] ??= []).push({ id, untilMs });
    };
    for (const { machineId, leaseId, untilMs } of this.#holdings) add(this.#byId.get(machineId), leaseId, untilMs);
    for (const { index, id, untilMs } of this.#taken) add(index, id, untilMs);
    return leases;
  }

  #hold(holding: Holding): void {
    const index = this.#byId.get(holding.machineId);
    if (index === undefined) return;
    const first = this.#first[index]!;
    const { units } = this.machines[index]!;
    // Past its end a holding is still one: its units come free when it is taken out of the list, no earlier.
    const untilMs = Math.max(holding.untilMs, this.nowMs + 1);
    for (let unit = 0; unit < units.length; unit += 1) {
      if (!holding.unitIds.includes(units[unit]!.id)) continue;
      if (this.#freeAtMs[first + unit]! <= this.nowMs) this.free[index] = this.free[index]! - 1;
      this.#freeAtMs[first + unit] = Math.max(this.#freeAtMs[first + unit]!, untilMs);
      this.#projects[first + unit] = holding.projectId;
    }
    this.#keepApart(index, holding);
  }

  #reserve(reservation: Reservation): void {
    const index = this.#byId.get(reservation.machineId);
    if (index === undefined) return;
    const ids = new Set(reservation.unitIds);
    const units = [...this.machines[index]!.units.entries()].flatMap(([unit, { id }]) => (ids.has(id) ? [unit] : []));
    this.promise(index, units, reservation, reservation.fromMs, reservation.untilMs);
  }

  #keepApart(index: number, { projectId, apart }: { readonly projectId: string; readonly apart: string | null }): void {
    if (apart === null) return;
    const words = this.#apart.get(index) ?? new Set();
    this.#apart.set(index, words.add(apartKey(projectId, apart)));
  }

  #ofOneProject(index: number, gpu: number, projectId: string): boolean {
    const first = this.#first[index]!;
    const held = this.machines[index]!.units.every((unit, at) => unit.gpu !== gpu || this.#freeAtMs[first + at]! <= this.nowMs || this.#projects[first + at] === projectId);
    return held && (this.#promised.get(index) ?? []).every((one) => this.machines[index]!.units[one.unit]!.gpu !== gpu || one.projectId === projectId);
  }

  #fullestFirst(index: number, units: readonly number[]): number[] {
    const views = this.machines[index]!.units;
    const free = new Map<number, number>();
    for (const unit of units) free.set(views[unit]!.gpu, (free.get(views[unit]!.gpu) ?? 0) + 1);
    return units.toSorted((a, b) => views[a]!.memoryMb - views[b]!.memoryMb || free.get(views[a]!.gpu)! - free.get(views[b]!.gpu)! || a - b);
  }
}

function apartKey(projectId: string, word: string): string {
  return `${projectId} ${word}`;
}
