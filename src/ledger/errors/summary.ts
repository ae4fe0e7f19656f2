import { sql } from 'kysely';
import type { Clock } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { Database } from '../../db/index.ts';
import { rangeOf } from '../sight/range.ts';

export interface ErrorsQuery {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly projectId?: string | undefined;
}

/** How many calls of a range went wrong, and by what. Counts are whole numbers as text. */
export interface ErrorsView {
  readonly from: string;
  readonly to: string;
  /** Calls that were admitted, by the whole hours that the range touches. */
  readonly admitted: string;
  /** Calls that were answered with an error, admitted ones included. */
  readonly errors: string;
  /** Most frequent first. */
  readonly codes: { readonly code: string; readonly calls: string; readonly lastAt: string }[];
}

const DAY_MS = 86_400_000;

export async function showErrors({ database, clock }: { database: Database; clock: Clock }, principal: Principal, query: ErrorsQuery): Promise<ErrorsView> {
  demand(principal, 'usage.read');
  const { fromMs, toMs } = rangeOf(query, clock.nowMs() + 60_000, DAY_MS);
  const [from, to] = [new Date(fromMs), new Date(toMs)];
  const executor = database.unscoped('both statements name the organisation of the caller');
  const own = sql.join([
    sql`organisation_id = ${principal.organisationId}`, ...[principal.projectId, query.projectId].flatMap((id) => (id === null || id === undefined ? [] : [sql`project_id = ${id}`])),
  ], sql` and `);
  const [admitted, codes] = await Promise.all([
    sql<{ calls: string }>`select coalesce(sum(requests), 0)::text as calls from spend_hours where ${own} and hour >= date_trunc('hour', ${from}::timestamptz, 'UTC') and hour < ${to}`.execute(executor),
    sql<{ code: string; calls: string; last_at: Date }>`select code, sum(calls)::text as calls, max(minute) as last_at from call_error_minutes
      where ${own} and minute >= date_trunc('minute', ${from}::timestamptz) and minute < ${to} group by code order by sum(calls) desc, code`.execute(executor),
  ]);
  return {
    from: from.toISOString(), to: to.toISOString(), admitted: admitted.rows[0]?.calls ?? '0',
    errors: String(codes.rows.reduce((sum, row) => sum + BigInt(row.calls), 0n)),
    codes: codes.rows.map((row) => ({ code: row.code, calls: row.calls, lastAt: row.last_at.toISOString() })),
  };
}
