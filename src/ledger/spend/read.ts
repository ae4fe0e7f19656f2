import { sql, type RawBuilder } from 'kysely';
import type { Principal } from '../../access/index.ts';
import type { Executor } from '../../db/index.ts';
import type { Range } from '../sight/range.ts';
import { dimensionColumn, grouped, isTime, metricSum, oneOf, type Dimension } from './dimensions.ts';
import type { SpendQuery } from './spend.ts';
import { ROWS, daysAndWeeks, sumsFor, type Sums } from './sums.ts';
import type { Weeks } from './weeks.ts';

/** What every read of one page has in common. */
export interface Context {
  readonly principal: Principal;
  readonly query: SpendQuery;
  readonly range: Range;
  /** By the hour, which has sums of its own. */
  readonly hourly: boolean;
  /** Dimensions that filters need told apart, beside those that are added up by. */
  readonly filtered: readonly Dimension[];
  /** Within the range, for reads of every row; null: none, or there is no such read. */
  readonly weeks: Weeks | null;
}

/** Sums of some calls; all as text of whole numbers. `place` is the group; null where there are none. */
export interface FigureRow {
  place: string | null;
  requests: string;
  failed: string;
  charge: string;
  cost: string;
  margin: string;
  machine: string;
  cost_unknown: string;
  tokens: string;
  value: string;
}

const FIGURES = sql`coalesce(sum(requests), 0)::text as requests, coalesce(sum(failed), 0)::text as failed, coalesce(sum(charge), 0)::text as charge, coalesce(sum(cost), 0)::text as cost,
  coalesce(${metricSum('margin')}, 0)::text as margin, coalesce(${metricSum('machine')}, 0)::text as machine, coalesce(sum(cost_unknown), 0)::text as cost_unknown, coalesce(${metricSum('tokens')}, 0)::text as tokens`;

/** Over everything that fits: the metric's value, whether its cost is known, and how many calls. */
export async function valueOf(executor: Executor, context: Context): Promise<Pick<FigureRow, 'value' | 'cost_unknown' | 'requests'>> {
  const { rows: [row] } = await sql<Pick<FigureRow, 'value' | 'cost_unknown' | 'requests'>>`
    select coalesce(${metricSum(context.query.metric)}, 0)::text as value, coalesce(sum(cost_unknown), 0)::text as cost_unknown, coalesce(sum(requests), 0)::text as requests
    from ${rowsOf(context, [])}`.execute(executor);
  return row!;
}

/** By a dimension, or over everything. @param only of these places alone. */
export async function figures(executor: Executor, context: Context, by: Dimension | null, only?: readonly string[]): Promise<FigureRow[]> {
  const apart = by === null ? [] : [by];
  const narrowed = by === null || only === undefined ? null : oneOf(by, only);
  const { rows } = await sql<FigureRow>`select ${by === null ? sql`null` : dimensionColumn(by)} as place, ${FIGURES}, coalesce(${metricSum(context.query.metric)}, 0)::text as value
    from ${rowsOf(context, apart, narrowed)}${by === null ? sql`` : sql` group by ${grouped(by)}`}`.execute(executor);
  return rows;
}

/** By a dimension, the metric's value alone. */
export async function values(executor: Executor, context: Context, by: Dimension): Promise<{ readonly place: string; readonly value: string }[]> {
  const { rows } = await sql<{ place: string; value: string }>`select ${dimensionColumn(by)} as place, coalesce(${metricSum(context.query.metric)}, 0)::text as value
    from ${rowsOf(context, [by])} group by ${grouped(by)}`.execute(executor);
  return rows;
}

/** Whether telling these apart reads every row of the largest sums in the range, and not some that an index of keys or users finds. */
export function readsAll(context: Context, apart: readonly Dimension[]): boolean {
  const { query } = context;
  return sumsOf(context, apart) === 'days' && query.user === undefined && query.keyId === undefined;
}

/**
 * For reads of every row: by the pages of the table, where the planner would go by an index and visit a page for each row. Measured over 372,000
 * rows: a third of the time. In a transaction.
 */
export async function byPages<T>(executor: Executor, work: () => Promise<T>): Promise<T> {
  await sql`set local enable_indexscan = off`.execute(executor);
  const done = await work();
  await sql`set local enable_indexscan = on`.execute(executor);
  return done;
}

function sumsOf({ query, hourly, filtered }: Context, apart: readonly Dimension[]): Sums {
  return hourly ? 'hours' : sumsFor([...apart, ...filtered], query);
}

/**
 * What is read to tell these apart, as what follows `from`: the fewest rows of sums that do, narrowed by who asks, when, and the filters. Where
 * every row of the largest sums would be, whole weeks stand for their days.
 * @param narrowed a further condition, for which an index finds the rows.
 */
export function rowsOf(context: Context, apart: readonly Dimension[], narrowed: RawBuilder<unknown> | null = null): RawBuilder<unknown> {
  const [sums, { fromMs, toMs }] = [sumsOf(context, apart), context.range];
  const [from, to] = [new Date(fromMs).toISOString(), new Date(toMs).toISOString()];
  const weeks = narrowed === null && !apart.some(isTime) && readsAll(context, apart) ? context.weeks : null;
  const rows = weeks === null ? ROWS[sums] : daysAndWeeks(context.principal.organisationId, { from: from.slice(0, 10), to: to.slice(0, 10) }, weeks);
  const asked = [
    ...filters(context),
    ...(narrowed === null ? [] : [narrowed]),
    ...(weeks !== null ? [] : [sums === 'hours' ? sql`hour >= ${from}::timestamptz and hour < ${to}::timestamptz` : sql`day >= ${from.slice(0, 10)}::date and day < ${to.slice(0, 10)}::date`]),
  ];
  // One row for each tag of a call where tags are told apart: then a call is in several.
  const told = apart.includes('tag') ? sql`(select one.*, tag from ${rows} as one cross join lateral unnest(case when tags = '{}' then array[''] else tags end) as tag)` : rows;
  return sql`${told} as sums where ${sql.join(asked, sql` and `)}`;
}

function filters({ principal, query }: Context): RawBuilder<unknown>[] {
  return [
    sql`organisation_id = ${principal.organisationId}`,
    ...(principal.projectId === null ? [] : [sql`project_id = ${principal.projectId}`]),
    ...(query.projectId === undefined ? [] : [sql`project_id = ${query.projectId}`]),
    ...(query.keyId === undefined ? [] : [sql`key_id = ${query.keyId}`]),
    ...(query.model === undefined ? [] : [sql`resource = ${query.model}`]),
    ...(query.backendId === undefined ? [] : [sql`backend = ${query.backendId}`]),
    ...(query.tier === undefined ? [] : [sql`tier = ${query.tier}`]),
    ...(query.user === undefined ? [] : [sql`user_name = ${query.user}`]),
    ...(query.scenario === undefined ? [] : [sql`scenario = ${query.scenario}`]),
    ...(query.tag === undefined ? [] : [sql`${query.tag} = any(tags)`]),
  ];
}
