import { sql, type RawBuilder } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { bucketOf } from '../latency/histogram.ts';

/** A run of one log's events: those behind `after`, up to and with `upTo`. */
export interface Run {
  readonly epochId: string;
  readonly after: bigint;
  readonly upTo: bigint;
}

/** Users, scenarios and sets of tags of one organisation and month that have rows of their own. */
const NAMES_AT_MOST = 2_000;
/** Stands for all the others. */
export const OTHER = '(other)';
/** A name that a caller chose is kept up to this many characters. */
const NAME_LENGTH = 128;

const text = (field: string) => sql<string>`coalesce(left(attributes ->> ${sql.lit(field)}, ${sql.lit(NAME_LENGTH)}), '')`;
const month = sql`date_trunc('month', occurred_at at time zone 'UTC')::date`;
const tags = sql`case when jsonb_typeof(attributes -> 'tags') = 'array' then (
    select coalesce(array_agg(distinct left(tag, ${sql.lit(NAME_LENGTH)}) order by left(tag, ${sql.lit(NAME_LENGTH)})), '{}') from jsonb_array_elements_text(attributes -> 'tags') as tag
  ) else '{}'::text[] end`;

const given = ({ epochId, after, upTo }: Run) => sql`epoch_id = ${epochId}::uuid and sequence > ${String(after)}::bigint and sequence <= ${String(upTo)}::bigint`;

/** Gives rows of their own to names that are new in this run, as long as there is room; who comes first is decided once. */
async function admitNames(tx: Executor, run: Run): Promise<void> {
  await sql`
    with named as (
      select organisation_id, ${month} as month, ${text('user')} as user_name, ${text('scenario')} as scenario, array_to_string(${tags}, chr(31)) as tags
      from usage_events where ${given(run)} and attributes ?| array['user', 'scenario', 'tags']
    ), fresh as (
      select distinct organisation_id, month, kind, name from named
      cross join lateral (values ('user', user_name), ('scenario', scenario), ('tags', tags)) as one (kind, name)
      where name <> '' and not exists (select from sight_names have where have.organisation_id = named.organisation_id and have.month = named.month and have.kind = one.kind and have.name = one.name)
    ), placed as (
      select fresh.*, row_number() over (partition by organisation_id, month, kind order by name) as place,
        (select count(*) from sight_names have where have.organisation_id = fresh.organisation_id and have.month = fresh.month and have.kind = fresh.kind) as taken
      from fresh
    )
    insert into sight_names (organisation_id, month, kind, name)
    select organisation_id, month, kind, name from placed where place + taken <= ${sql.lit(NAMES_AT_MOST)} on conflict do nothing`.execute(tx);
}

const quantity = (...buckets: string[]) => sql.join(buckets.map((bucket) => sql`coalesce((quantities ->> ${sql.lit(bucket)})::numeric, 0)`), sql` + `);
/** A number in a call's attributes; null for anything else, which events from outside may have there. */
const number = (path: string) => sql`case when jsonb_typeof(attributes #> ${sql.lit(path)}) = 'number' then (attributes #>> ${sql.lit(path)})::float8 end`;
/** The try whose reply the caller got: the one that says so, else the last. */
const served = sql`coalesce(case when jsonb_typeof(attributes #> '{attempts,1}') = 'object' then jsonb_path_query_first(attributes, '$.attempts[*] ? (@.delivered == true)') end, attributes #> '{attempts,-1}')`;
const isServed = sql`case when served ? 'delivered' then coalesce(one -> 'delivered' = 'true', false) else place = tries end`;
/** On which terms a call ran: the service tier, and whether the project contributes. */
export const tierOf = sql<string>`case when tier <> 'contributor' then service_tier when service_tier = 'default' then tier else tier || ' ' || service_tier end`;

/**
 * The values of each call that percentiles are made of. `source` has the columns of `usage_events`; a metric that a
 * call does not have gives no row. Tokens per second are those after the first, over the time after the first.
 */
export function measurements(source: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    select organisation_id, date_trunc('hour', occurred_at, 'UTC') as hour, project_id, resource, backend, metric, ${bucketOf(sql`value`)} as bucket
    from (
      select organisation_id, occurred_at, project_id, resource, coalesce((${served}) ->> 'backendId', '') as backend, outcome,
        case when outcome <> 'failed' then ${number('{timings,firstTokenMs}')} end as first_ms, ${number('{timings,totalMs}')} as total_ms, (${quantity('output', 'reasoning')})::float8 as tokens
      from ${source} as events where kind = 'call'
    ) as timed cross join lateral (values
      ('first_token', first_ms), ('whole', case when outcome = 'completed' then total_ms end),
      ('tokens_per_second', case when outcome = 'completed' and first_ms > 0 and total_ms - first_ms >= 1 and tokens > 1 then (tokens - 1) * 1000 / (total_ms - first_ms) end)
    ) as measured (metric, value)
    where value > 0`;
}

const FIGURES = ['requests', 'failed', 'charge', 'charge_known', 'cost', 'cost_unknown', 'input', 'cache_read', 'cache_write', 'output', 'reasoning', 'audio', 'image'] as const;
const names = sql.raw(FIGURES.join(', '));
const sums = sql.raw(FIGURES.map((figure) => `sum(${figure})`).join(', '));
const added = sql.raw(FIGURES.map((figure) => `${figure} = have.${figure} + excluded.${figure}`).join(', '));

/**
 * Adds a run of events to the sums, in Postgres: two readings of the run, whatever its size. In the caller's
 * transaction, which also moves the mark: that makes each event count once.
 * @returns the organisations whose sums changed.
 */
export async function fold(tx: Executor, run: Run): Promise<string[]> {
  await admitNames(tx, run);
  const known = (kind: string, name: string) => sql`exists (select from sight_names have where have.organisation_id = events.organisation_id
    and have.month = events.month and have.kind = ${sql.lit(kind)} and have.name = ${sql.raw(name)})`;
  const { rows } = await sql<{ organisation_id: string }>`
    with read as materialized (
      select organisation_id, project_id, key_id, resource, kind, occurred_at, outcome, charge, cost, quantities, attributes, ${month} as month,
        ${tierOf} as tier, ${served} as served, ${text('user')} as user_name, ${text('scenario')} as scenario, ${tags} as tags,
        case when jsonb_typeof(attributes -> 'attempts') = 'array' then jsonb_array_length(attributes -> 'attempts') else 0 end as tries
      from usage_events where ${given(run)}
    ), named as materialized (
      select organisation_id, (occurred_at at time zone 'UTC')::date as day, date_trunc('hour', occurred_at, 'UTC') as hour, project_id, key_id, resource, tier,
        case when user_name = '' or ${known('user', 'user_name')} then user_name else ${OTHER} end as user_name,
        case when scenario = '' or ${known('scenario', 'scenario')} then scenario else ${OTHER} end as scenario,
        case when tags = '{}' or ${known('tags', 'array_to_string(tags, chr(31))')} then tags else array[${OTHER}] end as tags,
        outcome, charge, cost, quantities, attributes, served, tries
      from read as events
    ), parts as (
      select organisation_id, day, hour, project_id, key_id, resource, coalesce(served ->> 'backendId', '') as backend, tier, user_name, scenario, tags,
        1 as requests, case when outcome = 'failed' then 1 else 0 end as failed, charge, case when cost is null then 0 else charge end as charge_known,
        case when cost is null then 0 when tries > 1 then coalesce((served ->> 'cost')::numeric, 0) else cost end as cost,
        case when cost is null then 1 else 0 end as cost_unknown, ${quantity('input')} as input, ${quantity('cache_read')} as cache_read,
        ${quantity('cache_write', 'cache_write_1h')} as cache_write, ${quantity('output')} as output, ${quantity('reasoning')} as reasoning,
        ${quantity('audio_input', 'audio_output')} as audio, ${quantity('image_input')} as image
      from named
      union all
      select organisation_id, day, hour, project_id, key_id, resource, coalesce(one ->> 'backendId', ''), tier, user_name, scenario, tags,
        0, 0, 0, 0, coalesce((one ->> 'cost')::numeric, 0), 0, 0, 0, 0, 0, 0, 0, 0
      from named cross join lateral jsonb_array_elements(case when tries > 1 and cost is not null then attributes -> 'attempts' else '[]' end) with ordinality as tried (one, place)
      where not ${isServed}
    ), into_days as (
      insert into spend_days as have (organisation_id, day, project_id, key_id, resource, backend, tier, user_name, scenario, tags, ${names})
      select organisation_id, day, project_id, key_id, resource, backend, tier, user_name, scenario, tags, ${sums} from parts group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
      on conflict (organisation_id, day, project_id, key_id, resource, backend, tier, user_name, scenario, tags) do update set ${added}
    ), into_hours as (
      insert into spend_hours as have (organisation_id, hour, project_id, resource, backend, tier, ${names})
      select organisation_id, hour, project_id, resource, backend, tier, ${sums} from parts group by 1, 2, 3, 4, 5, 6
      on conflict (organisation_id, hour, project_id, resource, backend, tier) do update set ${added}
    ), into_latency as (
      insert into latency_rollups as have (organisation_id, hour, project_id, resource, backend, metric, bucket, calls)
      select *, count(*) from (${measurements(sql`read`)}) as measured group by 1, 2, 3, 4, 5, 6, 7
      on conflict (organisation_id, hour, project_id, resource, backend, metric, bucket) do update set calls = have.calls + excluded.calls
    )
    select distinct organisation_id from read`.execute(tx);
  return rows.map((row) => row.organisation_id);
}
