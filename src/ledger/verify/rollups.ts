import { sql, type RawBuilder } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { Findings, type VerifyScope } from './findings.ts';

/** Stands for "no key" where rows are matched: null is not equal to null. */
const NO_KEY = '00000000-0000-0000-0000-000000000000';
/** Ends a subquery that Postgres is to work out once a row, not wherever its column is named. */
const ONCE = sql`offset 0`;
/** Faults that are read; more would say nothing new. */
const MOST_FAULTS = 1_000;

interface Row {
  organisation_id: string;
  project_id: string;
  key_id: string | null;
  resource: string;
  day: string;
  bucket: string;
  field: string;
  stored: string;
  recomputed: string;
  difference: string;
}

/**
 * Sums all events up again, in Postgres, where ten million rows take no memory of ours, and compares every
 * field of every roll-up. Rating is written a second time here, in SQL: the two must agree.
 */
export async function verifyRollups(executor: Executor, scope: VerifyScope): Promise<Findings> {
  const findings = new Findings('rollups', 'The sums by project, key, model and day are the sums of the events');
  const mine = scope.organisationId === null ? sql`true` : sql`organisation_id = ${scope.organisationId}`;
  const { rows: [counted] } = await sql<{ rows: string }>`select count(*)::text as rows from usage_rollups where ${mine}`.execute(executor);
  findings.count(BigInt(counted?.rows ?? '0'));

  const { rows } = await sql<Row>`
    with events as (
      select organisation_id, project_id, key_id, resource, (occurred_at at time zone 'UTC')::date as day,
        quantities, charge, cost, outcome, price_version_id, service_tier
      from usage_events where ${mine}
    ), rates as materialized (
      select p.id, p.tier, b.key as bucket, ${whole(sql`b.value ->> 'price'`)} as price, ${whole(sql`b.value ->> 'per'`)} as per
      from price_versions p cross join lateral jsonb_each(case jsonb_typeof(p.buckets) when 'object' then p.buckets else '{}' end) b
    ), priced as (
      select e.organisation_id, e.project_id, e.key_id, e.resource, e.day, q.bucket, q.quantity,
        q.quantity * r.price as product, nullif(r.per, 0) * case when e.service_tier = 'flex' and r.tier <> 'flex' then 2 else 1 end as per
      from events e cross join lateral (
        select key as bucket, ${whole(sql`value`)} as quantity from jsonb_each_text(case jsonb_typeof(e.quantities) when 'object' then e.quantities else '{}' end) where value <> '0' ${ONCE}
      ) q left join rates r on r.id = e.price_version_id and r.bucket = q.bucket
    ), lines as (
      select organisation_id, project_id, key_id, resource, day, bucket, quantity,
        quotient + case when 2 * (product - quotient * per) > per or (2 * (product - quotient * per) = per and mod(quotient, 2) = 1) then 1 else 0 end as amount
      from priced cross join lateral (select div(product, per) as quotient ${ONCE}) as divided
    ), sums as (
      select organisation_id, project_id, key_id, resource, day, 'total' as bucket, 0::numeric as quantity, sum(charge) as charge,
        coalesce(sum(cost), 0) as cost, count(*) filter (where cost is null) as cost_unknown, count(*) as events, count(*) filter (where outcome = 'failed') as failed
      from events group by 1, 2, 3, 4, 5
      union all
      select organisation_id, project_id, key_id, resource, day, bucket, sum(quantity), sum(amount), 0, 0, count(*), 0
      from lines group by 1, 2, 3, 4, 5, 6
    ), stored as (
      select organisation_id, project_id, key_id, resource, day, bucket, quantity, charge, cost, cost_unknown, events, failed from usage_rollups where ${mine}
    ), compared as (
      select coalesce(r.organisation_id, s.organisation_id) as organisation_id, coalesce(r.project_id, s.project_id) as project_id, coalesce(r.key_id, s.key_id) as key_id,
        coalesce(r.resource, s.resource) as resource, coalesce(r.day, s.day)::text as day, coalesce(r.bucket, s.bucket) as bucket, f.*
      from stored r full join sums s on r.organisation_id = s.organisation_id and r.project_id = s.project_id and r.resource = s.resource and r.day = s.day
        and r.bucket = s.bucket and coalesce(r.key_id, ${NO_KEY}::uuid) = coalesce(s.key_id, ${NO_KEY}::uuid)
      cross join lateral (values
        ('charge', r.charge, s.charge), ('quantity', r.quantity, s.quantity), ('events', r.events::numeric, s.events::numeric), ('cost', r.cost, s.cost),
        ('cost_unknown', r.cost_unknown::numeric, s.cost_unknown::numeric), ('failed', r.failed::numeric, s.failed::numeric)) as f (field, stored, recomputed)
    )
    select organisation_id, project_id, key_id, resource, day, bucket, field, coalesce(stored::text, 'missing') as stored,
      coalesce(recomputed::text, 'nothing') as recomputed, (coalesce(stored, 0) - coalesce(recomputed, 0))::text as difference
    from compared where stored is distinct from recomputed order by day, resource, bucket limit ${MOST_FAULTS}`.execute(executor);
  for (const row of rows) {
    findings.fault(describe(row, scope.organisationId === null), row.field === 'charge' && row.bucket === 'total' ? BigInt(row.difference) : 0n);
  }
  for (const fault of await foldedFaults(executor, mine)) findings.fault(fault);
  return findings;
}

/** The sums by month, and by day of a project, against those that they are made of. */
async function foldedFaults(executor: Executor, mine: RawBuilder<unknown>): Promise<string[]> {
  const sums = sql`sum(quantity) as quantity, sum(charge) as charge, sum(cost) as cost, sum(cost_unknown) as cost_unknown, sum(events) as events, sum(failed) as failed`;
  const fields = sql`quantity, charge, cost, cost_unknown, events, failed`;
  const { rows } = await sql<{ which: string }>`
    with months as (
      select organisation_id, project_id, key_id, resource, date_trunc('month', day)::date as month, bucket, ${sums} from usage_rollups where ${mine} group by 1, 2, 3, 4, 5, 6
    ), days as (
      select organisation_id, project_id, day, bucket, ${sums} from usage_rollups where ${mine} group by 1, 2, 3, 4
    ), stored_months as (
      select organisation_id, project_id, key_id, resource, month, bucket, ${fields} from usage_months where ${mine}
    ), stored_days as (
      select organisation_id, project_id, day, bucket, ${fields} from usage_days where ${mine}
    )
    select distinct 'month ' || to_char(month, 'YYYY-MM') || ', project ' || project_id || ', key ' || coalesce(key_id::text, '(none)') || ', ' || resource || ', ' || bucket as which
    from ((select * from months except select * from stored_months) union all (select * from stored_months except select * from months)) as m
    union
    select distinct day::text || ', project ' || project_id || ', ' || bucket from ((select * from days except select * from stored_days) union all (select * from stored_days except select * from days)) as d
    order by 1 limit ${MOST_FAULTS}`.execute(executor);
  return rows.map((row) => `the sum of ${row.which} is not the sum of its parts`);
}

/** A whole number kept as text; null for anything else that somebody may have put there. */
function whole(text: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(case when ${text} ~ '^[0-9]{1,38}$' then (${text})::numeric end)`;
}

/** Who verifies one organisation alone sees no costs: then the field is named without what is in it. */
function describe(row: Row, seesCosts: boolean): string {
  const where = `of ${row.day}, project ${row.project_id}, key ${row.key_id ?? '(none)'}, ${row.resource}, ${row.bucket}`;
  if (!seesCosts && row.field === 'cost') return `the sum ${where}: the field cost is not what the events give`;
  return `the sum ${where}: the field ${row.field} is ${row.stored}, the events give ${row.recomputed}`;
}
