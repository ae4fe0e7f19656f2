import { sql } from 'kysely';
import type { Database, Executor } from '../../db/index.ts';
import { monthOf } from '../bill/months.ts';
import { closedMonthsOf, monthKey, recordLateUsage, sharePosting, type LateUsage } from '../invoices/late.ts';
import { addToBudgets, labelledOrganisations } from './counters.ts';
import { EventBatch, type BatchSums, type LogState } from './event-batch.ts';
import { addRollups, rollUp } from './rollups.ts';
import { insertEvents } from './store-events.ts';
import { DAY_MS, type DayOfPlace } from './tally.ts';
import type { UsageEvent } from './usage-event.ts';

/** Which log the events belong to, where it stands, and what is written with them. */
export interface EventPosting extends LogState {
  readonly database: Pick<Database, 'scoped'>;
  readonly newId: () => string;
}

/**
 * Writes usage events, their sums, and what budgets have spent. In the caller's transaction, in which the caller also moves the
 * epoch's watermark: that makes each event count once. The poster does the same in two parts: it copies the events itself.
 * @returns where the log stands after it.
 */
export async function applyEvents(tx: Executor, events: readonly UsageEvent[], posting: EventPosting): Promise<{ lastSequence: bigint; chain: Buffer }> {
  const batch = new EventBatch(posting, await beginPosting(tx));
  await insertEvents(tx, batch.seal(events), posting);
  const sums = batch.sums();
  await applySums(tx, sums, posting);
  return sums;
}

/** First in every transaction that posts: from here to its end no month is closed and no budget made. @returns organisations whose budgets count by user or tag. */
export async function beginPosting(tx: Executor): Promise<ReadonlySet<string>> {
  await sharePosting(tx);
  return labelledOrganisations(tx);
}

/** The only writer of sums and of what budgets have spent, in the transaction that writes the events. */
export async function applySums(tx: Executor, sums: BatchSums, posting: Pick<EventPosting, 'database' | 'newId'>): Promise<void> {
  const { days, epochId, first, lastSequence, chain, atMs } = sums;
  if (days.length === 0) return;
  const closed = await closedMonthsOf(tx, monthsOf(days));
  await sql`insert into postings (epoch_id, first_sequence, last_sequence, hash, posted_at)
    values (${epochId}, ${String(first)}, ${String(lastSequence)}, ${chain}, ${new Date(atMs)})`.execute(tx);
  await addRollups(tx, rollUp(days));
  await addToBudgets(tx, epochId, days);
  if (closed.size > 0) await recordLateUsage({ database: posting.database, newId: posting.newId, nowMs: atMs }, tx, lateUsage(days, closed));
}

function monthsOf(days: readonly DayOfPlace[]): { organisationId: string; month: string }[] {
  return [...new Map(days.map((one) => [keyOf(one), { organisationId: one.place.organisationId, month: monthOf(one.day * DAY_MS) }])).values()];
}

/** What came after its month was closed: an adjustment there, beside being in the events and sums. */
function lateUsage(days: readonly DayOfPlace[], closed: ReadonlySet<string>): LateUsage[] {
  const late = Map.groupBy(days.filter((one) => closed.has(keyOf(one))), keyOf);
  return [...late.values()].map((group) => ({
    organisationId: group[0]!.place.organisationId, month: monthOf(group[0]!.day * DAY_MS), eventIds: group.flatMap((one) => one.events.map((event) => event.id)),
    charge: group.reduce((sum, one) => sum + one.charge, 0n),
  }));
}

function keyOf({ place, day }: DayOfPlace): string {
  return monthKey(place.organisationId, monthOf(day * DAY_MS));
}
