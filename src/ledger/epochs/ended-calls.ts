import { sql } from 'kysely';
import type { Database } from '../../db/index.ts';
import { plainArray } from '../events/arrays.ts';

/**
 * What became of calls that a gateway process had admitted, once nothing can be added to it any more: its log is posted to
 * the end, or given up. For who must not make a call twice over a crash.
 * @returns the ids of those that ended with something delivered, which their callers pay for; null: not known yet.
 */
export async function deliveredCalls(database: Pick<Database, 'unscoped'>, epochId: string, organisationId: string, ids: readonly string[]): Promise<ReadonlySet<string> | null> {
  const db = database.unscoped('epochs stand above organisations; the events are asked for by one');
  const epoch = await db.selectFrom('epochs').select('closed_at').where('id', '=', epochId).executeTakeFirst();
  if (epoch !== undefined && epoch.closed_at === null) return null;
  if (ids.length === 0) return new Set();
  const { rows } = await sql<{ id: string }>`select id from usage_events
    where organisation_id = ${organisationId} and id = any(${plainArray(ids)}::text::uuid[]) and (charge > 0 or quantities <> '{}') and attributes -> 'delivered' is distinct from 'false'`.execute(db);
  return new Set(rows.map(({ id }) => id));
}
