import type { Clock, Logger } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import { Slice, nameOf } from './slice.ts';
import type { SliceKey, SliceStore, WindowState } from './store.ts';
import { takeAll, type CallBack } from './take-all.ts';

/** How long other processes get to give back what lies idle with them, before a call is refused. */
const CALL_BACK_MS = 300;
const SWEEP_MS = 30_000;
/** A window that ended is kept a little, for calls that were admitted before its end. */
const PAST_MS = 5_000;

export interface SlicesOptions {
  readonly database: Pick<Database, 'listen' | 'notify' | 'unscoped'>;
  readonly store: SliceStore;
  /** Where processes ask each other for what lies idle. */
  readonly channel: string;
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
  readonly #calling = new Map<string, Promise<CallBack>>();
  /** How windows stand, being asked: thousands may be refused at once. */
  readonly #standing = new Map<string, Promise<WindowState>>();
  /** What is on its way back: a lease waits for it, or it would find the window emptier than it is. */
  readonly #returning = new Map<string, Promise<unknown>>();
  readonly #stop = new AbortController();
  #unlisten: (() => Promise<void>) | undefined;
  #sweeper: Promise<void> | undefined;
  #calls = 0;
  refills = 0;
  callBacks = 0;
  /** Rises when a slice without an end was forgotten: who kept it has to ask for it again, or nobody could call it back. */
  version = 0;

  constructor(options: SlicesOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#unlisten = await this.#options.database.listen(this.#options.channel, (payload) => this.#heard(payload));
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
      slice = new Slice(key, this.#options.clock, this.#onSurrender);
      this.#slices.set(name, slice);
    }
    return slice;
  }

  /** All or nothing, from memory. False: at least one slice does not cover it. */
  tryTake(slices: readonly Slice[], amount: bigint): boolean {
    if (!this.covers(slices, amount)) return false;
    this.takeCovered(slices, amount);
    return true;
  }

  covers(slices: readonly Slice[], amount: bigint): boolean {
    for (const slice of slices) if (slice.available < amount) return false;
    return true;
  }

  /** Holds the amount in each, after `covers` said that it is there. */
  takeCovered(slices: readonly Slice[], amount: bigint): void {
    for (const slice of slices) {
      slice.take(amount);
      if (slice.isLow(amount)) this.#fillAhead(slice, amount);
    }
  }

  /** As `takeCovered`, for what does not come back. */
  spendCovered(slices: readonly Slice[], amount: bigint): void {
    for (const slice of slices) {
      slice.spend(amount);
      if (slice.isLow(amount)) this.#fillAhead(slice, amount);
    }
  }

  /** As `tryTake`, but leases what is missing. @returns the slice whose window does not cover the amount; null: taken. */
  async take(slices: readonly Slice[], amount: bigint): Promise<Slice | null> {
    const short = await takeAll(() => this.tryTake(slices, amount), slices.map((slice) => ({ pool: this, slice, amount })));
    return short?.slice ?? null;
  }

  /** How a slice's window stands, for a refusal. Calls that are refused at once share one statement. */
  window({ key, name }: Slice): Promise<WindowState> {
    const running = this.#standing.get(name);
    if (running !== undefined) return running;
    const asked = this.#options.store.window(key).finally(() => this.#standing.delete(name));
    this.#standing.set(name, asked);
    return asked;
  }

  /** Leases for a window that is about to begin. */
  prepare(slice: Slice, call: bigint): void {
    if (slice.available < call) this.#fillAhead(slice, call);
  }

  /** Another process needs it, or its budget changed: what is free goes back now. */
  async giveBack(slice: Slice): Promise<void> {
    await this.#bringBack(slice, slice.empty());
  }

  /** At the end of the turn, in which many calls may have ended. */
  readonly #onSurrender = (slice: Slice): void => {
    setImmediate(() => void this.#bringBack(slice, slice.surrender()));
  };

  /** Resolves when that is back, and what was on its way before. */
  async #bringBack(slice: Slice, free: bigint): Promise<void> {
    const name = slice.name;
    if (free > 0n) {
      const returned = Promise.all([this.#returning.get(name), this.#return(slice, free)]);
      this.#returning.set(name, returned);
      await returned;
      if (this.#returning.get(name) === returned) this.#returning.delete(name);
    }
    await this.#returning.get(name);
  }

  async #return(slice: Slice, free: bigint): Promise<void> {
    try {
      await this.#options.store.giveBack(slice.key, free);
    } catch (error) {
      // It may have gone back or not. It stays out of memory, so it cannot be spent twice; what Postgres
      // still counts as leased is freed when this epoch ends.
      this.#options.log.warn({ of: slice.key.ownerId, reason: (error as Error).message }, 'a slice could not be given back');
    }
  }

  /** A budget changed: what is free of it goes back now, and what is held when it is free. */
  async recall(match: (key: SliceKey) => boolean): Promise<void> {
    for (const slice of this.#slices.values()) {
      if (!match(slice.key)) continue;
      // In one turn with what is free: there may be many to go, and until then calls are taken of the amount before.
      slice.recall();
      await this.giveBack(slice);
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
    const name = slice.name;
    if (this.#refills.has(name) || this.#stop.signal.aborted) return;
    const dryUntil = this.#dry.get(name);
    if (dryUntil !== undefined && dryUntil > this.#options.clock.monotonicMs()) return;
    void this.#refill(slice, call, 0n).catch(() => {
      // The next call that needs the slice meets the same error and reports it.
    });
  }

  /** Waits until the slice grew. False: its window has no rest for a call of this size. */
  async fill(slice: Slice, amount: bigint): Promise<boolean> {
    const name = slice.name;
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
    const name = slice.name;
    const done = (async () => {
      for (;;) {
        await this.#bringBack(slice, slice.surrender());
        const least = call > slice.available ? call - slice.available : 1n;
        const demand = least + others;
        const wish = slice.wish(call) + demand;
        const { recalls } = slice;
        this.refills += 1;
        const { granted, rest } = await this.#options.store.lease(slice.key, { least, demand, wish });
        if (granted > 0n && slice.recalls !== recalls) {
          // Perhaps of the amount before: it is asked anew.
          await this.#bringBack(slice, granted);
          continue;
        }
        if (granted > 0n) {
          slice.granted(granted, rest);
          this.#dry.delete(name);
        }
        if (granted < wish) this.#dry.set(name, this.#options.clock.monotonicMs() + 1_000);
        return granted > 0n;
      }
    })().finally(() => this.#refills.delete(name));
    this.#refills.set(name, { call, done });
    return done;
  }

  /** Asks the other processes for what lies idle with them; calls that wait for it at once share it. */
  callBack(slice: Slice, amount: bigint): Promise<CallBack> {
    const name = slice.name;
    const running = this.#calling.get(name);
    if (running !== undefined) return running;
    const done = this.#askHolders(slice, amount).finally(() => this.#calling.delete(name));
    this.#calling.set(name, done);
    return done;
  }

  async #askHolders(slice: Slice, amount: bigint): Promise<CallBack> {
    const { store, database, epochId, clock, channel } = this.#options;
    const holders = await store.holders(slice.key);
    if (holders.length === 0) return 'nobody';
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
      await database.notify(database.unscoped('a notification has no table'), channel,
        JSON.stringify({ ask: call, from: epochId, ...slice.key, amount: String(amount) }));
      await Promise.race([answered.promise, clock.sleep(CALL_BACK_MS, late.signal).catch(() => {})]);
    } finally {
      late.abort();
      for (const holder of holders) this.#answers.delete(`${call} ${holder}`);
    }
    return waiting.size === 0 ? 'all' : 'late';
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
    const { database, epochId, channel } = this.#options;
    const slice = this.#slices.get(nameOf(key));
    if (slice !== undefined) {
      // A refill on its way could bring more: it belongs to the answer too.
      await this.#refills.get(nameOf(key))?.done.catch(() => false);
      this.#dry.set(nameOf(key), this.#options.clock.monotonicMs() + 1_000);
      await this.giveBack(slice);
    }
    await database.notify(database.unscoped('a notification has no table'), channel, JSON.stringify({ answer: ask, from: epochId })).catch(() => {
      // The one who asked waits its bounded time and goes on.
    });
  }

  #forget(name: string, slice: Slice): void {
    this.#slices.delete(name);
    this.#dry.delete(name);
    this.#waiting.delete(name);
    if (slice.key.windowEndMs === null) this.version += 1;
  }

  async #sweep(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await clock.sleep(SWEEP_MS, signal).catch(() => {});
      if (signal.aborted) return;
      for (const [name, slice] of this.#slices) {
        if (slice.key.windowEndMs !== null && slice.key.windowEndMs + PAST_MS < clock.nowMs()) {
          if (slice.held <= 0n) this.#forget(name, slice);
          continue;
        }
        if (!slice.isIdle()) continue;
        await this.giveBack(slice);
        if (slice.held === 0n && slice.available === 0n && !this.#refills.has(name)) this.#forget(name, slice);
      }
    }
  }
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
