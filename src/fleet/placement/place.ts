import { Candidates, type Picked } from './candidates.ts';
import { FairQueue } from './fair-queue.ts';
import { kindOf } from './fits.ts';
import { FleetState } from './fleet-state.ts';
import { QuotaBook, type MachineRoom } from './quota-book.ts';
import type { Placed, PlacementInput, PlacementRequest, PlacementResult } from './types.ts';
import { explain, type Blocked } from './waits.ts';

/** Kinds of requests whose first that waits is promised its machines. More would make a round slow, and promise nobody much. */
const MOST_HEADS = 32;

/** What is known of one kind of request in this round. */
interface Kind {
  readonly candidates: Candidates;
  /** The least that could not be had: what asks for as much or more, for as long or longer, cannot either. */
  failed: { machines: number; untilMs: number } | null;
  hasHead: boolean;
}

/**
 * Who gets which machines. Pure: the same fleet and requests give the same answer, which the caller writes down where nothing has changed
 * meanwhile. Requests are looked at in turn, the oldest of the project that has least first. One that does not fit is promised the machines
 * that it can have first; what comes after it may use them until then, and never makes it wait longer.
 */
export function place(input: PlacementInput): PlacementResult {
  return new Round(input).run();
}

class Round {
  readonly #input: PlacementInput;
  readonly #state: FleetState;
  readonly #quotas: QuotaBook;
  readonly #kinds = new Map<string, Kind>();
  readonly #placed: Placed[] = [];
  readonly #blocked: Blocked[] = [];
  #heads = 0;

  constructor(input: PlacementInput) {
    this.#input = input;
    this.#state = new FleetState(input.machines, input.holdings, input.reservations, input.nowMs);
    this.#quotas = new QuotaBook(input.quotas, (id) => this.#state.machine(id), [input.holdings, input.reservations]);
  }

  run(): PlacementResult {
    const queue = new FairQueue(this.#input.requests, this.#input.holdings);
    while (queue.take((request) => this.#decide(request)));
    return { placed: this.#placed, waiting: explain(this.#state, this.#blocked) };
  }

  /** @returns how many units the request was given. */
  #decide(request: PlacementRequest): number {
    const { nowMs } = this.#input;
    const kind = this.#kindOf(request);
    const block = (code: Blocked['code'], detail: string | null = null) => {
      this.#blocked.push({ request, code, detail, candidates: kind.candidates, startMs: null, next: false });
      return 0;
    };
    if (kind.candidates.fitting.length < request.machines) return block('none-fits');
    const early = this.#quotas.refusal(request, 0, null);
    if (early !== null) return block('quota', early);
    const fromMs = Math.max(nowMs, request.startAtMs ?? nowMs);
    const untilMs = fromMs + this.#lengthOf(request);
    const later = fromMs > nowMs;
    const { failed } = kind;
    if (!later && failed !== null && request.machines >= failed.machines && untilMs >= failed.untilMs) return this.#wait(request, kind, block);
    const pick = (room: MachineRoom | null) => (later ? this.#freeAt(request, kind, fromMs, untilMs, room) : kind.candidates.pick(request, fromMs, untilMs, room));
    const room = this.#quotas.room(request);
    const picked = pick(room);
    if (picked.length < request.machines) {
      // Others are free, and would be too many.
      const free = room === null ? picked : pick(null);
      if (free.length === request.machines) return block('quota', this.#quotas.refusal(request, 0, free.map(({ index }) => this.#state.machines[index]!.id)));
      if (!later && request.apart === null && (failed === null || request.machines < failed.machines)) kind.failed = { machines: request.machines, untilMs };
      return this.#wait(request, kind, block, room === null);
    }
    const refusal = this.#quotas.refusal(request, picked.reduce((sum, { index, units }) => sum + this.#gpusOf(index, units), 0), picked.map(({ index }) => this.#state.machines[index]!.id));
    if (refusal !== null) return block('quota', refusal);
    for (const { index, units } of picked) {
      if (later) this.#state.promise(index, units, request, fromMs, untilMs);
      else this.#state.take(index, units, request, untilMs);
    }
    this.#note(request, picked, fromMs, untilMs);
    return picked.reduce((sum, { units }) => sum + units.length, 0);
  }

  /** @param promises whether it may be promised what it waits for; where quotas leave it some machines alone, the first that is ready may not be one of them. */
  #wait(request: PlacementRequest, kind: Kind, block: (code: Blocked['code']) => number, promises = true): number {
    const code = kind.candidates.open < request.machines ? 'closed' : 'busy';
    block(code);
    if (promises && code === 'busy' && !kind.hasHead && this.#heads < MOST_HEADS && request.startAtMs === null) {
      kind.hasHead = true;
      this.#heads += 1;
      this.#promiseFirst(request, kind, this.#blocked.at(-1)!);
    }
    return 0;
  }

  /** Promises a blocked request the machines that it can have first. */
  #promiseFirst(request: PlacementRequest, { candidates }: Kind, blocked: Blocked): void {
    const lengthMs = this.#lengthOf(request);
    const ready = candidates.fitting.flatMap((index) => {
      const atMs = this.#state.machines[index]!.closed === null ? this.#state.readyAtMs(index, request, lengthMs) : Number.POSITIVE_INFINITY;
      return Number.isFinite(atMs) ? [{ index, atMs }] : [];
    }).sort((a, b) => a.atMs - b.atMs || a.index - b.index);
    for (let last = request.machines - 1; last < ready.length; last += 1) {
      const fromMs = ready[last]!.atMs;
      const untilMs = fromMs + lengthMs;
      const found: Picked[] = [];
      // The latest first: those that are ready early may be promised to somebody else by then.
      for (let at = last; at >= 0 && found.length < request.machines; at -= 1) {
        const units = this.#state.unitsFor(ready[at]!.index, request, fromMs, untilMs);
        if (units !== undefined) found.push({ index: ready[at]!.index, units });
      }
      if (found.length < request.machines) continue;
      for (const { index, units } of found) this.#state.promise(index, units, request, fromMs, untilMs);
      blocked.startMs = fromMs;
      blocked.next = true;
      return;
    }
  }

  /** Machines that are free at a later start. */
  #freeAt(request: PlacementRequest, { candidates }: Kind, fromMs: number, untilMs: number, room: MachineRoom | null): Picked[] {
    const found: Picked[] = [];
    for (const index of candidates.fitting) {
      if (found.length === request.machines) break;
      const { closed, id } = this.#state.machines[index]!;
      if (closed !== null || room?.admits(id) === false) continue;
      const units = this.#state.unitsFor(index, request, fromMs, untilMs);
      if (units === undefined) continue;
      found.push({ index, units });
      room?.took(id);
    }
    return found;
  }

  #note(request: PlacementRequest, picked: readonly Picked[], fromMs: number, untilMs: number): void {
    this.#quotas.placed(request, picked.map(({ index, units }) => ({ id: this.#state.machines[index]!.id, gpus: this.#gpusOf(index, units) })));
    this.#placed.push({
      requestId: request.id, fromMs, untilMs,
      places: picked.map(({ index, units }) => ({ machineId: this.#state.machines[index]!.id, unitIds: this.#state.unitIds(index, units) })),
    });
  }

  #gpusOf(index: number, units: readonly number[]): number {
    return this.#state.machines[index]!.kind === 'gpu' ? units.length : 0;
  }

  /** How long the machines are not another's: the lease and the margin after it. */
  #lengthOf({ durationMs }: PlacementRequest): number {
    return durationMs === null ? Number.POSITIVE_INFINITY : durationMs + this.#input.marginMs;
  }

  #kindOf(request: PlacementRequest): Kind {
    const key = kindOf(request);
    let kind = this.#kinds.get(key);
    if (kind === undefined) this.#kinds.set(key, kind = { candidates: new Candidates(this.#state, request), failed: null, hasHead: false });
    return kind;
  }
}
