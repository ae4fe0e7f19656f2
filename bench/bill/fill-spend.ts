import type { PoolClient } from 'pg';
import { BACKEND, CHARGE, COST, FAILED, INPUT, MODEL, OUTPUT, SCENARIO, TAGS, USER, madeCalls } from './made.ts';

const FIGURES = `count(*), count(*) filter (where ${FAILED}), sum(${CHARGE}), sum(${CHARGE}), sum(${COST}), 0, sum(${INPUT}), 0, 0, sum(${OUTPUT}), 0, 0, 0`;

/** The sums of the page Spend, as the follower would make them of these calls: it takes many minutes for ten millions. */
export async function fillSpend(client: PoolClient, organisationId: string, howMany: number, nowMs: number): Promise<void> {
  const calls = madeCalls(0, howMany, howMany, nowMs);
  const utc = `(at at time zone 'UTC')`;
  await client.query(`set work_mem = '512MB'`);
  await client.query(`insert into spend_days select $1::uuid, ${utc}::date, p.id, k.id, ${MODEL}, $2, 'default', ${USER}, ${SCENARIO}, ${TAGS}, ${FIGURES} from ${calls} group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10`, [organisationId, BACKEND]);
  await client.query(`insert into spend_hours select $1::uuid, date_trunc('hour', at, 'UTC'), p.id, ${MODEL}, $2, 'default', ${FIGURES} from ${calls} group by 1, 2, 3, 4, 5, 6`, [organisationId, BACKEND]);
}
