import { sql } from 'kysely';
import type { Database, Executor } from '../../db/index.ts';
import { monthOf } from '../bill/months.ts';
import { closedMonthsOf, monthKey, recordLateUsage, type LateUsage } from '../invoices/late.ts';
import { chainHash, eventHash } from '../rating/event-hash.ts';
import { bytesArray, plainArray, textArray } from './arrays.ts';
import { addToBudgets } from './counters.ts';
import { addRollups, rollUp } from './rollups.ts';
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
  await insertEvents(tx, events, hashes, first, posting);
  await sql`insert into postings (epoch_id, first_sequence, last_sequence, hash, posted_at)
    values (${posting.epochId}, ${String(first)}, ${String(lastSequence)}, ${chain}, ${new Date(posting.atMs)})`.execute(tx);
  await addRollups(tx, rollUp(events));
  await addToBudgets(tx, posting.epochId, events);
  if (closed.size > 0) await recordLateUsage({ database: posting.database, newId: posting.newId, nowMs: posting.atMs }, tx, lateUsage(events, closed));
  return { lastSequence, chain };
}

async function insertEvents(tx: Executor, events: readonly UsageEvent[], hashes: readonly Buffer[], first: bigint, posting: EventPosting): Promise<void> {
  const plain = (pick: (event: UsageEvent) => string | bigint | null) => plainArray(events.map(pick));
  const text = (pick: (event: UsageEvent) => string) => textArray(events.map(pick));
  await sql`insert into usage_events (organisation_id, id, project_id, key_id, kind, resource, tier, occurred_at, quantities, charge, cost,
      currency, price_version_id, outcome, counted, attributes, sequence, hash, epoch_id, recorded_at)
    select given.*, ${posting.epochId}::uuid, ${new Date(posting.atMs).toISOString()}::timestamptz from unnest(
      ${plain((one) => one.organisationId)}::text::uuid[], ${plain((one) => one.id)}::text::uuid[], ${plain((one) => one.projectId)}::text::uuid[],
      ${plain((one) => one.keyId)}::text::uuid[], ${text((one) => one.kind)}::text::text[], ${text((one) => one.resource)}::text::text[],
      ${text((one) => one.tier)}::text::text[], ${plain((one) => new Date(one.occurredAtMs).toISOString())}::text::timestamptz[],
      ${text((one) => JSON.stringify(one.quantities))}::text::jsonb[], ${plain((one) => one.charge)}::text::numeric[], ${plain((one) => one.cost)}::text::numeric[],
      ${text((one) => one.currency)}::text::text[], ${plain((one) => one.priceVersionId)}::text::uuid[], ${text((one) => one.outcome)}::text::text[],
      ${text((one) => one.counted)}::text::text[], ${text((one) => JSON.stringify(one.attributes))}::text::jsonb[],
      ${plainArray(events.map((_, index) => first + BigInt(index)))}::text::bigint[], ${bytesArray(hashes)}::text::bytea[]) as given`.execute(tx);
}

function monthsOf(events: readonly UsageEvent[]): { organisationId: string; month: string }[] {
  const months = new Map(events.map(({ organisationId, occurredAtMs }) => {
    const month = monthOf(occurredAtMs);
    return [monthKey(organisationId, month), { organisationId, month }];
  }));
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
