import { sql } from 'kysely';
import type { Database, Executor } from '../../db/index.ts';
import type { SliceStore } from '../slices/store.ts';

/**
 * Slices of limits in Postgres. As with budgets a window's row is locked before its slices' rows. What was used stays
 * leased until the minute is over: a request or token that was spent never comes back, and a parallel call gives its
 * slot back to its own process.
 */
export function createLimitStore(database: Pick<Database, 'unscoped'>, epochId: string): SliceStore {
  const db = (): Executor => database.unscoped('slices are moved by the ids of limits that the admission already matched to the caller');
  const at = (startMs: number) => new Date(startMs);

  return {
    async lease({ organisationId, ownerId, counted, windowStartMs }, { least, demand, wish }) {
      const share = (rest: string) => sql`least(${sql.raw(rest)}, least(${String(wish)}::bigint, greatest(${String(demand)}::bigint, (${sql.raw(rest)}) / 4)))`;
      const { rows: [row] } = await sql<{ granted: string; rest: string }>`
        with granted as (
          insert into limit_windows as have (organisation_id, limit_id, counted, window_start, amount, leased, last_grant)
          select l.organisation_id, l.id, ${counted}, ${at(windowStartMs)}, l.amount, ${share('l.amount')}, ${share('l.amount')} from limits l
          where l.id = ${ownerId} and l.organisation_id = ${organisationId} and l.removed_at is null and l.amount >= ${String(least)}::bigint
            and exists (select from epochs where id = ${epochId} and fenced_at is null)
          on conflict (limit_id, counted, window_start) do update set
            leased = have.leased + ${share('have.amount - have.leased')}, last_grant = ${share('have.amount - have.leased')}
            where have.amount - have.leased >= ${String(least)}::bigint
          returning organisation_id, limit_id, counted, window_start, last_grant, amount - leased as rest
        ), taken as (
          insert into limit_slices as have (organisation_id, limit_id, counted, window_start, epoch_id, amount)
          select organisation_id, limit_id, counted, window_start, ${epochId}::uuid, last_grant from granted
          on conflict (limit_id, counted, window_start, epoch_id) do update set amount = have.amount + excluded.amount
        )
        select last_grant::text as granted, rest::text as rest from granted`.execute(db());
      return row === undefined ? { granted: 0n, rest: 0n } : { granted: BigInt(row.granted), rest: BigInt(row.rest) };
    },
    async giveBack({ ownerId, counted, windowStartMs }, amount) {
      await sql`with freed as (
          update limit_windows set leased = greatest(0, leased - ${String(amount)}::bigint)
          where limit_id = ${ownerId} and counted = ${counted} and window_start = ${at(windowStartMs)}
          returning limit_id, counted, window_start
        )
        update limit_slices s set amount = greatest(0, s.amount - ${String(amount)}::bigint) from freed
        where s.limit_id = freed.limit_id and s.counted = freed.counted and s.window_start = freed.window_start and s.epoch_id = ${epochId}`.execute(db());
    },
    async holders({ ownerId, counted, windowStartMs }) {
      const { rows } = await sql<{ epoch_id: string }>`select epoch_id from limit_slices join epochs on epochs.id = limit_slices.epoch_id
        where limit_id = ${ownerId} and counted = ${counted} and window_start = ${at(windowStartMs)} and limit_slices.amount > 0
          and epoch_id <> ${epochId} and epochs.fenced_at is null`.execute(db());
      return rows.map((row) => row.epoch_id);
    },
    async window({ ownerId, counted, windowStartMs }) {
      const { rows: [row] } = await sql<{ amount: string; leased: string }>`select amount, leased from limit_windows
        where limit_id = ${ownerId} and counted = ${counted} and window_start = ${at(windowStartMs)}`.execute(db());
      return { amount: BigInt(row?.amount ?? 0), spent: 0n, leased: BigInt(row?.leased ?? 0) };
    },
  };
}

/** Windows are looked back at for this long, by clocks that differ. */
const PAST_MS = 10 * 60_000;

/** Forgets minutes that are over, and parallel calls of whom none runs. One process at a time calls it. */
export async function tidyLimitWindows(database: Pick<Database, 'unscoped'>, nowMs: number): Promise<void> {
  const db = database.unscoped('windows of every organisation end alike');
  const past = new Date(nowMs - PAST_MS);
  await sql`delete from limit_slices where (window_start > 'epoch' and window_start < ${past}) or (window_start = 'epoch' and amount = 0)`.execute(db);
  await sql`delete from limit_windows where (window_start > 'epoch' and window_start < ${past}) or (window_start = 'epoch' and leased = 0)`.execute(db);
}
