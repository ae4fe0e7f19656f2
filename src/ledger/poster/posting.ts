import { setImmediate as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { newId, type Clock, type Logger } from '../../base/index.ts';
import { isDuplicate, type Database, type Executor } from '../../db/index.ts';
import { snapshot } from '../bill/snapshot.ts';
import { closeEpoch, readEpoch, type EpochState } from '../epochs/epochs.ts';
import { announceUsage } from '../events/announce.ts';
import { plainArray, textArray } from '../events/arrays.ts';
import { applySums, beginPosting } from '../events/apply.ts';
import { COPY_EVENTS, CopyRows } from '../events/copy-rows.ts';
import { EventBatch, type BatchSums } from '../events/event-batch.ts';
import { parseAdmission } from '../events/records.ts';
import type { UsageEvent } from '../events/usage-event.ts';
import { canonicalJson } from '../rating/canonical.ts';
import type { LogPosition } from '../log/segments.ts';
import { BatchReader } from './batch-reader.ts';
import { copyingTransaction, type Copy, type CopyIn } from './copying-transaction.ts';
import { cutEvent, type CallReading, type OpenCall, type PriceOf } from './open-calls.ts';

export interface PostingOptions {
  readonly database: Pick<Database, 'unscoped' | 'scoped' | 'pool' | 'notify'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly epochId: string;
  /** Where the epoch's segments lie. */
  readonly folder: string;
  readonly priceOf: PriceOf;
  /** Records per transaction. */
  readonly batch?: number;
}

/** Eight thousand calls or so at most: what a transaction costs beside its rows is spread over them. */
const BATCH = 16_000;

/** Any fixed number, beside which the log is named. */
const POSTER_LOCK = 0x7a6d_0016;

/** Another poster moved the watermark, or a commit's answer was lost: what is in memory is old. */
class Moved extends Error {}

/**
 * Posts one epoch's log. Its whole state is in Postgres (watermark and open holds), so it can stop anywhere, be
 * started twice, or read everything again: each record counts once.
 */
export class Posting {
  readonly #options: PostingOptions;
  #state: EpochState | undefined;
  #open = new Map<string, OpenCall>();
  /** Ids that were recorded by the API before their call came: such an event is booked under a new one. */
  #taken = false;

  constructor(options: PostingOptions) {
    this.#options = options;
  }

  get state(): EpochState | undefined {
    return this.#state;
  }

  get openCalls(): number {
    return this.#open.size;
  }

  /** Reads watermark and open holds from Postgres. Called by itself before the first batch and after a failure. */
  async load(): Promise<EpochState> {
    const { database, epochId } = this.#options;
    // Both as of one moment: another poster of this log may commit between two readings.
    return snapshot(database, 'the poster follows one log, which holds the calls of every organisation', async (executor) => {
      const state = await readEpoch(executor, epochId);
      const rows = await executor.selectFrom('holds').select(['id', 'admission', 'progress']).where('epoch_id', '=', epochId).execute();
      this.#open = new Map(rows.map((row) => [row.id, { admission: parseAdmission(row.admission), admissionPayload: row.admission, progressPayload: row.progress }]));
      this.#state = state;
      return state;
    });
  }

  /**
   * Posts one batch: while Postgres takes in one slice of it, the next is read, rated and hashed. `limit`: how far a live log is
   * written; null: the log is dead, read it to its end.
   * @returns true: there may be more.
   */
  async step(limit: LogPosition | null): Promise<boolean> {
    const { folder, priceOf, log, epochId } = this.#options;
    const state = this.#state ?? (await this.load());
    const batch = new BatchReader(folder, state, this.#open, priceOf, limit, this.#options.batch ?? BATCH);
    const first = batch.next();
    const { calls } = batch;
    if (first === null) return false;
    if (calls.missing !== null && calls.lastNumber === state.recordNumber) {
      this.#demandDead(limit, calls.missing);
      return false;
    }
    await this.#guarded(async () => {
      this.#state = await this.#commit(state, batch, first, limit);
    });
    if (calls.mismatches > 0) log.error({ epoch: epochId, calls: calls.mismatches }, 'the gateway charged otherwise than the ledger rates; the ledger is right');
    for (const [id, call] of calls.begun) this.#open.set(id, call);
    for (const [id, call] of calls.moved) this.#open.set(id, call);
    for (const id of calls.ended) this.#open.delete(id);
    return !batch.drained && calls.missing === null;
  }

  /** Says that every call which ended before `atMs` is posted. */
  async through(atMs: number): Promise<void> {
    const { database, epochId } = this.#options;
    await database.unscoped('epochs stand above organisations').updateTable('epochs').set({ posted_through: new Date(atMs) })
      .where('id', '=', epochId).where('closed_at', 'is', null).execute();
  }

  /**
   * Ends a dead epoch, its log posted to the end: charges cut streams for what their progress shows, counts what shows
   * nothing, frees holds and slices. One transaction, and once: a second call finds it closed.
   */
  async close(): Promise<{ cut: number; lost: number }> {
    const { database, epochId, priceOf } = this.#options;
    const state = this.#state ?? (await this.load());
    if (state.closedAt !== null) return { cut: 0, lost: 0 };
    const cut: UsageEvent[] = [];
    let lost = 0;
    let lostHeld = 0n;
    for (const call of this.#open.values()) {
      const event = cutEvent(call, priceOf);
      if (event === null) {
        lost += 1;
        lostHeld += call.admission.hold;
      } else {
        cut.push(event);
      }
    }
    await this.#guarded(() => copyingTransaction(database, async (tx, copy) => {
      await this.#begin(tx, state);
      const after = await this.#copy(tx, copy, state, [cut]);
      await this.#lock(tx, state);
      await applySums(tx, after, { database, newId });
      await sql`update epochs set posted_sequence = ${String(after.lastSequence)}, chain = ${after.chain}, posted_at = ${new Date(after.atMs)} where id = ${epochId}`.execute(tx);
      await closeEpoch(tx, epochId, { atMs: after.atMs, lostCalls: lost, lostHeld });
      // Slices of whoever had one are free again.
      await announceUsage(database, tx, 'all');
    }));
    this.#open.clear();
    await this.load();
    return { cut: cut.length, lost };
  }

  /** The disk takes pages in whatever order it likes: what a power cut left behind a gap was not all on disk, and is lost with it. */
  #demandDead(limit: LogPosition | null, missing: number): void {
    const { epochId: epoch, log } = this.#options;
    if (limit !== null) throw new Error(`the log of epoch ${epoch} misses record ${missing}`);
    log.warn({ epoch, record: missing }, 'the log has a gap; what lies behind it never was on disk as a whole');
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#taken = false;
    } catch (error) {
      // Whether it was committed is asked of Postgres, not guessed.
      this.#state = undefined;
      if (isDuplicate(error, 'usage_events_pkey')) this.#taken = true;
      throw error;
    }
  }

  #commit(state: EpochState, batch: BatchReader, first: UsageEvent[], limit: LogPosition | null): Promise<EpochState> {
    const { database, epochId } = this.#options;
    const { calls } = batch;
    return copyingTransaction(database, async (tx, copy) => {
      await this.#begin(tx, state);
      const sums = await this.#copy(tx, copy, state, slicesOf(batch, first));
      if (calls.missing !== null) this.#demandDead(limit, calls.missing);
      await this.#lock(tx, state);
      await applySums(tx, sums, { database, newId });
      await this.#moveHolds(tx, calls);
      const { position } = batch;
      await sql`update epochs set posted_segment = ${position.segment}, posted_offset = ${position.offset}, posted_record = ${calls.lastNumber},
        posted_sequence = ${String(sums.lastSequence)}, chain = ${sums.chain}, posted_at = ${new Date(sums.atMs)},
        charge_mismatches = charge_mismatches + ${calls.mismatches} where id = ${epochId}`.execute(tx);
      if (sums.days.length > 0) await announceUsage(database, tx, sums.days.map((one) => one.place));
      return { ...state, position, recordNumber: calls.lastNumber, sequence: sums.lastSequence, chain: sums.chain };
    });
  }

  /** Copies events, slice by slice: one is on its way while the next is made. */
  async #copy(tx: Executor, copy: Copy, state: EpochState, slices: Iterable<UsageEvent[]>): Promise<BatchSums> {
    const { epochId, clock } = this.#options;
    const log = { epochId, lastSequence: state.sequence, chain: state.chain, atMs: clock.nowMs() };
    const batch = new EventBatch(log, await beginPosting(tx));
    let rows = new CopyRows(log);
    let copying: CopyIn | undefined;
    let written = Promise.resolve();
    try {
      for (const slice of slices) {
        const events = await this.#withFreeIds(tx, slice);
        if (events.length > 0) {
          const bytes = rows.rows(batch.seal(events));
          await written;
          copying ??= copy(COPY_EVENTS);
          written = copying.write(bytes);
          // It is waited for with the next slice.
          written.catch(() => {});
        }
        if (this.#taken && copying !== undefined) {
          // The next slice is looked up first, so this COPY ends here.
          await written;
          await copying.end(rows.end());
          copying = undefined;
          rows = new CopyRows(log);
        }
        await pause();
      }
      await written;
      await copying?.end(rows.end());
    } catch (error) {
      await copying?.fail();
      throw error;
    }
    return batch.sums();
  }

  /**
   * Nobody else posts this log until the transaction ends. Its row is not locked before the end: the log's process beats in that
   * row, and has lost touch with Postgres when it cannot.
   */
  async #begin(tx: Executor, state: EpochState): Promise<void> {
    await sql`select pg_advisory_xact_lock(${POSTER_LOCK}, hashtext(${this.#options.epochId}))`.execute(tx);
    this.#demandSame(await readEpoch(tx, this.#options.epochId), state);
  }

  async #lock(tx: Executor, state: EpochState): Promise<void> {
    this.#demandSame(await readEpoch(tx, this.#options.epochId, true), state);
  }

  #demandSame(now: EpochState, state: EpochState): void {
    if (now.closedAt !== null || now.recordNumber !== state.recordNumber || now.sequence !== state.sequence) throw new Moved('the watermark was moved by another poster');
  }

  async #moveHolds(tx: Executor, { begun, moved, ended }: CallReading): Promise<void> {
    const { epochId } = this.#options;
    if (begun.size > 0) {
      const calls = [...begun.values()];
      await sql`insert into holds (organisation_id, epoch_id, id, admission, progress)
        select organisation_id, ${epochId}::uuid, id, admission, progress from unnest(
          ${plainArray(calls.map((call) => call.admission.context.organisationId))}::text::uuid[], ${plainArray(calls.map((call) => call.admission.id))}::text::uuid[],
          ${textArray(calls.map((call) => call.admissionPayload))}::text::text[], ${textArray(calls.map((call) => call.progressPayload))}::text::text[])
          as given (organisation_id, id, admission, progress)`.execute(tx);
    }
    if (moved.size > 0) {
      const calls = [...moved.values()];
      await sql`update holds set progress = given.progress from unnest(
          ${plainArray(calls.map((call) => call.admission.id))}::text::uuid[], ${textArray(calls.map((call) => call.progressPayload))}::text::text[])
          as given (id, progress) where holds.epoch_id = ${epochId} and holds.id = given.id`.execute(tx);
    }
    if (ended.size > 0) await sql`delete from holds where epoch_id = ${epochId} and id = any(${plainArray([...ended])}::text::uuid[])`.execute(tx);
  }

  /** Ids are given by the gateway at random, so this is for who guesses one and records usage under it first. */
  async #withFreeIds(tx: Executor, events: UsageEvent[]): Promise<UsageEvent[]> {
    if (!this.#taken || events.length === 0) return events;
    const { rows } = await sql<{ organisation_id: string; id: string }>`select organisation_id, id from usage_events
      where (organisation_id, id) in (select * from unnest(${plainArray(events.map((event) => event.place.organisationId))}::text::uuid[], ${plainArray(events.map((event) => event.id))}::text::uuid[]))`.execute(tx);
    const taken = new Set(rows.map((row) => `${row.organisation_id} ${row.id}`));
    return events.map((event) => (taken.has(`${event.place.organisationId} ${event.id}`) ? { ...event, id: newId(), attributes: canonicalJson({ ...(JSON.parse(event.attributes) as object), callId: event.id }) } : event));
  }
}

function* slicesOf(batch: BatchReader, first: UsageEvent[]): Iterable<UsageEvent[]> {
  for (let slice: UsageEvent[] | null = first; slice !== null; slice = batch.next()) yield slice;
}
