import { sql, type RawBuilder } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { bucketOf } from '../latency/histogram.ts';
import { NAMES_AT_MOST, month, namesTold, tags, text, tierOf } from './names.ts';

/** A run of one log's events: those behind `after`, up to and with `upTo`. */
export interface Run {
  readonly epochId: string;
  readonly after: bigint;
  readonly upTo: bigint;
}

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
/** What percentiles are made of, read once from a call's attributes. */
const timed = sql`coalesce((${served}) ->> 'backendId', '') as backend, case when outcome <> 'failed' then ${number('{timings,firstTokenMs}')} end as first_ms,
    case when outcome = 'completed' then ${number('{timings,totalMs}')} end as whole_ms, (${quantity('output', 'reasoning')})::float8 as answered`;

/** One row for each value that a call has. Tokens per second are those after the first, over the time after the first. */
const measured = (calls: RawBuilder<unknown>) => sql`
    select organisation_id, occurred_at, project_id, resource, backend, metric, ${bucketOf(sql`value`)} as bucket
    from ${calls} as calls cross join lateral (values
      ('first_token', first_ms), ('whole', whole_ms),
      ('tokens_per_second', case when first_ms > 0 and whole_ms - first_ms >= 1 and answered > 1 then (answered - 1) * 1000 / (whole_ms - first_ms) end)
    ) as one (metric, value)
    where value > 0`;

/** The values of each call out of a source with the columns of `usage_events`. */
export function measurements(source: RawBuilder<unknown>): RawBuilder<unknown> {
  // The offset keeps Postgres from reading the attributes again for every value.
  return measured(sql`(select organisation_id, occurred_at, project_id, resource, ${timed} from ${source} as events where kind = 'call' offset 0)`);
}

/** What a call adds to a sum. */
export const FIGURES = ['requests', 'failed', 'charge', 'charge_known', 'cost', 'cost_unknown', 'input', 'cache_read', 'cache_write', 'output', 'reasoning', 'audio', 'image'] as const;
const names = sql.raw(FIGURES.join(', '));
const sums = sql.raw(FIGURES.map((figure) => `sum(${figure})`).join(', '));
const namedSums = sql.raw(FIGURES.map((figure) => `sum(${figure}) as ${figure}`).join(', '));
const added = sql.raw(FIGURES.map((figure) => `${figure} = have.${figure} + excluded.${figure}`).join(', '));

/**
 * Adds a run of events to the sums, in Postgres: two readings of the run, whatever its size. In the caller's
 * transaction, which also moves the mark: that makes each event count once.
 * @returns the organisations whose sums changed.
 */
export async function fold(tx: Executor, run: Run): Promise<string[]> {
  await admitNames(tx, run);
  const { rows } = await sql<{ organisation_id: string }>`
    with read as materialized (
      select organisation_id, project_id, key_id, resource, kind, occurred_at, outcome, charge, cost, ${month} as month, ${tierOf} as tier,
        ${text('user')} as user_name, ${text('scenario')} as scenario, ${tags} as tags, ${timed},
        ${quantity('input')} as input, ${quantity('cache_read')} as cache_read, ${quantity('cache_write', 'cache_write_1h')} as cache_write, ${quantity('output')} as output,
        ${quantity('reasoning')} as reasoning, ${quantity('audio_input', 'audio_output')} as audio, ${quantity('image_input')} as image,
        case when cost is not null and jsonb_typeof(attributes #> '{attempts,1}') = 'object' then attributes -> 'attempts' end as attempts,
        case when jsonb_typeof(attributes #> '{attempts,1}') = 'object' then ${served} end as served
      from usage_events where ${given(run)}
    ), parts as (
      select organisation_id, (occurred_at at time zone 'UTC')::date as day, date_trunc('hour', occurred_at, 'UTC') as hour, project_id, key_id, resource, backend, tier,
        ${namesTold},
        case when kind = 'call' then 1 else 0 end as requests, case when outcome = 'failed' then 1 else 0 end as failed, charge, case when cost is null then 0 else charge end as charge_known,
        case when cost is null then 0 when served is null then cost else coalesce((served ->> 'cost')::numeric, 0) end as cost,
        case when cost is null then 1 else 0 end as cost_unknown, input, cache_read, cache_write, output, reasoning, audio, image, attempts, served
      from read as events
    ), all_parts as (
      select organisation_id, day, hour, project_id, key_id, resource, backend, tier, user_name, scenario, tags, ${names} from parts
      union all
      select organisation_id, day, hour, project_id, key_id, resource, coalesce(one ->> 'backendId', ''), tier, user_name, scenario, tags,
        0, 0, 0, 0, coalesce((one ->> 'cost')::numeric, 0), 0, 0, 0, 0, 0, 0, 0, 0
      from parts cross join lateral jsonb_array_elements(attempts) with ordinality as tried (one, place)
      where attempts is not null and not case when served ? 'delivered' then coalesce(one -> 'delivered' = 'true', false) else place = jsonb_array_length(attempts) end
    ), measured as materialized (
      select organisation_id, date_trunc('hour', occurred_at, 'UTC') as at, project_id, resource, backend, metric, bucket, count(*) as calls
      from (${measured(sql`(select * from read where kind = 'call')`)}) as one group by 1, 2, 3, 4, 5, 6, 7
    ), days as materialized (
      select organisation_id, day, project_id, key_id, resource, backend, tier, user_name, scenario, tags, ${namedSums} from all_parts group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
    ), into_keys as (
      insert into spend_keys as have (organisation_id, day, project_id, key_id, resource, backend, tier, ${names})
      select organisation_id, day, project_id, key_id, resource, backend, tier, ${sums} from days group by 1, 2, 3, 4, 5, 6, 7
      on conflict (organisation_id, day, project_id, key_id, resource, backend, tier) do update set ${added}
    ), into_words as (
      insert into spend_words as have (organisation_id, day, project_id, resource, backend, tier, scenario, tags, ${names})
      select organisation_id, day, project_id, resource, backend, tier, scenario, tags, ${sums} from days group by 1, 2, 3, 4, 5, 6, 7, 8
      on conflict (organisation_id, day, project_id, resource, backend, tier, scenario, tags) do update set ${added}
    ), into_labels as (
      insert into spend_labels as have (organisation_id, kind, day, project_id, name, tags, ${names})
      select organisation_id, kind, day, project_id, name, labels.tags, ${sums} from days
      cross join lateral (values ('user', user_name, '{}'::text[]), ('scenario', scenario, '{}'), ('tags', '', days.tags)) as labels (kind, name, tags) group by 1, 2, 3, 4, 5, 6
      on conflict (organisation_id, kind, day, project_id, name, tags) do update set ${added}
    ), into_days as (
      insert into spend_days as have (organisation_id, day, project_id, key_id, resource, backend, tier, user_name, scenario, tags, ${names})
      select organisation_id, day, project_id, key_id, resource, backend, tier, user_name, scenario, tags, ${names} from days
      on conflict (organisation_id, day, project_id, key_id, resource, backend, tier, user_name, scenario, tags) do update set ${added}
    ), into_hours as (
      insert into spend_hours as have (organisation_id, hour, project_id, resource, backend, tier, ${names})
      select organisation_id, hour, project_id, resource, backend, tier, ${sums} from all_parts group by 1, 2, 3, 4, 5, 6
      on conflict (organisation_id, hour, project_id, resource, backend, tier) do update set ${added}
    ), into_latency as (
      insert into latency_rollups as have (organisation_id, span, at, project_id, resource, backend, metric, bucket, calls)
      select organisation_id, 'hour', at, project_id, resource, backend, metric, bucket, calls from measured
      union all
      select organisation_id, 'day', date_trunc('day', at, 'UTC'), project_id, resource, backend, metric, bucket, sum(calls) from measured group by 1, 3, 4, 5, 6, 7, 8
      on conflict (organisation_id, span, at, project_id, resource, backend, metric, bucket) do update set calls = have.calls + excluded.calls
    )
    select distinct organisation_id from read`.execute(tx);
  return rows.map((row) => row.organisation_id);
}
