import { sql } from 'kysely';
import type { Principal } from '../ports.ts';
import type { ServingContext } from './context.ts';
import type { ServingRow } from './rows.ts';
import type { ServingMoney } from './view.ts';

/** Figures are of so long. */
const DAYS = 30;
const MILLION = 1_000_000n;

/** What the tokens of a serving cost and brought in the last 30 days, from the minutes that are split. */
export async function servingMoney({ database, clock, access }: Pick<ServingContext, 'database' | 'clock' | 'access'>, principal: Principal, row: ServingRow): Promise<ServingMoney> {
  const from = new Date(Math.max(row.created_at.getTime(), clock.nowMs() - DAYS * 86_400_000));
  const own = database.scoped(principal.organisationId);
  const minutes = await own.selectFrom('replica_minutes').select([
    sql<string>`coalesce(sum(cost) filter (where tokens > 0), 0)::text`.as('busy'), sql<string>`coalesce(sum(cost) filter (where tokens = 0), 0)::text`.as('idle'), sql<string>`coalesce(sum(tokens), 0)::text`.as('tokens'),
    sql<number>`(count(*) filter (where tokens > 0))::int`.as('busyMinutes'), sql<number>`(count(*) filter (where tokens = 0))::int`.as('idleMinutes'),
  ]).where('serving_id', '=', row.id).where('at', '>=', from).executeTakeFirstOrThrow();
  const { charged } = await own.selectFrom('token_shares').select(sql<string>`coalesce(sum(charge), 0)::text`.as('charged')).where('serving_id', '=', row.id).where('at', '>=', from).executeTakeFirstOrThrow();
  const tokens = BigInt(minutes.tokens);
  const perMillion = (amount: bigint) => String((amount * MILLION) / tokens);
  return {
    currency: access.directory.organisation(row.organisation_id)?.currency ?? 'USD', from: from.toISOString(), tokens: minutes.tokens, busyCost: minutes.busy, idleCost: minutes.idle, busyMinutes: minutes.busyMinutes, idleMinutes: minutes.idleMinutes, charged,
    perMillion: tokens === 0n ? null : { charged: perMillion(BigInt(charged)), occupancy: perMillion(BigInt(minutes.busy) + BigInt(minutes.idle)), busy: perMillion(BigInt(minutes.busy)) },
  };
}
