import type { Quantities } from '../prices/types.ts';
import type { Slice } from '../slices/slice.ts';
import type { Slices } from '../slices/slices.ts';
import type { Want } from '../slices/take-all.ts';
import type { Counter } from './counter.ts';
import type { LimitFigure, LimitFigures } from './figures.ts';
import type { Metric } from './limit.ts';
import { tokensOf } from './tokens.ts';

/** The counts that calls of one kind are taken from, as slices by what is taken. */
export interface Standing {
  readonly counters: readonly Counter[];
  /** In the order of the counters. */
  readonly slices: readonly Slice[];
  readonly requests: readonly Slice[];
  readonly tokens: readonly Slice[];
  readonly parallel: readonly Slice[];
}

/** What one call takes of its limits: a request and a place among the parallel ones, and the most tokens that it may use. */
export class CallLimits {
  readonly standing: Standing;
  /** At most; 0 where no limit counts them. */
  readonly tokens: bigint;
  readonly #slices: Slices;
  readonly #admittedAtMs: number;

  constructor(standing: Standing, worst: Quantities, admittedAtMs: number, slices: Slices) {
    this.standing = standing;
    this.tokens = standing.tokens.length === 0 ? 0n : tokensOf(worst);
    this.#admittedAtMs = admittedAtMs;
    this.#slices = slices;
  }

  covered(): boolean {
    const { requests, tokens, parallel } = this.standing;
    return this.#slices.covers(requests, 1n) && this.#slices.covers(parallel, 1n) && this.#slices.covers(tokens, this.tokens);
  }

  /** After `covered`, in the same turn. */
  take(): void {
    const { requests, tokens, parallel } = this.standing;
    this.#slices.spendCovered(requests, 1n);
    this.#slices.takeCovered(parallel, 1n);
    this.#slices.takeCovered(tokens, this.tokens);
  }

  /** The call was not admitted after all: everything is free again. */
  undo(): void {
    for (const slice of this.standing.requests) slice.unspend(1n);
    this.#free(0n);
  }

  /** The call ended: tokens that it did not use are free again, and never more are counted than were held. */
  end(quantities: Quantities): void {
    const used = this.tokens === 0n ? 0n : tokensOf(quantities);
    this.#free(used > this.tokens ? this.tokens : used);
  }

  wants(): Want[] {
    return this.standing.slices.map((slice, index) => ({ pool: this.#slices, slice, amount: this.amountOf(this.standing.counters[index]!.limit.metric) }));
  }

  amountOf(metric: Metric): bigint {
    return metric === 'tokens' ? this.tokens : 1n;
  }

  figures(): LimitFigures {
    const requests = this.#tightest('requests');
    const tokens = this.#tightest('tokens');
    return { ...(requests && { requests }), ...(tokens && { tokens }) };
  }

  #tightest(metric: Metric): LimitFigure | undefined {
    let found: LimitFigure | undefined;
    const { counters, slices } = this.standing;
    for (let index = 0; index < counters.length; index += 1) {
      const counter = counters[index]!;
      if (counter.limit.metric !== metric) continue;
      const { available, rest, key } = slices[index]!;
      const endMs = key.windowEndMs ?? this.#admittedAtMs;
      const left = available + rest;
      const remaining = left > 0n ? Number(left) : 0;
      if (found !== undefined && found.remaining <= remaining) continue;
      found = { limit: Number(counter.limit.amount), remaining, resetMs: endMs - this.#admittedAtMs, resetAtMs: endMs };
    }
    return found;
  }

  #free(used: bigint): void {
    for (const slice of this.standing.parallel) slice.end(1n, 0n);
    for (const slice of this.standing.tokens) slice.end(this.tokens, used);
  }
}
