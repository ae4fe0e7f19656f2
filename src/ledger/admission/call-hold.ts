import type { Clock, Picodollars } from '../../base/index.ts';
import { inSpan, tracing } from '../../base/trace.ts';
import { attemptCharges } from '../events/attempt-charges.ts';
import type { CallEnd, Hold, OnEnd, Settlement } from '../events/call.ts';
import { finalPayload, progressPayload } from '../events/records.ts';
import { traceAttempts } from './trace-attempts.ts';
import { RECORD, type RecordType } from '../log/record.ts';
import type { PriceVersion, Quantities } from '../prices/types.ts';
import { rate } from '../rating/rate.ts';
import type { CallLimits } from '../limits/call-limits.ts';
import type { LimitFigures } from '../limits/figures.ts';
import type { Slice } from '../slices/slice.ts';

const PROGRESS_MS = 1_000;
const PROGRESS_TOKENS = 64n;

/** What a hold needs of the ledger. */
export interface HoldDesk {
  readonly clock: Clock;
  append(type: RecordType, payload: string): Promise<void>;
  /** Final events are numbered 1, 2, 3 … in the order in which they are appended. */
  nextSequence(): number;
  /** Called once for each hold. */
  ended(): void;
}

export class CallHold implements Hold {
  readonly id: string;
  readonly amount: Picodollars;
  readonly price: PriceVersion;
  readonly slices: readonly Slice[];
  readonly #desk: HoldDesk;
  readonly #limits: CallLimits | null;
  readonly #onEnd: OnEnd | undefined;
  #ended = false;
  #progressAtMs = Number.NEGATIVE_INFINITY;
  #progressTokens = 0n;

  constructor(desk: HoldDesk, id: string, amount: Picodollars, price: PriceVersion, slices: readonly Slice[], limits: CallLimits | null, onEnd?: OnEnd) {
    this.#limits = limits;
    this.#onEnd = onEnd;
    this.#desk = desk;
    this.id = id;
    this.amount = amount;
    this.price = price;
    this.slices = slices;
  }

  get limits(): LimitFigures | null {
    return this.#limits === null ? null : this.#limits.figures();
  }

  progress(quantities: Quantities): void {
    if (this.#ended) return;
    const tokens = (quantities.output ?? 0n) + (quantities.reasoning ?? 0n);
    const nowMs = this.#desk.clock.monotonicMs();
    if (nowMs - this.#progressAtMs < PROGRESS_MS && tokens - this.#progressTokens < PROGRESS_TOKENS) return;
    this.#progressAtMs = nowMs;
    this.#progressTokens = tokens;
    // Progress is for a crash: nobody waits for it, and the end of the call says it all again.
    this.#desk.append(RECORD.progress, progressPayload(this.id, quantities)).catch(() => {});
  }

  async settle(end: CallEnd): Promise<Settlement> {
    this.#demandOpen();
    const { lines, charge: rated } = rate(end.quantities, this.price);
    const charge = rated > this.amount ? this.amount : rated;
    await (tracing() ? inSpan('tandem.settle', () => ({ 'tandem.call.id': this.id }), () => this.#write(end, charge, false)) : this.#write(end, charge, false));
    this.#free(end, charge);
    return { charge, currency: this.price.currency, lines };
  }

  async release(end: CallEnd): Promise<void> {
    this.#demandOpen();
    await this.#write(end, 0n, true);
    this.#free(end, 0n);
  }

  #write(end: CallEnd, charge: Picodollars, released: boolean): Promise<void> {
    this.#ended = true;
    return this.#desk.append(RECORD.final, finalPayload(this.id, this.#desk.nextSequence(), end, charge, released, this.amount, released ? null : attemptCharges(end, charge, this.price)));
  }

  #free(end: CallEnd, charge: Picodollars): void {
    traceAttempts(end, this.price.resource, this.#desk.clock.nowMs());
    for (const slice of this.slices) slice.end(this.amount, charge);
    this.#limits?.end(end.quantities);
    this.#desk.ended();
    this.#onEnd?.(end, charge, this.price.currency);
  }

  #demandOpen(): void {
    if (this.#ended) throw new Error(`the hold of call ${this.id} has ended already`);
  }
}
