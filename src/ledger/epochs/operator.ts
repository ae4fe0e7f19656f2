import { sql } from 'kysely';
import { TandemError } from '../../base/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import { closeEpoch, DIRECT_EPOCH } from './epochs.ts';

/** Everything that ended before this is posted; null: no process has anything that is not. */
export async function postedThrough(executor: Executor): Promise<Date | null> {
  const { rows: [row] } = await sql<{ through: Date | null }>`select min(coalesce(posted_through, started_at)) as through
    from epochs where kind = 'log' and closed_at is null`.execute(executor);
  return row?.through ?? null;
}

/**
 * Ends an epoch without its log. Its open calls are counted as lost, its slices are free again.
 * @throws TandemError resource_not_found when there is no such epoch, or it is closed.
 */
export async function forgetEpoch(database: Pick<Database, 'transaction' | 'notify'>, epochId: string, atMs: number): Promise<{ lostCalls: number }> {
  return database.transaction(async (tx) => {
    const epoch = await tx.selectFrom('epochs').select('id').where('id', '=', epochId).where('id', '<>', DIRECT_EPOCH)
      .where('closed_at', 'is', null).forUpdate().executeTakeFirst();
    if (epoch === undefined) throw new TandemError('resource_not_found', { params: { kind: 'open epoch', id: epochId, verb: 'doctor' } });
    const holds = await tx.selectFrom('holds').select('admission').where('epoch_id', '=', epochId).execute();
    const lostHeld = holds.reduce((sum, { admission }) => sum + BigInt((JSON.parse(admission) as [string, number, string])[2]), 0n);
    await closeEpoch(tx, epochId, { atMs, lostCalls: holds.length, lostHeld, forgotten: true });
    return { lostCalls: holds.length };
  });
}
