import { sql } from 'kysely';
import type { Database, Executor } from '../../db/index.ts';
import { monthEndMs, monthOf, monthStartMs } from '../bill/months.ts';
import { closedMonthsOf, monthKey, recordLateUsage, type LateUsage } from '../invoices/late.ts';
import { chainHash, eventHash } from '../rating/event-hash.ts';
import { addToBudgets } from './counters.ts';
import { addRollups, rollUp, type RollupRow } from './rollups.ts';
import { copyEvents, copyRows, insertEvents, type Copy, type StoredBatch } from './store-events.ts';
import type { UsageEvent } from './usage-event.ts';

/** Which log the events belong to, where it stands, and what is written with them. */
export interface EventPosting {
  readonly epochId: string;
  /** Of the last event before these. */
  readonly lastSequence: bigint;
  /** Hash of the posting before. */
  readonly chain: Buffer;
  readonly atMs: number;
  readonly database: Pick<Database, 'scoped'>;
  readonly newId: () => string;
}

/** Events with everything that can be worked out before the database is asked. */
export interface PreparedEvents extends StoredBatch {
  readonly events: readonly UsageEvent[];
  readonly lastSequence: bigint;
  readonly chain: Buffer;
  readonly rollups: readonly RollupRow[];
  /** In the text form of COPY, where they are to be copied. */
  readonly rows: string | null;
}

/** Which log the events belong to, and where it stands before them. */
export type LogState = Pick<EventPosting, 'epochId' | 'lastSequence' | 'chain' | 'atMs'>;

/**
 * The only writer of usage events, their sums, and what budgets have spent. In the caller's transaction, in
 * which the caller also moves the epoch's watermark: that makes each event count once.
 * @returns where the log stands after it.
 */
export function applyEvents(tx: Executor, events: readonly UsageEvent[], posting: EventPosting): Promise<{ lastSequence: bigint; chain: Buffer }> {
  return applyPrepared(tx, prepareEvents(events, posting, false), posting);
}

/** The part of `applyEvents` that needs no database: hashes, the chain, sums. */
export function prepareEvents(events: readonly UsageEvent[], log: LogState, copying: boolean): PreparedEvents {
  const { epochId, atMs } = log;
  const first = log.lastSequence + 1n;
  const hashes: Buffer[] = [];
  for (const event of events) hashes.push(eventHash(event, epochId, first + BigInt(hashes.length)));
  const batch = { epochId, first, hashes, atMs };
  return {
    ...batch, events, lastSequence: log.lastSequence + BigInt(events.length), chain: events.length === 0 ? log.chain : chainHash(log.chain, hashes), rollups: rollUp(events),
    rows: copying ? copyRows(events, batch) : null,
  };
}

/** The same for a connection that can copy, with a pause after every few hundred events, in which what waits gets on. */
export async function prepareInSlices(events: readonly UsageEvent[], log: LogState, pause: () => Promise<unknown>): Promise<PreparedEvents> {
  const { epochId, atMs } = log;
  const first = log.lastSequence + 1n;
  const hashes: Buffer[] = [];
  let rows = '';
  for (let at = 0; at < events.length; at += SLICE) {
    const slice = events.slice(at, at + SLICE);
    const ofSlice: Buffer[] = [];
    for (const event of slice) ofSlice.push(eventHash(event, epochId, first + BigInt(at + ofSlice.length)));
    rows += copyRows(slice, { epochId, first: first + BigInt(at), hashes: ofSlice, atMs });
    for (const hash of ofSlice) hashes.push(hash);
    await pause();
  }
  return {
    epochId, first, hashes, atMs, events, lastSequence: log.lastSequence + BigInt(events.length), chain: events.length === 0 ? log.chain : chainHash(log.chain, hashes), rollups: rollUp(events), rows,
  };
}

/** Events that are prepared in one go: some three milliseconds. */
const SLICE = 250;

/** The part that does. `copy`: where the connection can, for rows that were prepared for it. */
export async function applyPrepared(tx: Executor, prepared: PreparedEvents, posting: Pick<EventPosting, 'database' | 'newId'>, copy?: Copy): Promise<{ lastSequence: bigint; chain: Buffer }> {
  const { events, epochId, first, lastSequence, chain, atMs } = prepared;
  if (events.length === 0) return prepared;
  const closed = await closedMonthsOf(tx, monthsOf(events));
  await (copy === undefined || prepared.rows === null ? insertEvents(tx, events, prepared) : copyEvents(copy, prepared.rows));
  await sql`insert into postings (epoch_id, first_sequence, last_sequence, hash, posted_at)
    values (${epochId}, ${String(first)}, ${String(lastSequence)}, ${chain}, ${new Date(atMs)})`.execute(tx);
  await addRollups(tx, prepared.rollups);
  await addToBudgets(tx, epochId, events);
  if (closed.size > 0) await recordLateUsage({ database: posting.database, newId: posting.newId, nowMs: atMs }, tx, lateUsage(events, closed));
  return prepared;
}

function monthsOf(events: readonly UsageEvent[]): { organisationId: string; month: string }[] {
  const months = new Map<string, { organisationId: string; month: string }>();
  let last: { organisationId: string; month: string; fromMs: number; untilMs: number } | undefined;
  for (const { organisationId, occurredAtMs } of events) {
    // Events come in runs of one month and organisation.
    if (last !== undefined && last.organisationId === organisationId && last.fromMs <= occurredAtMs && occurredAtMs < last.untilMs) continue;
    const month = monthOf(occurredAtMs);
    last = { organisationId, month, fromMs: monthStartMs(month), untilMs: monthEndMs(month) };
    months.set(monthKey(organisationId, month), { organisationId, month });
  }
  return [...months.values()];
}

/** What came after its month was closed: an adjustment there, beside being in the events and sums. */
function lateUsage(events: readonly UsageEvent[], closed: ReadonlySet<string>): LateUsage[] {
  const late = Map.groupBy(events, (event) => monthKey(event.organisationId, monthOf(event.occurredAtMs)));
  return [...late].filter(([key]) => closed.has(key)).map(([, group]) => ({
    organisationId: group[0]!.organisationId, month: monthOf(group[0]!.occurredAtMs), eventIds: group.map((event) => event.id),
    charge: group.reduce((sum, event) => sum + event.charge, 0n),
  }));
}
