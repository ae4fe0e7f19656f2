import { newId } from '../../src/base/index.ts';
import type { Database } from '../../src/db/index.ts';
import { fillSpend } from './fill-spend.ts';
import { BACKEND, CHARGE, COST, FAILED, INPUT, KEYS, MODEL, OUTPUT, PROJECTS, SCENARIO, TAGS, USER, madeCalls } from './made.ts';

export interface Filled {
  readonly events: number;
  readonly rollups: number;
  /** Sums by day of each key, model, user, scenario and set of tags. */
  readonly spend: number;
  readonly lines: number;
  readonly keyId: string;
  readonly resource: string;
  readonly middleId: string;
}

const CHUNK = 250_000;
/** Events of the last 30 days, evenly over keys and models, and every sum over them. */
export async function fill(database: Database, organisationId: string, howMany: number, onChunk: (done: number) => void): Promise<Filled> {
  const client = await database.pool.connect();
  try {
    const epoch = newId();
    const nowMs = Date.now();
    await client.query(`insert into epochs (id, kind, host, home, folder, pid, started_at, heartbeat_at, chain, closed_at) values ($1, 'log', 'bench', 'bench', 'bench', 1, now(), now(), '\\x00', now())`, [epoch]);
    await client.query(`create temp table bench_keys as select n as place, gen_random_uuid() as id from generate_series(0, ${KEYS - 1}) n`);
    await client.query(`create temp table bench_projects as select n as place, gen_random_uuid() as id from generate_series(0, ${PROJECTS - 1}) n`);
    await client.query(`set synchronous_commit = off`);
    for (let from = 0; from < howMany; from += CHUNK) {
      const to = Math.min(howMany, from + CHUNK);
      // Ids carry the time, as the gateway's do, so that they come in its order.
      await client.query(
        `insert into usage_events (organisation_id, id, project_id, key_id, kind, resource, tier, occurred_at, recorded_at, quantities, charge, cost, currency, price_version_id, outcome, counted, attributes, epoch_id, sequence, hash)
        select $1, (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7000' || lpad(to_hex(32768 + n % 16384), 4, '0') || lpad(to_hex(n), 12, '0'))::uuid, p.id, k.id, 'call', ${MODEL}, 'standard', at, at,
          ('{"input":"' || ${INPUT} || '","output":"' || ${OUTPUT} || '"}')::jsonb, ${CHARGE}, ${COST}, 'USD', null, case when ${FAILED} then 'failed' else 'completed' end, 'backend',
          ('{"attempts":[{"backend":"gpu-1","backendId":"${BACKEND}","backendModel":"llama-70b","cost":"' || ${COST} || '","ms":' || 900 + n % 500 || ',"outcome":"completed"}],"dialect":"chat","hold":"100000","scenario":"' || ${SCENARIO} || '","streamed":true,"tags":' || to_json(${TAGS}) ||
            ',"timings":{"connectMs":0.4,"firstTokenMs":' || 80 + n % 50 || ',"queueMs":0,"totalMs":' || 900 + n % 500 || '},"user":"' || ${USER} || '"}')::jsonb,
          $2, n + 1, decode(repeat('00', 32), 'hex')
        from ${madeCalls(from, to, howMany, nowMs)}`,
        [organisationId, epoch],
      );
      onChunk(to);
    }
    await client.query(`insert into usage_rollups
      select organisation_id, project_id, key_id, resource, (occurred_at at time zone 'UTC')::date, b.bucket, sum(b.quantity), sum(case b.bucket when 'total' then charge else charge / 2 end),
        sum(case b.bucket when 'total' then cost else 0 end), 0, count(*), sum(case when b.bucket = 'total' and outcome = 'failed' then 1 else 0 end)
      from usage_events cross join lateral (values ('total', 0::numeric), ('input', (quantities ->> 'input')::numeric), ('output', (quantities ->> 'output')::numeric)) as b (bucket, quantity)
      where organisation_id = $1 group by 1, 2, 3, 4, 5, 6`, [organisationId]);
    const sums = 'sum(quantity), sum(charge), sum(cost), sum(cost_unknown), sum(events), sum(failed)';
    await client.query(`insert into usage_months select organisation_id, project_id, key_id, resource, date_trunc('month', day)::date, bucket, ${sums} from usage_rollups group by 1, 2, 3, 4, 5, 6`);
    await client.query(`insert into usage_days select organisation_id, project_id, day, bucket, ${sums} from usage_rollups group by 1, 2, 3, 4`);
    await fillSpend(client, organisationId, howMany, nowMs);
    await client.query('update epochs set posted_sequence = $2 where id = $1', [epoch, howMany]);
    await client.query('analyze');
    const counted = async (query: string) => Number((await client.query<{ count: string }>(query)).rows[0]!.count);
    const { rows: [one] } = await client.query<{ id: string; key_id: string; resource: string }>('select id, key_id, resource from usage_events where epoch_id = $1 and sequence = $2', [epoch, Math.floor(howMany / 2)]);
    return {
      events: howMany, rollups: await counted('select count(*) from usage_rollups'), lines: await counted(`select count(*) from usage_months where bucket = 'total'`),
      spend: await counted('select count(*) from spend_days'), keyId: one!.key_id, resource: one!.resource, middleId: one!.id,
    };
  } finally {
    client.release();
  }
}
