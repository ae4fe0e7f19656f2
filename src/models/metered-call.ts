import type { Clock, Logger } from '../base/index.ts';
import { rate, type Admission, type Attempt, type Bucket, type CallEnd, type Counted, type Hold, type LedgerPort, type Outcome, type PriceVersion, type Quantities, type RatedLine, type Settlement } from './ports.ts';
import { toQuantities, worstQuantities, type TokenCounts } from './quantities.ts';
import type { NeutralRequest } from './neutral/request.ts';
import type { Candidate } from './routing/plan.ts';
import { tierOf, type Call } from './run/call.ts';

export const NOTHING: TokenCounts = { input: 0, cacheRead: 0, output: 0, reasoning: 0 };

/** One attempt that has ended, as the ledger is told of it. */
export interface Tried {
  readonly candidate: Candidate;
  readonly outcome: Outcome;
  /** What the backend spent; null: nobody knows. */
  readonly counts: TokenCounts | null;
  /** The backend itself said so, or nothing was spent: no guess of this side's. */
  readonly reported: boolean;
  readonly httpStatus: number | null;
  /** Monotonic, as the clock's. */
  readonly startedMs: number;
  /** From its start; 0 where it did not come to that. */
  readonly connectMs: number;
  readonly firstTokenMs: number;
  /** Started beside another one that had not begun to answer. */
  readonly hedged: boolean;
}

/** What a call has come to. */
export interface CallResult {
  readonly outcome: Outcome;
  readonly counts: TokenCounts;
  readonly counted: Counted;
  readonly finishReason: string | null;
  /** The attempt that answered, or the last one. */
  readonly last: Tried;
}

/** How one call is held, counted and ended in the ledger. Exactly one of `settle` and `release` is called. */
export class MeteredCall {
  queueMs = 0;
  connectMs = 0;
  /** Milliseconds from the call's start to its first text; 0 while there is none. */
  firstTokenMs = 0;
  readonly #call: Call;
  readonly #hold: Hold;
  readonly #ledger: LedgerPort;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** The project pays for attempts that did not deliver, as it had decided when the call was admitted. */
  readonly #pays: boolean;
  #earlier: Attempt[] | undefined;
  /** What of those is paid, in the buckets of the caller's price. */
  #billed: Quantities | undefined;

  private constructor(call: Call, hold: Hold, pays: boolean, tools: MeterTools) {
    this.#call = call;
    this.#pays = pays;
    this.#hold = hold;
    this.#ledger = tools.ledger;
    this.#clock = tools.clock;
    this.#log = tools.log;
  }

  /**
   * Holds what the call can cost at most. Resolves when the admission is in the log.
   * @param routes each attempt that may be made. The dearest of them is held, or all where the project pays for those that do not deliver.
   * @throws TandemError price_unknown, budget_exceeded, limit_reached, call_over_limit, ledger_unavailable.
   */
  static async admit(call: Call, routes: readonly Bounds[], tools: MeterTools): Promise<MeteredCall> {
    const { principal, alias, request: { choices } } = call;
    const pays = principal.projectId !== null && tools.paysAttempts(principal.projectId);
    const { inputBound, outputBound } = pays ? allOf(routes) : dearestOf(routes);
    const serviceTier = tierOf(call.request);
    const price = tools.ledger.priceBook.priceOn(principal.organisationId, alias.name, principal.tier, serviceTier, call.admittedAtMs);
    const admission: Admission = {
      id: call.id, organisationId: principal.organisationId, projectId: principal.projectId, keyId: principal.keyId,
      resource: alias.name, tier: principal.tier, serviceTier, admittedAtMs: call.admittedAtMs,
      worst: worstQuantities(inputBound, outputBound, price), capBucket: 'output',
      ...((choices > 1 || (pays && routes.length > 1)) && { capped: { choices, bounds: (pays ? routes : [{ outputBound }]).map((one) => BigInt(one.outputBound)) } }),
      ...labelsOf(call.request),
    };
    const hold = await tools.ledger.admit(admission);
    const limits = hold.limits ?? null;
    if (limits !== null) call.sink.limits?.(limits);
    return new MeteredCall(call, hold, pays, tools);
  }

  progress(counts: TokenCounts): void {
    this.#hold.progress(this.#withBilled(toQuantities(counts, this.#hold.price)));
  }

  /** Notes an attempt beside the one that ends the call: a failed one, or one that was slower. Its cost is the operator's, unless the project pays for such. */
  tried(tried: Tried): void {
    (this.#earlier ??= []).push(this.#bill(tried));
  }

  /** What these tokens cost at the caller's price, in picodollars. */
  worth(counts: TokenCounts): bigint {
    return costOf(toQuantities(counts, this.#hold.price), this.#hold.price) ?? 0n;
  }

  /** Charges what was delivered. The reply's end is sent only after this resolved. @throws what the ledger throws: then the reply must not end well. */
  settle(result: CallResult): Promise<Settlement> {
    const quantities = toQuantities(result.counts, this.#hold.price);
    return this.#hold.settle(this.#end(result, this.#withBilled(quantities), this.#attempt(result.last, result.last.counts === result.counts ? quantities : undefined)));
  }

  /**
   * Ends without a charge but for attempts that the project pays for: nothing was delivered. A failure to write that down is for the operator: the caller's own
   * error comes first.
   */
  async release(last: Tried): Promise<void> {
    try {
      // Who left is no reason to pay for what was not delivered.
      const attempt = last.outcome === 'client_left' ? this.#attempt(last) : this.#bill(last);
      const result: CallResult = { outcome: last.outcome, counts: NOTHING, counted: this.#billed ? 'backend' : 'estimate', finishReason: null, last };
      if (this.#billed) await this.#hold.settle({ ...this.#end(result, this.#billed, attempt), undelivered: true });
      else await this.#hold.release(this.#end(result, toQuantities(NOTHING, this.#hold.price), attempt));
    } catch (error) {
      this.#log.error({ call: this.#call.id, reason: error instanceof Error ? error.message : 'unknown' }, 'a hold could not be released');
    }
  }

  /** The `tandem` object that a reply carries when the caller asked for it. Amounts and counts are strings. */
  receipt(settlement: Settlement, { target }: Candidate): Record<string, unknown> {
    return {
      id: this.#call.id, charge: settlement.charge.toString(), currency: settlement.currency,
      lines: settlement.lines.map((line) => ({ bucket: line.bucket, quantity: line.quantity.toString(), price: line.price.toString(), per: line.per.toString(), amount: line.amount.toString(), ...(this.#billed && { attempts: this.#partsOf(line) }) })),
      timings: { queueMs: Math.round(this.queueMs), firstTokenMs: Math.round(this.firstTokenMs), totalMs: Math.round(this.#sinceStart()) },
      backend: target.backend.name, alias: target.alias,
    };
  }

  /** What of a line is of which attempt, from 1: those that did not deliver, and the one that did, which was the last. */
  #partsOf({ bucket, quantity }: RatedLine): { attempt: number; quantity: string }[] {
    const earlier = this.#earlier ?? [];
    const parts = earlier.map(({ billed }, at) => ({ attempt: at + 1, quantity: billed?.[bucket] ?? 0n }));
    const rest = parts.reduce((left, part) => left - part.quantity, quantity);
    return [...parts, { attempt: earlier.length + 1, quantity: rest }].filter((part) => part.quantity > 0n).map((part) => ({ ...part, quantity: String(part.quantity) }));
  }

  #end({ outcome, counted, finishReason, last: { candidate: { why: route } } }: CallResult, quantities: Quantities, last: Attempt): CallEnd {
    return {
      outcome, counted, finishReason, quantities,
      attempts: this.#earlier === undefined ? [last] : [...this.#earlier, last],
      timings: { queueMs: this.queueMs, connectMs: this.connectMs, firstTokenMs: this.firstTokenMs, totalMs: this.#sinceStart() },
      streamed: this.#call.request.stream, dialect: this.#call.dialect.name,
      route: { target: `${last.backend}/${last.backendModel}`, code: route }, ...labelsOf(this.#call.request),
    };
  }

  /** An attempt that did not deliver. What its backend did not say is not known, and so not charged. The price of the request itself is paid once, for the answer. */
  #bill(tried: Tried): Attempt {
    const attempt = this.#attempt(tried);
    if (!this.#pays || !tried.reported || tried.counts === null) return attempt;
    const { request: _request, ...billed } = toQuantities(tried.counts, this.#hold.price);
    if (Object.values(billed).every((quantity) => quantity === 0n)) return attempt;
    this.#billed = this.#withBilled(billed);
    // For a crash: what follows may be delivered by nobody.
    this.#hold.progress(this.#billed);
    return { ...attempt, billed };
  }

  #withBilled(quantities: Quantities): Quantities {
    return this.#billed === undefined ? quantities : sumOf(this.#billed, quantities);
  }

  /** @param sold the counts in the buckets of the price that the caller pays, where they are put together already. */
  #attempt({ candidate: { target, connection }, outcome, counts, httpStatus, startedMs, connectMs, firstTokenMs, hedged }: Tried, sold?: Quantities): Attempt {
    const { principal, admittedAtMs } = this.#call;
    const price = this.#ledger.priceBook.priceAt(target.backend.organisationId, target.alias, principal.tier, admittedAtMs, 'cost', target.backend.id);
    const quantities = counts === null ? {} : price ? toQuantities(counts, price) : (sold ?? toQuantities(counts, this.#hold.price));
    return {
      backendId: target.backend.id, backend: target.backend.name, ...(connection !== null && connection.label !== '' && { backendKey: connection.label }),
      backendModel: target.backendModel, outcome, quantities,
      cost: counts && costOf(quantities, price), costPriceId: price?.id ?? null, httpStatus,
      startedMs: startedMs - this.#call.startedMs, connectMs, firstTokenMs, ...(hedged && { hedged }), ms: this.#clock.monotonicMs() - startedMs,
    };
  }

  #sinceStart(): number {
    return this.#clock.monotonicMs() - this.#call.startedMs;
  }
}

/** What one attempt can use at most: prompt tokens, and answer tokens over all choices. */
interface Bounds {
  readonly inputBound: number;
  readonly outputBound: number;
}

interface MeterTools {
  readonly ledger: LedgerPort;
  readonly clock: Clock;
  readonly log: Logger;
  readonly paysAttempts: (projectId: string) => boolean;
}

function dearestOf(routes: readonly Bounds[]): Bounds {
  let inputBound = 0;
  let outputBound = 0;
  for (const route of routes) {
    inputBound = Math.max(inputBound, route.inputBound);
    outputBound = Math.max(outputBound, route.outputBound);
  }
  return { inputBound, outputBound };
}

function allOf(routes: readonly Bounds[]): Bounds {
  let inputBound = 0;
  let outputBound = 0;
  for (const route of routes) {
    inputBound += route.inputBound;
    outputBound += route.outputBound;
  }
  return { inputBound, outputBound };
}

function sumOf(a: Quantities, b: Quantities): Quantities {
  const sum: { [B in Bucket]?: bigint } = { ...a };
  for (const [bucket, quantity] of Object.entries(b) as [Bucket, bigint][]) sum[bucket] = (sum[bucket] ?? 0n) + quantity;
  return sum;
}

const MOST_TAGS = 8;
const TAG_CHARACTERS = 64;

/** Whom the call is for and what it is about, in the caller's own words: its user, and `tags` (parted by commas) and `scenario` of its metadata. */
export function labelsOf({ user, metadata }: NeutralRequest): { user: string | null; tags?: readonly string[]; scenario?: string } {
  const { tags, scenario } = metadata;
  if (tags === undefined && scenario === undefined) return { user };
  const named = tags === undefined ? [] : tags.split(',', MOST_TAGS).map((tag) => tag.trim().slice(0, TAG_CHARACTERS)).filter((tag) => tag !== '');
  return { user, ...(named.length > 0 && { tags: named }), ...(scenario !== undefined && scenario !== '' && { scenario }) };
}

/** Null where it is unknown: a cost price that lacks a bucket says nothing about the whole. */
function costOf(quantities: Quantities, price: PriceVersion | undefined): bigint | null {
  if (!price) return null;
  try {
    return rate(quantities, price).charge;
  } catch {
    return null;
  }
}
