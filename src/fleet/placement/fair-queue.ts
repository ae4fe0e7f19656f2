import type { Holding, PlacementRequest } from './types.ts';

interface Line {
  readonly projectId: string;
  readonly requests: readonly PlacementRequest[];
  next: number;
  /** Units that the project has. */
  share: number;
}

/**
 * The order in which requests are looked at: always the oldest of the project that has least. Who is given something goes back by as much
 * as it got; who is not stays where it is, so that a large wish does not hold up its project's small ones.
 */
export class FairQueue {
  readonly #lines: Line[];

  constructor(requests: readonly PlacementRequest[], holdings: readonly Holding[]) {
    const held = new Map<string, number>();
    for (const { projectId, unitIds } of holdings) held.set(projectId, (held.get(projectId) ?? 0) + unitIds.length);
    const byProject = Map.groupBy(requests, ({ projectId }) => projectId);
    this.#lines = [...byProject].map(([projectId, own]) => ({ projectId, requests: own.toSorted(byAge), next: 0, share: held.get(projectId) ?? 0 }));
    for (let at = Math.floor(this.#lines.length / 2) - 1; at >= 0; at -= 1) this.#sink(at);
  }

  /** The next request, which the caller tells by `units` what it was given: none, or so many. */
  take(decide: (request: PlacementRequest) => number): boolean {
    const line = this.#lines[0];
    if (line === undefined) return false;
    const request = line.requests[line.next]!;
    line.next += 1;
    line.share += decide(request);
    if (line.next === line.requests.length) {
      const last = this.#lines.pop()!;
      if (last !== line) this.#lines[0] = last;
    }
    if (this.#lines.length > 0) this.#sink(0);
    return true;
  }

  #sink(from: number): void {
    const lines = this.#lines;
    for (let at = from; ;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < lines.length && before(lines[child]!, lines[least]!)) least = child;
      if (least === at) return;
      [lines[at], lines[least]] = [lines[least]!, lines[at]!];
      at = least;
    }
  }
}

function before(one: Line, other: Line): boolean {
  if (one.share !== other.share) return one.share < other.share;
  return byAge(one.requests[one.next]!, other.requests[other.next]!) < 0;
}

function byAge(one: PlacementRequest, other: PlacementRequest): number {
  return one.askedAtMs - other.askedAtMs || (one.id < other.id ? -1 : one.id > other.id ? 1 : 0);
}
