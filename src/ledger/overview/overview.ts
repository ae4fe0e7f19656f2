import { sql } from 'kysely';
import type { Clock } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import { ifSeen, seesCosts } from '../costs.ts';
import { callsAmong, otherEntries } from '../bill/calls.ts';
import { monthDays, monthOf, type Month } from '../bill/months.ts';
import { snapshot } from '../bill/snapshot.ts';
import { TOTAL } from '../events/rollups.ts';
import { forecast } from './forecast.ts';

/** This month in a few numbers. Amounts are picodollars as text, counts are whole numbers as text. */
export interface Overview {
  readonly month: Month;
  readonly currency: string;
  readonly spend: string;
  readonly forecast: string | null;
  /** What the operator paid, and what is left of the spend; null: the cost of at least one call is not known. Absent: the caller does not see costs. */
  readonly cost?: string | null;
  readonly margin?: string | null;
  /** Calls of models: time of machines is in the spend, and none of these. */
  readonly requests: string;
  readonly failed: string;
  /** `input` with cache writes, audio and images, `output` with reasoning and audio. */
  readonly tokens: { readonly input: string; readonly cacheRead: string; readonly output: string };
  /** Every day of the month up to today. */
  readonly daily: { readonly day: string; readonly spend: string; readonly requests: string }[];
  /** The ten dearest. */
  readonly models: { readonly resource: string; readonly spend: string; readonly requests: string }[];
  readonly firstTokenMs: { readonly p50: number | null; readonly p95: number | null; readonly calls: number };
}

/** Sums of a day (`resource` is null) or of a model (`day` is null). */
interface Sums {
  day: string | null;
  bucket: string;
  resource: string | null;
  quantity: string;
  spend: string;
  requests: string;
  failed: string;
  cost: string;
  cost_unknown: string;
}

const TOP_MODELS = 10;
const DAY_MS = 86_400_000;
/** Percentiles look at this many of the newest calls at most, so that the page costs the same on a busy server. */
const NEWEST_CALLS = 10_000;

export function overview(options: { database: Database; clock: Clock }, principal: Principal): Promise<Overview> {
  demand(principal, 'usage.read');
  return snapshot(options.database, 'sums over the rows of the organisation given', (executor) => read(executor, principal, options.clock.nowMs()));
}

async function read(executor: Executor, principal: Principal, nowMs: number): Promise<Overview> {
  const month = monthOf(nowMs);
  const { from, to } = monthDays(month);
  const ofProject = principal.projectId === null ? sql`true` : sql`project_id = ${principal.projectId}`;

  // Days from the sums of projects, models from those of the month: neither grows with the other.
  const { rows } = await sql<Sums>`
    select day::text as day, bucket, null as resource, sum(quantity)::text as quantity, sum(charge)::text as spend, sum(events)::text as requests, sum(failed)::text as failed,
      sum(cost)::text as cost, sum(cost_unknown)::text as cost_unknown
    from usage_days where organisation_id = ${principal.organisationId} and day >= ${from}::date and day < ${to}::date and ${ofProject}
    group by day, bucket
    union all
    select null, bucket, resource, '0', sum(charge)::text, sum(events)::text, sum(failed)::text, '0', '0'
    from usage_months where organisation_id = ${principal.organisationId} and month = ${from}::date and bucket = ${TOTAL} and ${ofProject}
    group by resource, bucket`.execute(executor);
  const buckets = rows.filter((row) => row.day !== null && row.bucket !== TOTAL);
  const days = rows.filter((row) => row.day !== null && row.bucket === TOTAL);
  const others = await otherEntries(executor, principal.organisationId, month, { projectId: principal.projectId });
  const [othersOfDay, othersOfModel] = [Map.groupBy(others, (one) => one.day), Map.groupBy(others, (one) => one.resource)];
  const models = rows.flatMap(({ resource, bucket, spend, requests }) => (resource !== null && bucket === TOTAL ? [{ resource, spend, requests: callsAmong(requests, othersOfModel.get(resource) ?? []) }] : []));
  const requests = models.reduce((sum, model) => sum + BigInt(model.requests), 0n);

  const spend = days.reduce((sum, day) => sum + BigInt(day.spend), 0n);
  const cost = days.every((day) => day.cost_unknown === '0') ? days.reduce((sum, day) => sum + BigInt(day.cost), 0n) : null;
  const quantity = (...names: string[]) => String(buckets.reduce((sum, row) => (names.includes(row.bucket) ? sum + BigInt(row.quantity) : sum), 0n));
  const expected = forecast(spend, month, nowMs);
  return {
    month, currency: principal.currency, spend: String(spend), forecast: expected === null ? null : String(expected), ...ifSeen(seesCosts(principal), { cost: cost === null ? null : String(cost), margin: cost === null ? null : String(spend - cost) }), requests: String(requests), failed: String(days.reduce((sum, day) => sum + BigInt(day.failed), 0n)),
    tokens: { input: quantity('input', 'cache_write', 'cache_write_1h', 'audio_input', 'image_input'), cacheRead: quantity('cache_read'), output: quantity('output', 'reasoning', 'audio_output') },
    daily: daysUntil(month, nowMs).map((day) => {
      const found = days.find((one) => one.day === day);
      return { day, spend: found?.spend ?? '0', requests: callsAmong(found?.requests ?? '0', othersOfDay.get(day) ?? []) };
    }),
    models: models.sort(dearestFirst).slice(0, TOP_MODELS), firstTokenMs: await firstTokens(executor, principal, nowMs, ofProject),
  };
}

function dearestFirst(a: Overview['models'][number], b: Overview['models'][number]): number {
  const [spend, requests] = [BigInt(b.spend) - BigInt(a.spend), BigInt(b.requests) - BigInt(a.requests)];
  const first = spend === 0n ? requests : spend;
  if (first !== 0n) return first > 0n ? 1 : -1;
  return a.resource < b.resource ? -1 : 1;
}

/** Ids are UUIDv7: the primary key finds the last day's calls. */
async function firstTokens(executor: Executor, principal: Principal, nowMs: number, ofProject: ReturnType<typeof sql>): Promise<Overview['firstTokenMs']> {
  const since = new Date(nowMs - DAY_MS);
  const { rows } = await sql<{ p50: number | null; p95: number | null; calls: number }>`
    select percentile_disc(0.5) within group (order by ms) as p50, percentile_disc(0.95) within group (order by ms) as p95, count(ms)::int as calls
    from (
      select (attributes #>> '{timings,firstTokenMs}')::float8 as ms from usage_events
      where organisation_id = ${principal.organisationId} and id >= ${idFloor(since.getTime())}::uuid and kind = 'call' and occurred_at >= ${since} and ${ofProject}
        and outcome <> 'failed' and jsonb_typeof(attributes #> '{timings,firstTokenMs}') = 'number'
      order by id desc limit ${NEWEST_CALLS}
    ) as newest`.execute(executor);
  return rows[0] ?? { p50: null, p95: null, calls: 0 };
}

/** The smallest UUID of a time: its milliseconds, then zeros. */
function idFloor(atMs: number): string {
  const hex = atMs.toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

function daysUntil(month: Month, nowMs: number): string[] {
  const today = new Date(nowMs).getUTCDate();
  return Array.from({ length: today }, (_, at) => `${month}-${String(at + 1).padStart(2, '0')}`);
}
