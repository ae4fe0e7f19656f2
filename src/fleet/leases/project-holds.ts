import type { Database, Executor } from '../../db/index.ts';

/** What of a project goes on and costs, in words such as `2 leases`: while there is any, the project stays. */
export async function projectHolds(database: Database, tx: Executor, organisationId: string, projectId: string): Promise<string[]> {
  const own = database.scoped(organisationId, tx);
  const leases = await own.selectFrom('leases').select('id').where('project_id', '=', projectId).where('observed', '<>', 'ended').execute();
  const volumes = await own.selectFrom('volumes').select('id').where('project_id', '=', projectId).where('ended_at', 'is', null).execute();
  return ([['lease', leases], ['volume', volumes]] as const).flatMap(([noun, { length }]) => (length === 0 ? [] : [`${length} ${noun}${length === 1 ? '' : 's'}`]));
}
