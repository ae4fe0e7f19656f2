import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { monthEndMs, monthStartMs, type Month } from './months.ts';

/** Where an entry of the books is counted. */
export interface CountedAt {
  readonly projectId: string;
  readonly keyId: string | null;
  readonly resource: string;
}

/** Entries that are no calls of models: time of machines, kept volumes, and what came in by the API. */
export interface OtherEntries extends CountedAt {
  /** YYYY-MM-DD, UTC. */
  readonly day: string;
  readonly entries: bigint;
}

/**
 * A month's entries that are no calls, told by their kind: a model may have any name, that of a machine's price included. Sums count all
 * entries, so whoever says how many calls there were takes these away. They are read by an index that holds them alone.
 * `invoiceId`: without what was posted after that invoice was made.
 */
export async function otherEntries(executor: Executor, organisationId: string, month: Month, { projectId = null, invoiceId = null }: { projectId?: string | null; invoiceId?: string | null } = {}): Promise<OtherEntries[]> {
  const ofProject = projectId === null ? sql`true` : sql`project_id = ${projectId}`;
  const invoiced = invoiceId === null ? sql`true` : sql`id::text not in (select jsonb_array_elements_text(event_ids) from adjustments where organisation_id = ${organisationId} and invoice_id = ${invoiceId} and kind = 'late')`;
  const { rows } = await sql<{ project_id: string; key_id: string | null; resource: string; day: string; entries: string }>`
    select project_id, key_id, resource, (occurred_at at time zone 'UTC')::date::text as day, count(*)::text as entries
    from usage_events
    where organisation_id = ${organisationId} and kind <> 'call' and occurred_at >= ${new Date(monthStartMs(month))} and occurred_at < ${new Date(monthEndMs(month))} and ${ofProject} and ${invoiced}
    group by 1, 2, 3, 4`.execute(executor);
  return rows.map((row) => ({ projectId: row.project_id, keyId: row.key_id, resource: row.resource, day: row.day, entries: BigInt(row.entries) }));
}

/** How many of so many entries are calls: those that are left without these others. */
export function callsAmong(entries: bigint | string, others: Iterable<OtherEntries>): string {
  let calls = BigInt(entries);
  for (const other of others) calls -= other.entries;
  return String(calls);
}

/** Others by where lines of a bill count them. */
export function byPlace(others: readonly OtherEntries[]): (place: CountedAt) => readonly OtherEntries[] {
  const nameOf = ({ projectId, keyId, resource }: CountedAt) => `${projectId} ${keyId ?? ''} ${resource}`;
  const places = Map.groupBy(others, nameOf);
  return (place) => places.get(nameOf(place)) ?? [];
}
