import type { Logger, Clock } from '../base/index.ts';
import { JSON_HEADERS, type ChatCall } from './chat-call.ts';
import { rate, type Admission, type Attempt, type CallEnd, type Counted, type Hold, type LedgerPort, type Outcome, type PriceVersion, type Quantities, type Settlement } from './ports.ts';
import { toQuantities, worstQuantities, type TokenCounts } from './quantities.ts';

export const NOTHING: TokenCounts = { input: 0, cacheRead: 0, output: 0, reasoning: 0 };
const UNKNOWN = null;

/** How one call is held, counted and ended in the ledger. Exactly one of `settle` and `release` is called. */
export class MeteredCall {
  queueMs = 0;
  connectMs = 0;
  /** Milliseconds from the call's start to its first text; 0 while there is none. */
  firstTokenMs = 0;
  readonly #call: ChatCall;
  readonly #hold: Hold;
  readonly #costPrice: PriceVersion | undefined;
  readonly #clock: Clock;
  readonly #log: Logger;
  #failedAttempts: Attempt[] | undefined;
  #attemptStartedMs: number;

  private constructor(call: ChatCall, hold: Hold, costPrice: PriceVersion | undefined, clock: Clock, log: Logger) {
    this.#call = call;
    this.#hold = hold;
    this.#costPrice = costPrice;
    this.#clock = clock;
    this.#log = log;
    this.#attemptStartedMs = clock.monotonicMs();
  }

  /**
   * Holds what the call can cost at most. Resolves when the admission is in the log.
   * @param inputBound prompt tokens at most.
   * @param outputBound answer tokens at most, over all choices.
   * @throws TandemError price_unknown, budget_exceeded, ledger_unavailable.
   */
  static async admit(call: ChatCall, inputBound: number, outputBound: number, tools: { ledger: LedgerPort; clock: Clock; log: Logger }): Promise<MeteredCall> {
    const { principal, target } = call;
    const { priceBook } = tools.ledger;
    const price = priceBook.priceAt(principal.organisationId, target.alias, principal.tier, call.admittedAtMs);
    const admission: Admission = {
      id: call.id, organisationId: principal.organisationId, projectId: principal.projectId, keyId: principal.keyId,
      resource: target.alias, tier: principal.tier, admittedAtMs: call.admittedAtMs,
      worst: worstQuantities(inputBound, outputBound, price), capBucket: 'output',
    };
    const hold = await tools.ledger.admit(admission);
    const costPrice = priceBook.priceAt(target.backend.organisationId, target.alias, principal.tier, call.admittedAtMs, 'cost', target.backend.id);
    return new MeteredCall(call, hold, costPrice, tools.clock, tools.log);
  }

  progress(counts: TokenCounts): void {
    this.#hold.progress(toQuantities(counts, this.#hold.price));
  }

  /** Notes a try that is followed by another one. */
  retried(outcome: Outcome, httpStatus: number | null): void {
    (this.#failedAttempts ??= []).push(this.#attempt(outcome, UNKNOWN, httpStatus));
    this.#attemptStartedMs = this.#clock.monotonicMs();
  }

  /** Charges what was delivered. The reply's end is sent only after this resolved. @throws what the ledger throws: then the reply must not end well. */
  settle(end: { outcome: Outcome; counts: TokenCounts; counted: Counted; finishReason: string | null; httpStatus: number | null }): Promise<Settlement> {
    const quantities = toQuantities(end.counts, this.#hold.price);
    return this.#hold.settle(this.#end(end.outcome, quantities, end.counted, end.finishReason, this.#attempt(end.outcome, end.counts, end.httpStatus, quantities)));
  }

  /**
   * Ends without a charge: nothing was delivered. A failure to write that down is for the operator: the caller's own
   * error comes first.
   * @param used what the backend spent all the same; null where nobody knows.
   */
  async release(outcome: Outcome, httpStatus: number | null, used: TokenCounts | null): Promise<void> {
    try {
      await this.#hold.release(this.#end(outcome, toQuantities(NOTHING, this.#hold.price), 'estimate', null, this.#attempt(outcome, used, httpStatus)));
    } catch (error) {
      this.#log.error({ call: this.#call.id, reason: error instanceof Error ? error.message : 'unknown' }, 'a hold could not be released');
    }
  }

  /** The `tandem` object that a reply carries when the caller asked for it. Amounts and counts are strings. */
  receipt(settlement: Settlement): Record<string, unknown> {
    return {
      id: this.#call.id, charge: settlement.charge.toString(), currency: settlement.currency,
      lines: settlement.lines.map((line) => ({ bucket: line.bucket, quantity: line.quantity.toString(), price: line.price.toString(), per: line.per.toString(), amount: line.amount.toString() })),
      timings: { queueMs: Math.round(this.queueMs), firstTokenMs: Math.round(this.firstTokenMs), totalMs: Math.round(this.#sinceStart()) },
      backend: this.#call.target.backend.name, alias: this.#call.target.alias,
    };
  }

  /** Sends a whole JSON reply, with the receipt where it was asked for. */
  sendJson(reply: { [field: string]: unknown }, settlement: Settlement): void {
    if (this.#call.receipt) reply['tandem'] = this.receipt(settlement);
    this.#call.sink.head(200, JSON_HEADERS);
    this.#call.sink.end(JSON.stringify(reply));
  }

  #end(outcome: Outcome, quantities: Quantities, counted: Counted, finishReason: string | null, last: Attempt): CallEnd {
    return {
      outcome, counted, finishReason, quantities,
      attempts: this.#failedAttempts === undefined ? [last] : [...this.#failedAttempts, last],
      timings: { queueMs: this.queueMs, connectMs: this.connectMs, firstTokenMs: this.firstTokenMs, totalMs: this.#sinceStart() },
      streamed: this.#call.request.stream,
    };
  }

  /** @param sold the counts in the buckets of the price that the caller pays, where they are put together already. */
  #attempt(outcome: Outcome, counts: TokenCounts | null, httpStatus: number | null, sold?: Quantities): Attempt {
    const { target } = this.#call;
    const quantities = counts === null ? {} : this.#costPrice ? toQuantities(counts, this.#costPrice) : (sold ?? toQuantities(counts, this.#hold.price));
    return {
      backendId: target.backend.id, backendModel: target.backendModel, outcome, quantities,
      cost: counts && this.#cost(quantities), costPriceId: this.#costPrice?.id ?? null, httpStatus, ms: this.#clock.monotonicMs() - this.#attemptStartedMs,
    };
  }

  /** Null where it is unknown: a cost price that lacks a bucket says nothing about the whole. */
  #cost(quantities: Quantities): bigint | null {
    if (!this.#costPrice) return null;
    try {
      return rate(quantities, this.#costPrice).charge;
    } catch {
      return null;
    }
  }

  #sinceStart(): number {
    return this.#clock.monotonicMs() - this.#call.startedMs;
  }
}
