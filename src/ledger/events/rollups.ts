import { sql, type RawBuilder } from 'kysely';
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

/** Adds to the sums by day of each project, key and model, and to the two that are read more quickly: by month, and by day of each project. */
export async function addRollups(tx: Executor, rows: readonly RollupRow[]): Promise<void> {
  if (rows.length === 0) return;
  await addDaily(tx, rows);
  const months = fold(rows, (row) => `${row.organisationId} ${row.day.slice(0, 7)} ${row.projectId} ${row.keyId ?? ''} ${row.resource} ${row.bucket}`);
  await sql`insert into usage_months as have (organisation_id, project_id, key_id, resource, month, bucket, quantity, charge, cost, cost_unknown, events, failed)
    select organisation_id, project_id, key_id, resource, month, bucket, quantity, charge, cost, cost_unknown, events, failed from ${given(months)}
    on conflict (organisation_id, month, project_id, key_id, resource, bucket) do update set ${ADDED}`.execute(tx);
  const days = fold(rows, (row) => `${row.organisationId} ${row.day} ${row.projectId} ${row.bucket}`);
  await sql`insert into usage_days as have (organisation_id, project_id, day, bucket, quantity, charge, cost, cost_unknown, events, failed)
    select organisation_id, project_id, day, bucket, quantity, charge, cost, cost_unknown, events, failed from ${given(days)}
    on conflict (organisation_id, day, project_id, bucket) do update set ${ADDED}`.execute(tx);
}

const ADDED = sql`quantity = have.quantity + excluded.quantity, charge = have.charge + excluded.charge, cost = have.cost + excluded.cost,
  cost_unknown = have.cost_unknown + excluded.cost_unknown, events = have.events + excluded.events, failed = have.failed + excluded.failed`;

/** Sums of sums, in the order of their names. */
function fold(rows: readonly RollupRow[], nameOf: (row: RollupRow) => string): RollupRow[] {
  const folded = new Map<string, RollupRow>();
  for (const row of rows) {
    const name = nameOf(row);
    const sum = folded.get(name);
    if (sum === undefined) {
      folded.set(name, { ...row });
      continue;
    }
    sum.quantity += row.quantity;
    sum.charge += row.charge;
    sum.cost += row.cost;
    sum.costUnknown += row.costUnknown;
    sum.events += row.events;
    sum.failed += row.failed;
  }
  return [...folded].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

/** Rows of sums as a table; `month` is the first day of theirs. */
function given(rows: readonly RollupRow[]): RawBuilder<unknown> {
  const column = (pick: (row: RollupRow) => string | number | bigint | null) => plainArray(rows.map(pick));
  return sql`unnest(
      ${column((row) => row.organisationId)}::text::uuid[], ${column((row) => row.projectId)}::text::uuid[], ${column((row) => row.keyId)}::text::uuid[],
      ${textArray(rows.map((row) => row.resource))}::text::text[], ${column((row) => row.day)}::text::date[], ${column((row) => `${row.day.slice(0, 7)}-01`)}::text::date[], ${textArray(rows.map((row) => row.bucket))}::text::text[],
      ${column((row) => row.quantity)}::text::numeric[], ${column((row) => row.charge)}::text::numeric[], ${column((row) => row.cost)}::text::numeric[],
      ${column((row) => row.costUnknown)}::text::bigint[], ${column((row) => row.events)}::text::bigint[], ${column((row) => row.failed)}::text::bigint[])
    as given (organisation_id, project_id, key_id, resource, day, month, bucket, quantity, charge, cost, cost_unknown, events, failed)`;
}

async function addDaily(tx: Executor, rows: readonly RollupRow[]): Promise<void> {
  await sql`insert into usage_rollups as have (organisation_id, project_id, key_id, resource, day, bucket, quantity, charge, cost, cost_unknown, events, failed)
    select organisation_id, project_id, key_id, resource, day, bucket, quantity, charge, cost, cost_unknown, events, failed from ${given(rows)}
    on conflict (organisation_id, day, project_id, key_id, resource, bucket) do update set ${ADDED}`.execute(tx);
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
