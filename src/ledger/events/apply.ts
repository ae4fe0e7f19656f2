import { sql } from 'kysely';
import type { Database, Executor } from '../../db/index.ts';
import { monthEndMs, monthOf, monthStartMs } from '../bill/months.ts';
import { closedMonthsOf, monthKey, recordLateUsage, type LateUsage } from '../invoices/late.ts';
import { chainHash, eventHash } from '../rating/event-hash.ts';
import { addToBudgets } from './counters.ts';
import { addRollups, rollUp } from './rollups.ts';
import { copyEvents, insertEvents } from './store-events.ts';
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
  /** Where the connection can: rows by COPY. */
  readonly copy?: (statement: string, rows: string) => Promise<void>;
}

/**
 * The only writer of usage events, their sums, and what budgets have spent. In the caller's transaction, in
 * which the caller also moves the epoch's watermark: that makes each event count once.
 * @returns where the log stands after it.
 */
export async function applyEvents(tx: Executor, events: readonly UsageEvent[], posting: EventPosting): Promise<{ lastSequence: bigint; chain: Buffer }> {
  if (events.length === 0) return posting;
  const closed = await closedMonthsOf(tx, monthsOf(events));
  const first = posting.lastSequence + 1n;
  const lastSequence = posting.lastSequence + BigInt(events.length);
  const hashes = events.map((event, index) => eventHash({ ...event, epoch: posting.epochId, sequence: first + BigInt(index) }));
  const chain = chainHash(posting.chain, hashes);
  const batch = { epochId: posting.epochId, first, hashes, atMs: posting.atMs };
  await (posting.copy === undefined ? insertEvents(tx, events, batch) : copyEvents(posting.copy, events, batch));
  await sql`insert into postings (epoch_id, first_sequence, last_sequence, hash, posted_at)
    values (${posting.epochId}, ${String(first)}, ${String(lastSequence)}, ${chain}, ${new Date(posting.atMs)})`.execute(tx);
  await addRollups(tx, rollUp(events));
  await addToBudgets(tx, posting.epochId, events);
  if (closed.size > 0) await recordLateUsage({ database: posting.database, newId: posting.newId, nowMs: posting.atMs }, tx, lateUsage(events, closed));
  return { lastSequence, chain };
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
