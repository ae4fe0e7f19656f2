import type { Slice } from '../slices/slice.ts';
import type { Slices } from '../slices/slices.ts';
import { windowOf, type Limit } from './limit.ts';

/** A window's slice is leased this long before the window begins, where the one before it was used until then. */
const AHEAD_MS = 3_000;

/** What one limit counts for one name: a slice per minute, or one for good. */
export class Counter {
  readonly limit: Limit;
  /** Whose calls are counted; null: all of the limit's. For refusals. */
  readonly name: string | null;
  readonly #slices: Slices;
  readonly #counted: string;
  #slice!: Slice;
  #startMs = 0;
  #endMs = 0;
  #aheadMs = 0;
  #version = 0;
  usedAtMs = 0;

  /** @param counted how the name is written in Postgres. */
  constructor(limit: Limit, name: string | null, counted: string, slices: Slices) {
    this.limit = limit;
    this.name = name;
    this.#counted = counted;
    this.#slices = slices;
  }

  /** The slice that a call admitted at `atMs` is taken from. */
  at(atMs: number): Slice {
    if (atMs >= this.#endMs || atMs < this.#startMs || this.#version !== this.#slices.version) this.#turnTo(atMs);
    else if (atMs >= this.#aheadMs) this.#leaseAhead();
    this.usedAtMs = atMs;
    return this.#slice;
  }

  /** Milliseconds of UTC until which `at` answers alike. */
  get untilMs(): number {
    return this.#aheadMs < this.#endMs ? this.#aheadMs : this.#endMs;
  }

  /** And from when on. */
  get fromMs(): number {
    return this.#startMs;
  }

  /** When the window ends; null: never. */
  get endMs(): number | null {
    return this.#endMs === Number.POSITIVE_INFINITY ? null : this.#endMs;
  }

  #turnTo(atMs: number): void {
    this.#version = this.#slices.version;
    const { startMs, endMs } = windowOf(this.limit.metric, atMs);
    this.#slice = this.#sliceOf(startMs, endMs);
    this.#startMs = startMs;
    this.#endMs = endMs ?? Number.POSITIVE_INFINITY;
    this.#aheadMs = this.#endMs - AHEAD_MS;
  }

  #leaseAhead(): void {
    this.#aheadMs = Number.POSITIVE_INFINITY;
    const next = this.#sliceOf(this.#endMs, windowOf(this.limit.metric, this.#endMs).endMs);
    next.expect(this.#slice);
    this.#slices.prepare(next, this.limit.metric === 'tokens' ? this.#slice.typical : 1n);
  }

  #sliceOf(windowStartMs: number, windowEndMs: number | null): Slice {
    const { organisationId, id } = this.limit;
    return this.#slices.of({ organisationId, ownerId: id, counted: this.#counted, windowStartMs, windowEndMs });
  }
}
