import { sql, type RawBuilder } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { plainArray, textArray } from './arrays.ts';
import { DAY_MS, type DayOfPlace } from './tally.ts';

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

/** The rows that a set of events adds to. */
export function rollUp(days: readonly DayOfPlace[]): RollupRow[] {
  const rows: RollupRow[] = [];
  for (const { place, day, events, lines, charge, cost, costUnknown, failed } of days) {
    const { organisationId, projectId, keyId, resource } = place;
    const where = { organisationId, projectId, keyId, resource, day: new Date(day * DAY_MS).toISOString().slice(0, 10) };
    rows.push({ ...where, bucket: TOTAL, quantity: 0n, charge, cost, costUnknown, events: events.length, failed });
    for (const [bucket, line] of lines) rows.push({ ...where, bucket, quantity: line.quantity, charge: line.amount, cost: 0n, costUnknown: 0, events: line.events, failed: 0 });
  }
  // Places that differ in tier or price are one row here.
  return fold(rows, (row) => `${row.organisationId} ${row.day} ${row.projectId} ${row.keyId ?? ''} ${row.resource} ${row.bucket}`);
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

/** Sums of sums. Always in the order of their names: batches that touch the same rows wait for each other instead of locking up. */
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
