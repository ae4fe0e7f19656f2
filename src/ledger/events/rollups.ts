import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { plainArray, textArray } from './arrays.ts';
import type { UsageEvent } from './usage-event.ts';

/** The bucket of `usage_rollups` that counts each event once. */
export const TOTAL = 'total';

export interface RollupRow {
  readonly organisationId: string;
  readonly projectId: string;
  readonly keyId: string | null;
  readonly resource: string;
  /** YYYY-MM-DD, UTC. */
  readonly day: string;
  readonly bucket: string;
  quantity: bigint;
  charge: bigint;
  cost: bigint;
  costUnknown: number;
  events: number;
  failed: number;
}

/** What a set of events adds to the sums. Their order does not matter. */
export function rollUp(events: readonly UsageEvent[]): RollupRow[] {
  const rows = new Map<string, RollupRow>();
  for (const event of events) {
    const key = placeOf(event);
    const total = rowOf(rows, event, key, TOTAL);
    total.charge += event.charge;
    total.events += 1;
    if (event.outcome === 'failed') total.failed += 1;
    if (event.cost === null) total.costUnknown += 1;
    else total.cost += event.cost;
    for (const line of event.lines) {
      const row = rowOf(rows, event, key, line.bucket);
      row.quantity += line.quantity;
      row.charge += line.amount;
      row.events += 1;
    }
  }
  // Always in one order: batches that touch the same rows wait for each other instead of locking up.
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

export async function addRollups(tx: Executor, rows: readonly RollupRow[]): Promise<void> {
  if (rows.length === 0) return;
  const column = (pick: (row: RollupRow) => string | number | bigint | null) => plainArray(rows.map(pick));
  await sql`insert into usage_rollups as have (organisation_id, project_id, key_id, resource, day, bucket, quantity, charge, cost, cost_unknown, events, failed)
    select * from unnest(
      ${column((row) => row.organisationId)}::text::uuid[], ${column((row) => row.projectId)}::text::uuid[], ${column((row) => row.keyId)}::text::uuid[],
      ${textArray(rows.map((row) => row.resource))}::text::text[], ${column((row) => row.day)}::text::date[], ${textArray(rows.map((row) => row.bucket))}::text::text[],
      ${column((row) => row.quantity)}::text::numeric[], ${column((row) => row.charge)}::text::numeric[], ${column((row) => row.cost)}::text::numeric[],
      ${column((row) => row.costUnknown)}::text::bigint[], ${column((row) => row.events)}::text::bigint[], ${column((row) => row.failed)}::text::bigint[])
    on conflict (organisation_id, day, project_id, key_id, resource, bucket) do update set
      quantity = have.quantity + excluded.quantity, charge = have.charge + excluded.charge, cost = have.cost + excluded.cost,
      cost_unknown = have.cost_unknown + excluded.cost_unknown, events = have.events + excluded.events, failed = have.failed + excluded.failed`.execute(tx);
}

function placeOf({ organisationId, occurredAtMs, projectId, keyId, resource }: UsageEvent): string {
  return `${organisationId} ${dayOf(occurredAtMs)} ${projectId} ${keyId ?? ''} ${resource}`;
}

let lastDay = { number: -1, text: '' };

/** YYYY-MM-DD, UTC. */
function dayOf(atMs: number): string {
  const number = Math.floor(atMs / 86_400_000);
  if (number !== lastDay.number) lastDay = { number, text: new Date(atMs).toISOString().slice(0, 10) };
  return lastDay.text;
}

function rowOf(rows: Map<string, RollupRow>, event: UsageEvent, place: string, bucket: string): RollupRow {
  const key = `${place} ${bucket}`;
  let row = rows.get(key);
  if (row === undefined) {
    const { organisationId, projectId, keyId, resource, occurredAtMs } = event;
    row = { organisationId, projectId, keyId, resource, day: dayOf(occurredAtMs), bucket, quantity: 0n, charge: 0n, cost: 0n, costUnknown: 0, events: 0, failed: 0 };
    rows.set(key, row);
  }
  return row;
}
