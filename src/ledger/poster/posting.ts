import { setImmediate as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { newId, type Clock, type Logger } from '../../base/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import { snapshot } from '../bill/snapshot.ts';
import { closeEpoch, readEpoch, type EpochState } from '../epochs/epochs.ts';
import { announceUsage } from '../events/announce.ts';
import { plainArray, textArray } from '../events/arrays.ts';
import { applyPrepared, prepareEvents, prepareInSlices, type PreparedEvents } from '../events/apply.ts';
import { parseAdmission } from '../events/records.ts';
import type { UsageEvent } from '../events/usage-event.ts';
import { readLog } from '../log/reader.ts';
import { canonicalJson } from '../rating/canonical.ts';
import type { LogPosition } from '../log/segments.ts';
import { copyingTransaction } from './copying-transaction.ts';
import { cutEvent, readRecords, type OpenCall, type PriceOf, type Read } from './open-calls.ts';

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

/** Two thousand calls at most: what a transaction costs beside its rows is spread over them. */
const BATCH = 4_000;

/** Records that were read and rated, and where the log stands after them. */
interface Batch {
  readonly from: EpochState;
  readonly read: Read;
  readonly prepared: PreparedEvents;
  readonly after: EpochState;
  readonly drained: boolean;
}

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
  /** The batch after the last one, read while that was written. */
  #ahead: Batch | undefined;
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
   * Posts one batch, and while Postgres writes it reads the next one. `limit`: how far a live log is written; null: the
   * log is dead, read it to its end.
   * @returns true: there may be more.
   */
  async step(limit: LogPosition | null): Promise<boolean> {
    const state = this.#state ?? (await this.load());
    const batch = this.#ahead?.from === state ? this.#ahead : await this.#read(state, limit);
    this.#ahead = undefined;
    if (batch === null) return false;
    const { read } = batch;
    if (read.missing !== null) this.#demandDead(limit, read.missing);
    if (read.missing !== null && read.lastNumber === state.recordNumber) return false;
    if (read.mismatches > 0) this.#options.log.error({ epoch: this.#options.epochId, calls: read.mismatches }, 'the gateway charged otherwise than the ledger rates; the ledger is right');
    // Should the commit fail, everything is read anew from Postgres, the open calls too.
    for (const [id, call] of read.begun) this.#open.set(id, call);
    for (const [id, call] of read.moved) this.#open.set(id, call);
    for (const id of read.ended) this.#open.delete(id);
    const more = !batch.drained && read.missing === null;
    const writing = this.#guarded(async () => {
      this.#state = await this.#commit(state, batch);
    });
    const ahead = more && !this.#taken ? this.#read(batch.after, limit) : Promise.resolve(null);
    const [written, next] = await Promise.allSettled([writing, ahead]);
    if (written.status === 'rejected') throw written.reason as Error;
    // A log that cannot be read further says so in the next step.
    if (next.status === 'fulfilled' && next.value !== null && this.#state === batch.after) this.#ahead = next.value;
    return more;
  }

  /** Reads, rates and prepares a batch from where the log stands, with pauses in which a batch that is being written gets on. */
  async #read(from: EpochState, limit: LogPosition | null): Promise<Batch | null> {
    const { folder, epochId, priceOf, clock } = this.#options;
    await pause();
    const { records, next, drained } = readLog(folder, from.position, limit, this.#options.batch ?? BATCH);
    if (records.length === 0) return null;
    await pause();
    const read = readRecords(records, this.#open, from.recordNumber, from.sequence, priceOf);
    await pause();
    const prepared = await prepareInSlices(read.events, { epochId, lastSequence: from.sequence, chain: from.chain, atMs: clock.nowMs() }, pause);
    const after = { ...from, position: next, recordNumber: read.lastNumber, sequence: prepared.lastSequence, chain: prepared.chain };
    return { from, read, prepared, after, drained };
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
    const { database, epochId, clock, priceOf } = this.#options;
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
      await this.#lock(tx, state);
      const events = await this.#withFreeIds(tx, cut);
      const atMs = clock.nowMs();
      const after = await applyPrepared(tx, prepareEvents(events, { epochId, lastSequence: state.sequence, chain: state.chain, atMs }, true), { database, newId }, copy);
      await sql`update epochs set posted_sequence = ${String(after.lastSequence)}, chain = ${after.chain}, posted_at = ${new Date(atMs)} where id = ${epochId}`.execute(tx);
      await closeEpoch(tx, epochId, { atMs, lostCalls: lost, lostHeld });
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
      if (isTaken(error)) this.#taken = true;
      throw error;
    }
  }

  #commit(state: EpochState, { read, prepared, after }: Batch): Promise<EpochState> {
    const { database, epochId } = this.#options;
    return copyingTransaction(database, async (tx, copy) => {
      await this.#lock(tx, state);
      const events = await this.#withFreeIds(tx, read.events);
      const fresh = events === read.events ? prepared : prepareEvents(events, { epochId, lastSequence: state.sequence, chain: state.chain, atMs: prepared.atMs }, true);
      await applyPrepared(tx, fresh, { database, newId }, copy);
      await this.#moveHolds(tx, read);
      const { position } = after;
      await sql`update epochs set posted_segment = ${position.segment}, posted_offset = ${position.offset}, posted_record = ${read.lastNumber},
        posted_sequence = ${String(fresh.lastSequence)}, chain = ${fresh.chain}, posted_at = ${new Date(fresh.atMs)},
        charge_mismatches = charge_mismatches + ${read.mismatches} where id = ${epochId}`.execute(tx);
      if (events.length > 0) await announceUsage(database, tx, events);
      return fresh === prepared ? after : { ...after, chain: fresh.chain };
    });
  }

  async #lock(tx: Executor, state: EpochState): Promise<void> {
    const now = await readEpoch(tx, this.#options.epochId, true);
    if (now.closedAt !== null || now.recordNumber !== state.recordNumber || now.sequence !== state.sequence) throw new Moved('the watermark was moved by another poster');
  }

  async #moveHolds(tx: Executor, { begun, moved, ended }: Read): Promise<void> {
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
    if (ended.length > 0) await sql`delete from holds where epoch_id = ${epochId} and id = any(${plainArray(ended)}::text::uuid[])`.execute(tx);
  }

  /** Ids are given by the gateway at random, so this is for who guesses one and records usage under it first. */
  async #withFreeIds(tx: Executor, events: UsageEvent[]): Promise<UsageEvent[]> {
    if (!this.#taken || events.length === 0) return events;
    const { rows } = await sql<{ organisation_id: string; id: string }>`select organisation_id, id from usage_events
      where (organisation_id, id) in (select * from unnest(${plainArray(events.map((event) => event.organisationId))}::text::uuid[], ${plainArray(events.map((event) => event.id))}::text::uuid[]))`.execute(tx);
    const taken = new Set(rows.map((row) => `${row.organisation_id} ${row.id}`));
    return events.map((event) => (taken.has(`${event.organisationId} ${event.id}`) ? { ...event, id: newId(), attributes: canonicalJson({ ...(JSON.parse(event.attributes) as object), callId: event.id }) } : event));
  }
}

function isTaken(error: unknown): boolean {
  const { code, constraint } = error as { code?: string; constraint?: string };
  return code === '23505' && constraint === 'usage_events_pkey';
}
