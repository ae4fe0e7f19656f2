import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { monthDays, type Month } from './months.ts';

/** What one project, key and model used in a month. */
export interface SumLine {
  readonly projectId: string;
  readonly keyId: string | null;
  readonly resource: string;
  readonly requests: bigint;
  /** Bucket → whole number as text. */
  readonly quantities: Readonly<Record<string, string>>;
  readonly charge: bigint;
  /** Null: the cost of at least one of the events is not known. */
  readonly cost: bigint | null;
}

interface Row {
  project_id: string;
  key_id: string | null;
  resource: string;
  requests: string;
  quantities: Record<string, string> | null;
  charge: string;
  cost: string;
  cost_unknown: string;
}

/**
 * The month's sums of each project, key and model, whatever the number of events and days. Dearest first.
 */
export async function monthLines(executor: Executor, organisationId: string, month: Month, projectId: string | null = null): Promise<SumLine[]> {
  const { from } = monthDays(month);
  const ofProject = projectId === null ? sql`true` : sql`project_id = ${projectId}`;
  const { rows } = await sql<Row>`
    with sums as (
      select project_id, key_id, resource, bucket, quantity, charge, cost, cost_unknown, events
      from usage_months
      where organisation_id = ${organisationId} and month = ${from}::date and ${ofProject}
    )
    select project_id, key_id, resource,
      coalesce(sum(events) filter (where bucket = 'total'), 0)::text as requests,
      jsonb_object_agg(bucket, quantity::text) filter (where bucket <> 'total') as quantities,
      coalesce(sum(charge) filter (where bucket = 'total'), 0)::text as charge,
      coalesce(sum(cost) filter (where bucket = 'total'), 0)::text as cost,
      coalesce(sum(cost_unknown) filter (where bucket = 'total'), 0)::text as cost_unknown
    from sums group by project_id, key_id, resource`.execute(executor);
  return rows.map(toLine).sort(dearestFirst);
}

/** What leased machines cost for the month's calls, from the sums of spend: they follow some minutes behind. */
export async function machineCost(executor: Executor, organisationId: string, month: Month, projectId: string | null = null): Promise<bigint> {
  const { from, to } = monthDays(month);
  const ofProject = projectId === null ? sql`true` : sql`project_id = ${projectId}`;
  const { rows: [row] } = await sql<{ cost: string }>`select coalesce(sum(machine), 0)::text as cost from spend_keys
    where organisation_id = ${organisationId} and day >= ${from}::date and day < ${to}::date and ${ofProject}`.execute(executor);
  return BigInt(row!.cost);
}

/** Charge per month, of every month that has usage or of those from `fromMonth` on. */
export async function chargeByMonth(executor: Executor, organisationId: string, fromMonth: Month | null): Promise<{ month: Month; charge: bigint }[]> {
  const from = fromMonth === null ? sql`true` : sql`day >= ${monthDays(fromMonth).from}::date`;
  const { rows } = await sql<{ month: string; charge: string }>`
    select to_char(day, 'YYYY-MM') as month, sum(charge)::text as charge
    from usage_days where organisation_id = ${organisationId} and bucket = 'total' and ${from}
    group by 1 order by 1`.execute(executor);
  return rows.map((row) => ({ month: row.month, charge: BigInt(row.charge) }));
}

function toLine(row: Row): SumLine {
  return {
    projectId: row.project_id, keyId: row.key_id, resource: row.resource, requests: BigInt(row.requests), quantities: row.quantities ?? {},
    charge: BigInt(row.charge), cost: row.cost_unknown === '0' ? BigInt(row.cost) : null,
  };
}

function dearestFirst(a: SumLine, b: SumLine): number {
  if (a.charge !== b.charge) return a.charge > b.charge ? -1 : 1;
  const [one, other] = [a, b].map((line) => `${line.projectId} ${line.keyId ?? ''} ${line.resource}`) as [string, string];
  return one < other ? -1 : 1;
}
