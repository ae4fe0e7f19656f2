import { sql } from 'kysely';
import { demand, type Principal } from '../../access/index.ts';
import type { Clock } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import { seesCosts } from '../costs.ts';
import { idFloor, rangeOf } from './range.ts';

export interface ScenariosQuery {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly projectId?: string | undefined;
}

/** The calls of one scenario, a name that callers give. Counts and amounts are text. */
export interface ScenarioFigures {
  readonly scenario: string;
  readonly calls: string;
  readonly failed: string;
  /** The model declined to answer, or a filter cut it off. */
  readonly refusals: string;
  readonly firstTokenP50Ms: number | null;
  readonly wholeP50Ms: number | null;
  readonly wholeP95Ms: number | null;
  readonly charge: string;
  /** Sum over the calls whose cost is known. Absent: the caller does not see costs. */
  readonly cost?: string;
  readonly costUnknown?: string;
}

const DEFAULT_MS = 30 * 86_400_000;
/** The newest calls of the range that are looked at: bounds the work, whatever the range. */
const MOST_CALLS = 200_000;
const MOST_SCENARIOS = 200;

/** From the events themselves: those of the newest 200,000 calls of the range that name a scenario, the busiest scenario first. */
export async function scenarioFigures({ database, clock }: { readonly database: Database; readonly clock: Clock }, principal: Principal, query: ScenariosQuery): Promise<ScenarioFigures[]> {
  demand(principal, 'usage.read');
  const { fromMs, toMs } = rangeOf(query, clock.nowMs(), DEFAULT_MS);
  const projectId = principal.projectId ?? query.projectId ?? null;
  const ms = (path: string) => sql`(attributes #>> ${sql.lit(path)})::float8`;
  const { rows } = await sql<ScenarioFigures>`
    select left(attributes ->> 'scenario', 128) as scenario, count(*)::text as calls, (count(*) filter (where outcome = 'failed'))::text as failed,
      (count(*) filter (where attributes ->> 'finishReason' in ('content_filter', 'refusal')))::text as refusals,
      percentile_cont(0.5) within group (order by ${ms('{timings,firstTokenMs}')}) filter (where ${ms('{timings,firstTokenMs}')} > 0) as "firstTokenP50Ms",
      percentile_cont(0.5) within group (order by ${ms('{timings,totalMs}')}) filter (where outcome = 'completed') as "wholeP50Ms",
      percentile_cont(0.95) within group (order by ${ms('{timings,totalMs}')}) filter (where outcome = 'completed') as "wholeP95Ms",
      sum(charge)::text as charge, coalesce(sum(cost), 0)::text as cost, (count(*) filter (where cost is null))::text as "costUnknown"
    from (select attributes, outcome, charge, cost, project_id, kind from usage_events
      where organisation_id = ${principal.organisationId} and id >= ${idFloor(fromMs)}::uuid and id < ${idFloor(toMs)}::uuid order by id desc limit ${MOST_CALLS}) as newest
    where kind = 'call' and attributes ? 'scenario' and (${projectId}::uuid is null or project_id = ${projectId}::uuid)
    group by 1 order by count(*) desc, 1 limit ${MOST_SCENARIOS}`.execute(database.unscoped('usage events by organisation, in one statement'));
  return seesCosts(principal) ? rows : rows.map(({ cost: _cost, costUnknown: _unknown, ...seen }) => seen);
}
