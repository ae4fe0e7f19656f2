import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { plainArray, textArray } from '../events/arrays.ts';
import { month, namesTold, tags, text, tierOf } from './names.ts';

/** A call's part of what a leased machine cost, as its minutes were split. */
export interface MachineCost {
  /** Whose call it is, which need not be whose machine. */
  readonly organisationId: string;
  readonly eventId: string;
  /** By which its tries name the machine. */
  readonly backendId: string;
  /** Picodollars. */
  readonly cost: bigint;
}

/** Writes parts down for the follower, in the transaction that splits them: each call and machine once. */
export async function noteMachineCosts(tx: Executor, costs: readonly MachineCost[]): Promise<void> {
  if (costs.length === 0) return;
  await sql`insert into machine_costs (organisation_id, event_id, backend, cost)
    select * from unnest(${plainArray(costs.map((one) => one.organisationId))}::text::uuid[], ${plainArray(costs.map((one) => one.eventId))}::text::uuid[], ${textArray(costs.map((one) => one.backendId))}::text::text[],
      ${plainArray(costs.map((one) => one.cost))}::text::numeric[])`.execute(tx);
}

const ZEROS = sql`0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0`;
const figures = sql.raw('requests, failed, charge, charge_known, cost, cost_unknown, input, cache_read, cache_write, output, reasoning, audio, image');

/**
 * Adds parts to the sums, in the row that a try on that machine has: the calls' own day, key, names and tier. A part waits until its call is in
 * the sums, so that its names are told apart as the call's were.
 * @param most parts at a time. The caller's transaction keeps other followers out.
 */
export async function foldMachineCosts(tx: Executor, most: number): Promise<{ readonly counted: number; readonly organisations: readonly string[] }> {
  const { rows } = await sql<{ organisation_id: string; counted: string }>`
    with due as materialized (
      select m.event_id, m.backend as machine_backend, m.cost as machine, e.* from machine_costs m
      join usage_events e on e.organisation_id = m.organisation_id and e.id = m.event_id
      join sight_marks k on k.epoch_id = e.epoch_id and k.sequence >= e.sequence
      where not m.counted order by m.event_id limit ${most}
    ), marked as (
      update machine_costs m set counted = true from due where m.event_id = due.event_id and m.backend = due.machine_backend
    ), read as (
      select organisation_id, project_id, key_id, resource, occurred_at, machine_backend as backend, machine, ${month} as month, ${tierOf} as tier,
        ${text('user')} as user_name, ${text('scenario')} as scenario, ${tags} as tags
      from due
    ), parts as (
      select organisation_id, (occurred_at at time zone 'UTC')::date as day, date_trunc('hour', occurred_at, 'UTC') as hour, project_id, key_id, resource, backend, tier, ${namesTold}, machine
      from read as events
    ), days as materialized (
      select organisation_id, day, project_id, key_id, resource, backend, tier, user_name, scenario, tags, sum(machine) as machine from parts group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
    ), into_keys as (
      insert into spend_keys as have (organisation_id, day, project_id, key_id, resource, backend, tier, ${figures}, machine)
      select organisation_id, day, project_id, key_id, resource, backend, tier, ${ZEROS}, sum(machine) from days group by 1, 2, 3, 4, 5, 6, 7
      on conflict (organisation_id, day, project_id, key_id, resource, backend, tier) do update set machine = have.machine + excluded.machine
    ), into_words as (
      insert into spend_words as have (organisation_id, day, project_id, resource, backend, tier, scenario, tags, ${figures}, machine)
      select organisation_id, day, project_id, resource, backend, tier, scenario, tags, ${ZEROS}, sum(machine) from days group by 1, 2, 3, 4, 5, 6, 7, 8
      on conflict (organisation_id, day, project_id, resource, backend, tier, scenario, tags) do update set machine = have.machine + excluded.machine
    ), into_labels as (
      insert into spend_labels as have (organisation_id, kind, day, project_id, name, tags, ${figures}, machine)
      select organisation_id, kind, day, project_id, name, labels.tags, ${ZEROS}, sum(machine) from days
      cross join lateral (values ('user', user_name, '{}'::text[]), ('scenario', scenario, '{}'), ('tags', '', days.tags)) as labels (kind, name, tags) group by 1, 2, 3, 4, 5, 6
      on conflict (organisation_id, kind, day, project_id, name, tags) do update set machine = have.machine + excluded.machine
    ), into_days as (
      insert into spend_days as have (organisation_id, day, project_id, key_id, resource, backend, tier, user_name, scenario, tags, ${figures}, machine)
      select organisation_id, day, project_id, key_id, resource, backend, tier, user_name, scenario, tags, ${ZEROS}, machine from days
      on conflict (organisation_id, day, project_id, key_id, resource, backend, tier, user_name, scenario, tags) do update set machine = have.machine + excluded.machine
    ), into_hours as (
      insert into spend_hours as have (organisation_id, hour, project_id, resource, backend, tier, ${figures}, machine)
      select organisation_id, hour, project_id, resource, backend, tier, ${ZEROS}, sum(machine) from parts group by 1, 2, 3, 4, 5, 6
      on conflict (organisation_id, hour, project_id, resource, backend, tier) do update set machine = have.machine + excluded.machine
    )
    select organisation_id, count(*)::text as counted from due group by 1`.execute(tx);
  return { counted: rows.reduce((sum, row) => sum + Number(row.counted), 0), organisations: rows.map((row) => row.organisation_id) };
}
