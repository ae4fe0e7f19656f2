import type { PoolClient } from 'pg';
import { BACKEND, CHARGE, COST, FAILED, INPUT, MODEL, OUTPUT, SCENARIO, TAGS, USER, madeCalls } from './made.ts';

const FIGURES = `count(*), count(*) filter (where ${FAILED}), sum(${CHARGE}), sum(${CHARGE}), sum(${COST}), 0, sum(${INPUT}), 0, 0, sum(${OUTPUT}), 0, 0, 0`;

const SUMS = ['requests', 'failed', 'charge', 'charge_known', 'cost', 'cost_unknown', 'input', 'cache_read', 'cache_write', 'output', 'reasoning', 'audio', 'image'].map((figure) => `sum(${figure})`).join(', ');

/** The sums of the page Spend, as the follower would make them of these calls, day by day: it takes many minutes for ten millions. */
export async function fillSpend(client: PoolClient, organisationId: string, howMany: number, nowMs: number): Promise<void> {
  const calls = madeCalls(0, howMany, howMany, nowMs);
  const utc = `(at at time zone 'UTC')`;
  await client.query(`set work_mem = '512MB'`);
  await client.query(`insert into spend_days select $1::uuid, ${utc}::date, p.id, k.id, ${MODEL}, $2, 'default', ${USER}, ${SCENARIO}, ${TAGS}, ${FIGURES} from ${calls} group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 order by 2`, [organisationId, BACKEND]);
  await client.query(`insert into spend_week_marks select organisation_id, max(day) - 1 from spend_days group by 1`);
  await client.query(`insert into spend_weeks select organisation_id, date_trunc('week', day)::date, project_id, key_id, resource, backend, tier, user_name, scenario, tags, ${SUMS}, sum(machine) from spend_days
    join spend_week_marks using (organisation_id) where day <= through group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10`);
  await client.query(`insert into spend_keys select organisation_id, day, project_id, key_id, resource, backend, tier, ${SUMS} from spend_days group by 1, 2, 3, 4, 5, 6, 7`);
  await client.query(`insert into spend_words select organisation_id, day, project_id, resource, backend, tier, scenario, tags, ${SUMS} from spend_days group by 1, 2, 3, 4, 5, 6, 7, 8`);
  await client.query(`insert into spend_labels select organisation_id, kind, day, project_id, name, labels.tags, ${SUMS} from spend_days
    cross join lateral (values ('user', user_name, '{}'::text[]), ('scenario', scenario, '{}'), ('tags', '', spend_days.tags)) as labels (kind, name, tags) group by 1, 2, 3, 4, 5, 6`);
  await client.query(`insert into spend_hours select $1::uuid, date_trunc('hour', at, 'UTC'), p.id, ${MODEL}, $2, 'default', ${FIGURES} from ${calls} group by 1, 2, 3, 4, 5, 6`, [organisationId, BACKEND]);
}
