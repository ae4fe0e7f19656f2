import { TandemError, type Clock, type Picodollars } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import type { Admission, OnEnd } from '../events/call.ts';
import { admissionPayload } from '../events/records.ts';
import { RECORD, type RecordType } from '../log/record.ts';
import type { LogWriter } from '../log/writer.ts';
import type { PriceBook } from '../prices/book.ts';
import type { PriceVersion } from '../prices/types.ts';
import { unknownPrice } from '../rating/rate.ts';
import type { Slices } from '../slices/slices.ts';
import type { CallLimits } from '../limits/call-limits.ts';
import type { PathNames } from '../holders/names.ts';
import type { LimitFigures } from '../limits/figures.ts';
import type { LimitGate } from '../limits/gate.ts';
import { limitReached } from '../limits/refusal.ts';
import { takeAll, type Want } from '../slices/take-all.ts';
import { CallHold, type HoldDesk } from './call-hold.ts';
import { dearest } from './dearest.ts';
import { budgetExceeded, noCredit } from './refusal.ts';
import type { Scope, Scopes } from './scopes.ts';

export interface AdmissionsOptions {
  readonly prices: Pick<PriceBook, 'priceOn'>;
  readonly scopes: Scopes;
  readonly gate: LimitGate;
  readonly slices: Slices;
  readonly writer: LogWriter;
  readonly clock: Clock;
  readonly database: Pick<Database, 'staleForMs'>;
  readonly names: PathNames;
}

/** Out of contact with Postgres for longer, a lowered budget could have been missed. */
const STALE_MS = 5_000;

/** Lets calls in, and knows which are in. */
export class Admissions implements HoldDesk {
  readonly #options: AdmissionsOptions;
  /** A count, not a set of ids: sets that are filled and emptied at this pace keep memory alive (see `Deadlines`), and no two calls get one id. */
  #open = 0;
  #sequence = 0;
  #closed: string | null = null;
  #whenEmpty: (() => void) | undefined;
  readonly counts = { admitted: 0, refused: 0, ended: 0 };

  constructor(options: AdmissionsOptions) {
    this.#options = options;
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  get open(): number {
    return this.#open;
  }

  /** Why calls are refused now, whatever they are; null: they are not. */
  refusal(): string | null {
    return this.#closed ?? this.#options.writer.refusal();
  }

  /**
   * Sets the call's worst case aside in every budget and limit that covers it, all or nothing, and writes the admission.
   * Memory only, unless a slice has to be filled.
   * @param onEnd told when the call has ended, for figures.
   * @throws TandemError price_unknown, budget_exceeded, limit_reached, call_over_limit, ledger_unavailable, database_stale, shutting_down.
   */
  async admit(admission: Admission, onEnd?: OnEnd): Promise<CallHold> {
    const { prices, scopes, gate } = this.#options;
    this.#demandReady();
    const price = prices.priceOn(admission.organisationId, admission.resource, admission.tier, admission.serviceTier ?? 'default', admission.admittedAtMs);
    if (price === undefined) throw unknownPrice(admission.resource, null);
    const amount = dearest(admission.worst, price);
    let scope = scopes.of(admission, price);
    if (scope.withoutCredit) throw noCredit(admission, price, this.#options.names);
    this.#open += 1;
    let limits: CallLimits | null;
    try {
      limits = scope.limits === null ? null : gate.callOf(scope.limits, admission);
      if (!this.#tryTake(scope, amount, limits)) scope = await this.#take(admission, price, scope, amount, limits);
    } catch (error) {
      this.#leave();
      this.counts.refused += 1;
      throw error;
    }
    try {
      await this.append(RECORD.admission, admissionPayload(admission.id, admission.admittedAtMs, amount, scope.json));
    } catch (error) {
      for (const slice of scope.slices) slice.end(amount, 0n);
      limits?.undo();
      this.#leave();
      this.counts.refused += 1;
      throw error;
    }
    this.counts.admitted += 1;
    return new CallHold(this, admission.id, amount, price, scope.slices, limits, onEnd);
  }

  /**
   * Takes one request, and no tokens, from the limits of a caller: for what is free of charge. Nothing is held and nothing written.
   * A model without a price cannot be called, so nothing limits what is asked about it.
   * @returns how many requests are left; null where none are counted.
   * @throws TandemError limit_reached, call_over_limit, ledger_unavailable, shutting_down.
   */
  async countRequest(request: Omit<Admission, 'worst'>): Promise<LimitFigures | null> {
    const { prices, scopes, gate, clock, names } = this.#options;
    this.#demandReady();
    const admission: Admission = { ...request, worst: {} };
    const price = prices.priceOn(admission.organisationId, admission.resource, admission.tier, admission.serviceTier ?? 'default', admission.admittedAtMs);
    const scope = price === undefined ? null : scopes.shared(admission, price);
    if (scope === null || scope.limits === null) return null;
    const limits = gate.callOf(scope.limits, admission);
    const take = () => {
      if (!limits.covered()) return false;
      limits.take();
      return true;
    };
    const over = limits.standing.counters.find(({ limit }) => limits.amountOf(limit.metric) > limit.amount);
    if (over) throw limitReached(limits, over, clock.nowMs(), names);
    const short = await this.#ask(() => takeAll(take, limits.wants()));
    if (short !== null) throw limitReached(limits, limits.standing.counters[limits.standing.slices.indexOf(short.slice)]!, clock.nowMs(), names);
    limits.end({});
    // What is left of tokens is known only where some were asked for.
    const { requests } = limits.figures();
    return requests === undefined ? null : { requests };
  }

  append(type: RecordType, payload: string): Promise<void> {
    return this.#options.writer.append(type, payload);
  }

  nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  ended(): void {
    this.counts.ended += 1;
    this.#leave();
  }

  /** From now on no call comes in. */
  close(reason: string): void {
    this.#closed ??= reason;
  }

  /** Resolves when every call has ended. */
  async empty(): Promise<void> {
    if (this.#open === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
  }

  /** Money and limits, all or nothing, from memory: a call that one of them refuses takes nothing of the others. */
  #tryTake(scope: Scope, amount: Picodollars, limits: CallLimits | null): boolean {
    const { slices } = this.#options;
    if (limits === null) return slices.tryTake(scope.slices, amount);
    if (!slices.covers(scope.slices, amount) || !limits.covered()) return false;
    slices.takeCovered(scope.slices, amount);
    limits.take();
    return true;
  }

  /** Leases what is missing. @returns what was taken from in the end: a user or tag turns out to be past its window's bound at its first lease only. */
  async #take(admission: Admission, price: PriceVersion, scope: Scope, amount: Picodollars, limits: CallLimits | null): Promise<Scope> {
    const { slices, scopes, clock, names } = this.#options;
    const nowMs = clock.nowMs();
    // What is larger than a limit's whole minute is refused before anything is asked for.
    const over = limits?.standing.counters.find(({ limit }) => limits.amountOf(limit.metric) > limit.amount);
    if (limits && over) throw limitReached(limits, over, nowMs, names);
    const money: Want[] = scope.slices.map((slice) => ({ pool: slices, slice, amount }));
    const short = await this.#ask(() => takeAll(() => this.#tryTake(scope, amount, limits), limits ? [...limits.wants(), ...money] : money));
    if (short === null) return scope;
    if (short.pool === slices && scopes.isPastBound(short.slice)) return this.#take(admission, price, scopes.of(admission, price), amount, limits);
    const counter = limits?.standing.counters[limits.standing.slices.indexOf(short.slice)];
    throw limits && counter ? limitReached(limits, counter, clock.nowMs(), names) : await this.#ask(() => this.#exceeded(admission, price, scope));
  }

  async #ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      if (error instanceof TandemError) throw error;
      throw new TandemError('ledger_unavailable', {
        params: { reason: 'the budget cannot be checked, since the database does not answer' }, retryAfterSeconds: 1, detail: (error as Error).message, cause: error,
      });
    }
  }

  /** Of several budgets the one with the least left is named: what fits there fits everywhere. */
  async #exceeded(admission: Admission, price: PriceVersion, scope: Scope): Promise<TandemError> {
    const windows = await Promise.all(scope.slices.map(async (slice, index) => {
      const { amount, spent, leased } = await this.#options.slices.window(slice);
      const rest = amount - spent - leased;
      return { budget: scope.rules[index]!.limit, counted: slice.key.counted, startMs: slice.key.windowStartMs, amount, spent, left: (rest > 0n ? rest : 0n) + slice.available };
    }));
    const least = windows.reduce((a, b) => (b.left < a.left ? b : a));
    return budgetExceeded(admission, price, least, this.#options.clock.nowMs(), this.#options.names);
  }

  #demandReady(): void {
    if (this.#closed !== null) throw new TandemError('shutting_down');
    const reason = this.#options.writer.refusal();
    if (reason !== null) throw new TandemError('ledger_unavailable', { params: { reason }, retryAfterSeconds: 1 });
    const staleMs = this.#options.database.staleForMs();
    if (staleMs > STALE_MS) throw new TandemError('database_stale', { params: { seconds: Math.round(staleMs / 1_000) }, retryAfterSeconds: 2 });
  }

  #leave(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#whenEmpty?.();
  }
}
