import type { Candidates } from './candidates.ts';
import { needOf } from './fits.ts';
import type { FleetState } from './fleet-state.ts';
import type { PlacementRequest, WaitCode, Waiting } from './types.ts';

/** A request that was not served in this round. */
export interface Blocked {
  readonly request: PlacementRequest;
  readonly code: WaitCode;
  readonly detail: string | null;
  readonly candidates: Candidates;
  /** When it was promised machines; null: it was not. */
  startMs: number | null;
  next: boolean;
}

const MOST_HOLDERS = 5;

/** Says of each request why it waits, who has what it waits for, and when its turn may come. */
export function explain(state: FleetState, blocked: readonly Blocked[]): Waiting[] {
  const lines = new Map<Candidates, Line>();
  return blocked.map((one) => {
    let line = lines.get(one.candidates);
    if (line === undefined) lines.set(one.candidates, line = new Line(state, one));
    const busy = one.code === 'busy';
    const { code, reason } = wording(one, line);
    return {
      requestId: one.request.id, code, reason, next: one.next,
      holders: busy ? line.holders : [],
      forecastMs: one.startMs ?? (busy ? line.turnOf(one.request) : null),
    };
  });
}

/** What all that wait for the same machines share. */
class Line {
  /** The leases that end first. */
  readonly holders: readonly string[];
  readonly idle: number;
  /** Machines that stay with another tenant until its first day is over. */
  readonly kept: number;
  readonly #state: FleetState;
  readonly #first: Blocked;
  #times: Float64Array | undefined;
  #ahead = 0;

  constructor(state: FleetState, first: Blocked) {
    this.#state = state;
    this.#first = first;
    const { request, candidates } = first;
    const soonest: { id: string; untilMs: number }[] = [];
    let idle = 0;
    let kept = 0;
    for (const index of candidates.fitting) {
      for (const lease of state.leasesOn(index)) keepSoonest(soonest, lease);
      const { closed, keptFor } = state.machines[index]!;
      if (keptFor !== null && keptFor.organisationId !== request.organisationId && keptFor.untilMs > state.nowMs) kept += 1;
      else if (closed === null && state.free[index]! >= needOf(state.machines[index]!, request)) idle += 1;
    }
    this.idle = idle;
    this.kept = kept;
    this.holders = soonest.map(({ id }) => id);
  }

  /** About when a request has what it needs, if everybody ends as planned and those before it are served first. */
  turnOf(request: PlacementRequest): number | null {
    this.#times ??= this.#freeTimes();
    const each = request.want.kind === 'units' ? request.want.count : 1;
    this.#ahead += request.machines * each;
    const atMs = this.#times[Math.min(this.#ahead, this.#times.length) - 1];
    return atMs === undefined || !Number.isFinite(atMs) ? null : atMs;
  }

  #freeTimes(): Float64Array {
    const times: number[] = [];
    for (const index of this.#first.candidates.fitting) {
      if (this.#state.machines[index]!.closed === null) for (const atMs of this.#state.freeTimes(index, this.#first.request)) times.push(atMs);
    }
    return Float64Array.from(times).sort();
  }
}

function keepSoonest(soonest: { id: string; untilMs: number }[], lease: { readonly id: string; readonly untilMs: number }): void {
  if (soonest.length === MOST_HOLDERS && soonest.at(-1)!.untilMs <= lease.untilMs) return;
  if (soonest.some(({ id }) => id === lease.id)) return;
  let at = soonest.length;
  while (at > 0 && soonest[at - 1]!.untilMs > lease.untilMs) at -= 1;
  soonest.splice(at, 0, lease);
  if (soonest.length > MOST_HOLDERS) soonest.pop();
}

function wording({ request, code, detail, candidates }: Blocked, line: Line): { code: WaitCode; reason: string } {
  switch (code) {
    case 'none-fits':
      return { code, reason: candidates.fitting.length === 0 ? 'no machine here is of the kind that is asked for' : `only ${candidates.fitting.length} of ${request.machines} machines of that kind are here` };
    case 'quota':
      return { code, reason: detail ?? 'a quota is reached' };
    case 'closed':
      return { code, reason: `${candidates.fitting.length - candidates.open} of ${candidates.fitting.length} machines of that kind take no lease now: ${candidates.closedReason ?? 'closed'}` };
    default:
      break;
  }
  if (request.apart !== null && line.idle >= request.machines) return { code: 'apart', reason: `every free machine has a lease of this project with the word ${request.apart}` };
  if (line.idle >= request.machines) return { code: 'reserved', reason: 'what is free now is promised to a lease that begins before this one would end' };
  if (request.machines > 1 && line.idle > 0) return { code: 'gang', reason: `${line.idle} of ${request.machines} machines are free, and it begins on all or none` };
  const one = candidates.open === 1;
  const kept = line.kept === 0 ? '' : one ? ', kept for the tenant whose day it is in' : `, ${line.kept} of them kept for the tenant whose day they are in`;
  return { code: 'busy', reason: `${one ? 'the one machine of that kind is' : `all ${candidates.open} machines of that kind are`} in use${kept}` };
}
