import { sql, type RawBuilder } from 'kysely';
import type { Clock } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import { snapshot } from '../bill/snapshot.ts';
import { projectLabel } from '../bill/labels.ts';
import type { BackendNames, NamesPort } from '../ports.ts';
import { measurements } from '../sight/fold.ts';
import { idFloor, rangeOf, type Range } from '../sight/range.ts';
import { ERROR_SHARE, valueOf } from './histogram.ts';

/** Half, 95 and 99 in 100 of the calls were at least this good: for times at most so long, for tokens per second at least so many. */
export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly calls: string;
}

/** Milliseconds, and tokens per second after the first. Null: no call had it. */
export interface Latencies {
  readonly firstTokenMs: Percentiles | null;
  readonly tokensPerSecond: Percentiles | null;
  readonly wholeMs: Percentiles | null;
}

export interface LatencySeries extends Latencies {
  /** What the series is of, by the grouping asked for; null where that is not part of it. */
  readonly model: string | null;
  readonly backendId: string | null;
  readonly backendName: string | null;
  readonly projectId: string | null;
  readonly projectName: string | null;
  readonly points: (Latencies & { readonly at: string })[];
}

export interface LatencyView {
  readonly from: string;
  readonly to: string;
  readonly step: 'hour' | 'day';
  readonly by: LatencyGroup;
  /** How far a percentile can lie from the true one, as a share of it. */
  readonly errorShare: number;
  /** Set where only the organisation's newest so many calls were looked at. */
  readonly newestCalls: number | null;
  readonly all: LatencySeries;
  /** Those with the most calls. */
  readonly series: LatencySeries[];
  readonly seriesInAll: number;
}

export type LatencyGroup = 'route' | 'model' | 'backend' | 'project';

export interface LatencyQuery {
  readonly by: LatencyGroup;
  readonly top: number;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly step?: 'hour' | 'day' | undefined;
  readonly projectId?: string | undefined;
  readonly model?: string | undefined;
  readonly backendId?: string | undefined;
  readonly keyId?: string | undefined;
}

export interface LatencyOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly names: NamesPort;
  readonly backendNames: BackendNames;
}

const DAY_MS = 86_400_000;
/** Longer ranges are shown by the day, unless hours are asked for. */
const HOURS_UP_TO_MS = 3 * DAY_MS;
/** A key has no sums of its own: its calls are looked for among this many of the organisation's newest. */
const NEWEST_CALLS = 200_000;

interface Row {
  resource: string | null;
  backend: string | null;
  project_id: string | null;
  at: Date | null;
  metric: 'first_token' | 'tokens_per_second' | 'whole';
  total: string;
  least50: number;
  least95: number;
  least99: number;
  most95: number;
  most99: number;
}

const COLUMNS = { route: ['resource', 'backend'], model: ['resource'], backend: ['backend'], project: ['project_id'] } as const;

/** Percentiles of a range, for everything and by what was asked for. A caller that is bound to a project sees that project's calls. */
export async function showLatency(options: LatencyOptions, principal: Principal, query: LatencyQuery): Promise<LatencyView> {
  demand(principal, 'usage.read');
  const range = rangeOf(query, options.clock.nowMs(), DAY_MS);
  const step = query.step ?? (range.toMs - range.fromMs > HOURS_UP_TO_MS ? 'day' : 'hour');
  return snapshot(options.database, 'percentiles over the rows of the organisation given', async (executor) => {
    const rows = await read(executor, principal, query, range, step);
    const groups = Map.groupBy(rows, (row) => JSON.stringify([row.resource, row.backend, row.project_id]));
    const all = groups.get(EVERYTHING) ?? [];
    groups.delete(EVERYTHING);
    const series = [...groups.values()].map((group) => seriesOf(options, principal, group)).toSorted(busiestFirst);
    return {
      from: new Date(range.fromMs).toISOString(), to: new Date(range.toMs).toISOString(), step, by: query.by, errorShare: ERROR_SHARE,
      newestCalls: query.keyId === undefined ? null : NEWEST_CALLS, all: seriesOf(options, principal, all), series: series.slice(0, query.top), seriesInAll: series.length,
    };
  });
}

const EVERYTHING = JSON.stringify([null, null, null]);

/**
 * One row per series, point in time and metric, and one per series over the whole range (`at` is null). Nearest rank:
 * `least…` is the bucket which so many in 100 calls do not exceed, `most…` the one which so many reach.
 */
async function read(executor: Executor, principal: Principal, query: LatencyQuery, range: Range, step: 'hour' | 'day'): Promise<Row[]> {
  const wanted: readonly string[] = COLUMNS[query.by];
  const by = sql.raw(wanted.join(', '));
  const named = sql.raw(['resource', 'backend', 'project_id'].map((column) => (wanted.includes(column) ? column : `null as ${column}`)).join(', '));
  const { rows } = await sql<Row>`
    with counted as (
      select ${by}, at, metric, bucket, sum(calls) as calls
      from ${source(principal, query, range, step)} as sums where ${filter(principal, query, range, step)}
      group by grouping sets ((${by}, at, metric, bucket), (${by}, metric, bucket), (at, metric, bucket), (metric, bucket))
    ), ranked as (
      select *, sum(calls) over (partition by ${by}, at, metric order by bucket) as reached, sum(calls) over (partition by ${by}, at, metric) as total from counted
    )
    select ${named}, at, metric, max(total)::text as total,
      min(bucket) filter (where reached >= total * 0.5) as least50, min(bucket) filter (where reached >= total * 0.95) as least95, min(bucket) filter (where reached >= total * 0.99) as least99,
      max(bucket) filter (where reached - calls <= total * 0.05) as most95, max(bucket) filter (where reached - calls <= total * 0.01) as most99
    from ranked group by ${by}, at, metric order by at nulls first`.execute(executor);
  return rows;
}

function filter(principal: Principal, query: LatencyQuery, range: Range, step: 'hour' | 'day'): RawBuilder<unknown> {
  const projectId = principal.projectId ?? query.projectId;
  return sql.join([
    sql`organisation_id = ${principal.organisationId} and span = ${sql.lit(step)} and at >= date_trunc(${sql.lit(step)}, ${new Date(range.fromMs)}::timestamptz, 'UTC') and at < ${new Date(range.toMs)}`,
    ...(principal.projectId !== null && query.projectId !== undefined && query.projectId !== principal.projectId ? [sql`false`] : []),
    ...(projectId === undefined ? [] : [sql`project_id = ${projectId}`]),
    ...(query.model === undefined ? [] : [sql`resource = ${query.model}`]),
    ...(query.backendId === undefined ? [] : [sql`backend = ${query.backendId}`]),
  ], sql` and `);
}

/** The sums; for one key its calls among the organisation's newest, in the same form. */
function source({ organisationId }: Principal, { keyId }: LatencyQuery, { fromMs, toMs }: Range, step: 'hour' | 'day'): RawBuilder<unknown> {
  if (keyId === undefined) return sql`latency_rollups`;
  const newest = sql`(select * from (
      select organisation_id, kind, key_id, occurred_at, project_id, resource, outcome, quantities, attributes from usage_events
      where organisation_id = ${organisationId} and id >= ${idFloor(fromMs)}::uuid and id < ${idFloor(toMs)}::uuid order by id desc limit ${sql.lit(NEWEST_CALLS)}
    ) as latest where key_id = ${keyId})`;
  return sql`(select measured.*, ${sql.lit(step)} as span, date_trunc(${sql.lit(step)}, occurred_at, 'UTC') as at, 1 as calls from (${measurements(newest)}) as measured)`;
}

function seriesOf({ names, backendNames }: LatencyOptions, { organisationId }: Principal, rows: readonly Row[]): LatencySeries {
  const { resource = null, backend = null, project_id: projectId = null } = rows[0] ?? {};
  const points = Map.groupBy(rows.filter((row) => row.at !== null), (row) => row.at!.getTime());
  return {
    model: resource, backendId: backend, backendName: backend === null ? null : backendNames(backend), projectId,
    projectName: projectId === null ? null : projectLabel(names, organisationId, projectId),
    ...latencies(rows.filter((row) => row.at === null)),
    points: [...points].toSorted(([a], [b]) => a - b).map(([atMs, ofPoint]) => ({ at: new Date(atMs).toISOString(), ...latencies(ofPoint) })),
  };
}

function latencies(rows: readonly Row[]): Latencies {
  const of = (metric: Row['metric']): Percentiles | null => {
    const row = rows.find((one) => one.metric === metric);
    if (row === undefined) return null;
    const [p95, p99] = metric === 'tokens_per_second' ? [row.most95, row.most99] : [row.least95, row.least99];
    return { p50: valueOf(row.least50), p95: valueOf(p95), p99: valueOf(p99), calls: row.total };
  };
  return { firstTokenMs: of('first_token'), tokensPerSecond: of('tokens_per_second'), wholeMs: of('whole') };
}

function busiestFirst(a: LatencySeries, b: LatencySeries): number {
  const calls = (one: LatencySeries) => Math.max(...[one.firstTokenMs, one.wholeMs, one.tokensPerSecond].map((percentiles) => Number(percentiles?.calls ?? 0)));
  return calls(b) - calls(a);
}
