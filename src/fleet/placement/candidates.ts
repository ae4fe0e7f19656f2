import { labelsFit, machineFits, shapeFits } from './fits.ts';
import type { FleetState } from './fleet-state.ts';
import type { MachineRoom } from './quota-book.ts';
import type { MachineView, PlacementRequest } from './types.ts';

/** Units of one machine, by their places in its list. */
export interface Picked {
  readonly index: number;
  readonly units: readonly number[];
}

/**
 * The machines that serve one kind of request, by how many of their units are free. Within a round units are only taken, so a machine
 * only moves down: it is moved when somebody comes across it, not when it changes.
 */
export class Candidates {
  /** All that could serve the kind, were they free and open. */
  readonly fitting: readonly number[];
  /** Of those, how many take leases. */
  readonly open: number;
  /** Of the first that takes none, in words for who asks. */
  readonly closedReason: string | null;
  readonly #state: FleetState;
  readonly #whole: boolean;
  readonly #levels: number[][] = [];

  constructor(state: FleetState, request: PlacementRequest) {
    this.#state = state;
    this.#whole = request.want.kind === 'whole';
    const ofShape = state.shapes.matching((example) => shapeFits(example, request));
    const fitting = Object.keys(request.labels).length === 0 ? ofShape : ofShape.filter((index) => labelsFit(state.machines[index]!, request));
    const closed = fitting.filter((index) => state.machines[index]!.closed !== null);
    this.fitting = fitting;
    this.open = fitting.length - closed.length;
    this.closedReason = closed[0] === undefined ? null : closedWords(state.machines[closed[0]]!, request.organisationId);
    // Backwards, since each level is read from its end: the first machine comes first.
    for (let at = fitting.length - 1; at >= 0; at -= 1) if (state.machines[fitting[at]!]!.closed === null) this.#put(fitting[at]!);
  }

  /**
   * Machines for a request, in the order of its wish, with the units that they give.
   * @param room what quotas leave to it; null: all.
   * @returns fewer than are asked for when there are no more.
   */
  pick(request: PlacementRequest, fromMs: number, untilMs: number, room: MachineRoom | null = null): Picked[] {
    if (room?.only) return this.#pickOf(room.only, room, request, fromMs, untilMs);
    const picked: Picked[] = [];
    const aside: number[] = [];
    const least = request.want.kind === 'units' ? request.want.count : 1;
    let level = request.fit === 'pack' ? least : this.#levels.length - 1;
    while (picked.length < request.machines && level >= least && level < this.#levels.length) {
      const index = this.#levels[level]?.pop();
      if (index === undefined) {
        level += request.fit === 'pack' ? 1 : -1;
        continue;
      }
      const free = this.#levelOf(index);
      if (free !== level) {
        this.#put(index);
        // It has fewer than was thought, and so may be the better fit.
        if (request.fit === 'pack') level = Math.max(least, free);
        continue;
      }
      aside.push(index);
      const { id } = this.#state.machines[index]!;
      if (room?.admits(id) === false) continue;
      const units = this.#state.unitsFor(index, request, fromMs, untilMs);
      if (units === undefined) continue;
      picked.push({ index, units });
      room?.took(id);
    }
    // Back in the order in which they lay there.
    for (let at = aside.length - 1; at >= 0; at -= 1) this.#put(aside[at]!);
    return picked;
  }

  /** The same among a few machines, without a look at all others. */
  #pickOf(ids: ReadonlySet<string>, room: MachineRoom, request: PlacementRequest, fromMs: number, untilMs: number): Picked[] {
    const least = request.want.kind === 'units' ? request.want.count : 1;
    const own = [...ids].flatMap((id) => {
      const index = this.#state.indexOf(id);
      return index !== undefined && this.#fits(index, request) && this.#levelOf(index) >= least ? [index] : [];
    }).sort((a, b) => (this.#levelOf(a) - this.#levelOf(b)) * (request.fit === 'pack' ? 1 : -1) || a - b);
    const picked: Picked[] = [];
    for (const index of own) {
      if (picked.length === request.machines) break;
      const { id } = this.#state.machines[index]!;
      const units = room.admits(id) ? this.#state.unitsFor(index, request, fromMs, untilMs) : undefined;
      if (units === undefined) continue;
      picked.push({ index, units });
      room.took(id);
    }
    return picked;
  }

  #fits(index: number, request: PlacementRequest): boolean {
    const machine = this.#state.machines[index]!;
    return machine.closed === null && machineFits(machine, request);
  }

  /** A machine that is asked for as a whole has all or nothing. */
  #levelOf(index: number): number {
    const free = this.#state.free[index]!;
    return this.#whole && free < this.#state.machines[index]!.units.length ? 0 : free;
  }

  #put(index: number): void {
    const free = this.#levelOf(index);
    while (this.#levels.length <= free) this.#levels.push([]);
    this.#levels[free]!.push(index);
  }
}

/** What its owner's people wrote of a machine, and what happened on it under somebody else's lease, is for them: others are told its state alone. */
function closedWords({ closed, owner }: MachineView, organisationId: string): string | null {
  return closed === null || owner === organisationId ? closed : closed.split(':', 1)[0]!;
}
