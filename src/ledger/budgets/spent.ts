import { sql } from 'kysely';
import type { Executor } from '../../db/index.ts';
import { windowEnd, type Windowed } from './window.ts';

/**
 * What the scope has been charged in the window so far, picodollars. Whole days are read from the sums; only a window that
 * begins inside a day asks the events.
 */
export async function spentInWindow(
  executor: Executor, organisationId: string, scope: { kind: 'organisation' | 'project' | 'key'; id: string }, budget: Windowed, startMs: number,
): Promise<bigint> {
  const fromMs = budget.period === 'total' ? budget.firstWindowMs : startMs;
  const endMs = windowEnd(budget.period, startMs);
  const column = { organisation: sql`organisation_id`, project: sql`project_id`, key: sql`key_id` }[scope.kind];
  const wholeDays = fromMs % 86_400_000 === 0;
  const { rows: [row] } = wholeDays
    ? await sql<{ spent: string }>`select coalesce(sum(charge), 0)::text as spent from usage_rollups
        where organisation_id = ${organisationId} and ${column} = ${scope.id} and bucket = 'total'
          and day >= ${dayOf(fromMs)}::date ${endMs === null ? sql`` : sql`and day < ${dayOf(endMs)}::date`}`.execute(executor)
    : await sql<{ spent: string }>`select coalesce(sum(charge), 0)::text as spent from usage_events
        where organisation_id = ${organisationId} and ${column} = ${scope.id} and occurred_at >= ${new Date(fromMs)}`.execute(executor);
  return BigInt(row?.spent ?? 0);
}

function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
