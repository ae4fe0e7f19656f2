import { sql, type RawBuilder } from 'kysely';
import { TandemError } from '../../base/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import { parseAdmission } from '../events/records.ts';
import { closeEpoch } from './epochs.ts';

/** A gateway says every 2 s that it lives; this long without a word, it does not. Clocks of machines differ by less. */
const SILENT_MS = 60_000;

/** A gateway that ended without posting its log, on whose home none runs that could: its slices count as spent, and no month closes. */
export interface LostEpoch {
  readonly id: string;
  readonly host: string;
  /** Where its log lay, on that host. */
  readonly folder: string;
  readonly lastSeenAt: string;
  /** Calls that were open as far as its log was posted, and slices of budgets that it holds. */
  readonly openCalls: number;
  readonly slices: number;
}

/** Everything that ended before this is posted; null: no process has anything that is not. */
export async function postedThrough(executor: Executor): Promise<Date | null> {
  const { rows: [row] } = await sql<{ through: Date | null }>`select min(coalesce(posted_through, started_at)) as through
    from epochs where kind = 'log' and closed_at is null`.execute(executor);
  return row?.through ?? null;
}

/** All that are lost at `nowMs`, oldest first. */
export async function lostEpochs(database: Pick<Database, 'unscoped'>, nowMs: number): Promise<LostEpoch[]> {
  const { rows } = await sql<{ id: string; host: string; folder: string; heartbeat_at: Date; open_calls: number; slices: number }>`
    select e.id, e.host, e.folder, e.heartbeat_at, (select count(*)::int from holds h where h.epoch_id = e.id) as open_calls,
      (select count(*)::int from slices s where s.epoch_id = e.id and s.amount > 0)
        + (select count(*)::int from budget_name_slices s where s.epoch_id = e.id and s.amount > 0) as slices
    from epochs e where ${isLost(nowMs)} order by e.started_at`.execute(database.unscoped('epochs stand above organisations: an operator looks after them'));
  return rows.map((row) => ({ id: row.id, host: row.host, folder: row.folder, lastSeenAt: row.heartbeat_at.toISOString(), openCalls: row.open_calls, slices: row.slices }));
}

/**
 * Ends a lost epoch without its log, whose disk is gone for good. Its open calls are counted as lost, its slices are free again.
 * @throws TandemError resource_not_found when there is no such epoch, or it is closed; gateway_lives when it, or another on its home, runs.
 */
export async function forgetEpoch(database: Pick<Database, 'transaction'>, epochId: string, nowMs: number): Promise<{ lostCalls: number }> {
  return database.transaction(async (tx) => {
    const { rows: [epoch] } = await sql<{ host: string; lost: boolean }>`select host, ${isLost(nowMs)} as lost from epochs e
      where id = ${epochId} and kind = 'log' and closed_at is null for update`.execute(tx);
    if (epoch === undefined) throw new TandemError('resource_not_found', { params: { kind: 'open gateway', id: epochId, verb: 'doctor' } });
    if (!epoch.lost) throw new TandemError('gateway_lives', { params: { id: epochId, host: epoch.host } });
    const holds = await tx.selectFrom('holds').select('admission').where('epoch_id', '=', epochId).execute();
    const lostHeld = holds.reduce((sum, { admission }) => sum + parseAdmission(admission).hold, 0n);
    await closeEpoch(tx, epochId, { atMs: nowMs, lostCalls: holds.length, lostHeld, forgotten: true });
    return { lostCalls: holds.length };
  });
}

/** Of the row `e`: silent for long, and nobody else on its home who would post its log. */
function isLost(nowMs: number): RawBuilder<boolean> {
  const since = new Date(nowMs - SILENT_MS);
  return sql<boolean>`(e.kind = 'log' and e.closed_at is null and e.heartbeat_at < ${since} and not exists (
    select from epochs o where o.home = e.home and o.kind = 'log' and o.closed_at is null and o.fenced_at is null and o.heartbeat_at >= ${since}))`;
}
