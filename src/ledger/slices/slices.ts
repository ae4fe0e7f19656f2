import type { Clock, Logger } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import { Slice } from './slice.ts';
import type { SliceKey, SliceStore } from './store.ts';

const CHANNEL = 'slices';
/** How long other processes get to give back what lies idle with them, before a call is refused. */
const CALL_BACK_MS = 300;
const SWEEP_MS = 30_000;
/** A call tries again when what it was granted was called away meanwhile. */
const ATTEMPTS = 100;

export interface SlicesOptions {
  readonly database: Pick<Database, 'listen' | 'notify' | 'unscoped'>;
  readonly store: SliceStore;
  readonly epochId: string;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Refill {
  /** The size of the call that it was made for. */
  readonly call: bigint;
  /** True: the slice grew. */
  readonly done: Promise<boolean>;
}

/** All slices of this process. Taking is memory only; a slice is filled ahead of need, by one statement at a time. */
export class Slices {
  readonly #options: SlicesOptions;
  readonly #slices = new Map<string, Slice>();
  readonly #refills = new Map<string, Refill>();
  /** Amounts that calls wait for now, by slice. */
  readonly #waiting = new Map<string, Map<symbol, bigint>>();
  /** Windows without a rest: until when nobody asks ahead of need. */
  readonly #dry = new Map<string, number>();
  readonly #answers = new Map<string, () => void>();
  readonly #calling = new Map<string, Promise<boolean>>();
  readonly #stop = new AbortController();
  #unlisten: (() => Promise<void>) | undefined;
  #sweeper: Promise<void> | undefined;
  #calls = 0;
  refills = 0;
  callBacks = 0;

  constructor(options: SlicesOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#unlisten = await this.#options.database.listen(CHANNEL, (payload) => this.#heard(payload));
    this.#sweeper = this.#sweep();
  }

  /** Gives everything free back. Held amounts stay leased until the epoch's log is posted. */
  async stop(): Promise<void> {
    this.#stop.abort(new Error('the ledger is closed'));
    await this.#sweeper;
    await this.#unlisten?.();
    await Promise.all([...this.#refills.values()].map((refill) => refill.done.catch(() => false)));
    await this.giveBackAll();
  }

  of(key: SliceKey): Slice {
    const name = nameOf(key);
    let slice = this.#slices.get(name);
    if (slice === undefined) {
      slice = new Slice(key, this.#options.clock);
      this.#slices.set(name, slice);
    }
    return slice;
  }

  /** All or nothing, from memory. False: at least one slice does not cover it. */
  tryTake(slices: readonly Slice[], amount: bigint): boolean {
    for (const slice of slices) if (slice.available < amount) return false;
    for (const slice of slices) {
      slice.take(amount);
      if (slice.isLow(amount)) this.#fillAhead(slice, amount);
    }
    return true;
  }

  /**
   * As `tryTake`, but leases what is missing and, before it gives up, calls back what lies idle elsewhere.
   * @returns the slice whose window does not cover the amount; null: taken.
   */
  async take(slices: readonly Slice[], amount: bigint): Promise<Slice | null> {
    const calledBack = new Set<Slice>();
    for (let attempt = 0; ; attempt += 1) {
      if (this.tryTake(slices, amount)) return null;
      const short = slices.find((slice) => slice.available < amount);
      if (short === undefined) continue;
      if (await this.#fill(short, amount)) {
        if (attempt < ATTEMPTS) continue;
        return this.tryTake(slices, amount) ? null : short;
      }
      if (this.tryTake(slices, amount)) return null;
      if (calledBack.has(short) || !(await this.#callBack(short, amount))) return this.tryTake(slices, amount) ? null : short;
      calledBack.add(short);
    }
  }

  /** Another process needs it, or its budget changed: what is free goes back now. */
  async giveBack(slice: Slice): Promise<void> {
    const free = slice.empty();
    if (free <= 0n) return;
    try {
      await this.#options.store.giveBack(slice.key, free);
    } catch (error) {
      // It may have gone back or not. It stays out of memory, so it cannot be spent twice; what Postgres
      // still counts as leased is freed when this epoch ends.
      this.#options.log.warn({ budget: slice.key.budgetId, reason: (error as Error).message }, 'a slice could not be given back');
    }
  }

  async giveBackAll(match: (key: SliceKey) => boolean = () => true): Promise<void> {
    for (const slice of this.#slices.values()) if (match(slice.key)) await this.giveBack(slice);
  }

  /** Sums over all slices, for the metrics and for tests. */
  totals(): { slices: number; available: bigint; held: bigint } {
    let available = 0n;
    let held = 0n;
    for (const slice of this.#slices.values()) {
      available += slice.available;
      held += slice.held;
    }
    return { slices: this.#slices.size, available, held };
  }

  #fillAhead(slice: Slice, call: bigint): void {
    const name = nameOf(slice.key);
    if (this.#refills.has(name) || this.#stop.signal.aborted) return;
    const dryUntil = this.#dry.get(name);
    if (dryUntil !== undefined && dryUntil > this.#options.clock.monotonicMs()) return;
    void this.#refill(slice, call, 0n).catch(() => {
      // The next call that needs the slice meets the same error and reports it.
    });
  }

  /** Waits until the slice grew. False: its window has no rest for a call of this size. */
  async #fill(slice: Slice, amount: bigint): Promise<boolean> {
    const name = nameOf(slice.key);
    const running = this.#refills.get(name);
    const waiters = this.#waiting.get(name) ?? new Map<symbol, bigint>();
    this.#waiting.set(name, waiters);
    if (running === undefined) return this.#refill(slice, amount, sum(waiters.values()));
    const mark = Symbol();
    waiters.set(mark, amount);
    try {
      const grew = await running.done;
      if (grew || slice.available >= amount) return true;
      // What was too much for a smaller call is too much for this one.
      if (amount >= running.call) return false;
      const next = this.#refills.get(name);
      return await (next === undefined ? this.#refill(slice, amount, sum(waiters.values()) - amount) : next.done.then(() => true));
    } finally {
      waiters.delete(mark);
    }
  }

  #refill(slice: Slice, call: bigint, others: bigint): Promise<boolean> {
    const name = nameOf(slice.key);
    const done = (async () => {
      const least = call > slice.available ? call - slice.available : 1n;
      const demand = least + others;
      const wish = slice.wish(call) + demand;
      this.refills += 1;
      const granted = await this.#options.store.lease(slice.key, { least, demand, wish });
      if (granted > 0n) {
        slice.granted(granted);
        this.#dry.delete(name);
      }
      if (granted < wish) this.#dry.set(name, this.#options.clock.monotonicMs() + 1_000);
      return granted > 0n;
    })().finally(() => this.#refills.delete(name));
    this.#refills.set(name, { call, done });
    return done;
  }

  /** Asks the other processes for what lies idle with them; calls that wait for it at once share it. False: none has any. */
  #callBack(slice: Slice, amount: bigint): Promise<boolean> {
    const name = nameOf(slice.key);
    const running = this.#calling.get(name);
    if (running !== undefined) return running;
    const done = this.#askHolders(slice, amount).finally(() => this.#calling.delete(name));
    this.#calling.set(name, done);
    return done;
  }

  async #askHolders(slice: Slice, amount: bigint): Promise<boolean> {
    const { store, database, epochId, clock } = this.#options;
    const holders = await store.holders(slice.key);
    if (holders.length === 0) return false;
    this.callBacks += 1;
    this.#calls += 1;
    const call = `${epochId}.${this.#calls}`;
    const waiting = new Set(holders);
    const answered = Promise.withResolvers<void>();
    for (const holder of holders) {
      this.#answers.set(`${call} ${holder}`, () => {
        waiting.delete(holder);
        if (waiting.size === 0) answered.resolve();
      });
    }
    const late = new AbortController();
    try {
      const { organisationId, budgetId, windowStartMs } = slice.key;
      await database.notify(database.unscoped('a notification has no table'), CHANNEL,
        JSON.stringify({ ask: call, from: epochId, organisationId, budgetId, windowStartMs, amount: String(amount) }));
      await Promise.race([answered.promise, clock.sleep(CALL_BACK_MS, late.signal).catch(() => {})]);
    } finally {
      late.abort();
      for (const holder of holders) this.#answers.delete(`${call} ${holder}`);
    }
    return true;
  }

  #heard(payload: string): void {
    const message = parse(payload);
    if (message === null) return;
    if (message.answer !== undefined) {
      this.#answers.get(`${message.answer} ${message.from}`)?.();
      return;
    }
    if (message.ask === undefined || message.from === this.#options.epochId) return;
    void this.#answer(message.ask, message);
  }

  async #answer(ask: string, key: SliceKey): Promise<void> {
    const { database, epochId } = this.#options;
    const slice = this.#slices.get(nameOf(key));
    if (slice !== undefined) {
      // A refill on its way could bring more: it belongs to the answer too.
      await this.#refills.get(nameOf(key))?.done.catch(() => false);
      this.#dry.set(nameOf(key), this.#options.clock.monotonicMs() + 1_000);
      await this.giveBack(slice);
    }
    await database.notify(database.unscoped('a notification has no table'), CHANNEL, JSON.stringify({ answer: ask, from: epochId })).catch(() => {
      // The one who asked waits its bounded time and goes on.
    });
  }

  async #sweep(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await clock.sleep(SWEEP_MS, signal).catch(() => {});
      if (signal.aborted) return;
      for (const [name, slice] of this.#slices) {
        if (!slice.isIdle()) continue;
        await this.giveBack(slice);
        if (slice.held === 0n && slice.available === 0n && !this.#refills.has(name)) this.#slices.delete(name);
      }
    }
  }
}

function nameOf(key: SliceKey): string {
  return `${key.budgetId} ${key.windowStartMs}`;
}

function sum(amounts: Iterable<bigint>): bigint {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return total;
}

interface Message extends SliceKey {
  readonly ask?: string;
  readonly answer?: string;
  readonly from: string;
}

function parse(payload: string): Message | null {
  try {
    const value: unknown = JSON.parse(payload);
    return typeof value === 'object' && value !== null ? (value as Message) : null;
  } catch {
    // `resync`, or a version that speaks otherwise: nothing to answer.
    return null;
  }
}
