import { sql } from 'kysely';
import { TandemError, type Clock } from '../../base/index.ts';
import { demand } from '../../access/index.ts';
import type { Database } from '../../db/index.ts';
import type { AccessPort, Principal } from '../ports.ts';
import type { ContentStore } from './content-store.ts';

export interface PurgeOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly access: AccessPort;
  readonly store: ContentStore;
}

/** Told with a project's id when its content is purged: what processes keep in memory goes too. */
export const PURGED_CHANNEL = 'content_purged';

/**
 * Removes all content of a project at once: stored responses, files, batches' lines, contributions, comments, kept
 * replies. Usage, bills and the audit trail stay. Open batches are cancelled. It holds for all that began before
 * it: of a call that is just being answered nothing is kept either, see `Purges` in the room `access`.
 * @param name the project's name, as a safeguard.
 * @throws TandemError resource_not_found, invalid_request when the name is another.
 */
export async function purgeProject({ database, clock, access, store }: PurgeOptions, principal: Principal, projectId: string, name: string): Promise<{ removed: number }> {
  demand(principal, 'projects.write');
  const project = access.directory.project(projectId);
  if (project?.organisationId !== principal.organisationId) throw new TandemError('resource_not_found', { params: { kind: 'project', id: projectId, verb: 'projects' } });
  if (name !== project.name) throw new TandemError('invalid_request', { params: { reason: `The name is not that of the project, ${project.name}.` }, param: 'name' });
  const { organisationId } = project;
  const done = await database.transaction(async (tx) => {
    const now = new Date(clock.nowMs());
    const own = database.scoped(organisationId, tx);
    // The order is that of those who keep something: a batch or a job, then the project, then what is said and kept in it.
    // The batches under a new token: a process that works on one finds that it is no longer its own.
    await sql`update batches set sealed_metadata = null, faults = '[]', output_file_id = null, error_file_id = null, lease_token = lease_token + 1, lease_until = null,
        cancelled_at = case when state in ('validating', 'in_progress', 'finalizing', 'cancelling') then ${now} else cancelled_at end,
        state = case when state in ('validating', 'in_progress', 'finalizing', 'cancelling') then 'cancelled' else state end
      where organisation_id = ${organisationId} and project_id = ${projectId}`.execute(tx);
    await sql`update batch_lines set sealed_request = null, sealed_result = null, state = case when batch_lines.state in ('waiting', 'running') then 'failed' else batch_lines.state end
      from batches where batches.organisation_id = ${organisationId} and batches.project_id = ${projectId}
        and batch_lines.organisation_id = batches.organisation_id and batch_lines.batch_id = batches.id`.execute(tx);
    // A response that still runs in the background loses its row, so that its end is not written after this.
    await own.deleteFrom('response_jobs').where('project_id', '=', projectId).execute();
    // From here on nobody keeps anything until the end; who waits for it finds the time. It is taken now, not before the wait for the locks.
    await access.purges.note(tx, organisationId, projectId, clock.nowMs());
    await own.updateTable('feedback').set({ content_id: null }).where('project_id', '=', projectId).execute();
    let removed = await store.removeAll(tx, organisationId, projectId);
    removed += await removeReplies();
    await database.notify(tx, PURGED_CHANNEL, projectId);
    await access.audit.record(tx, principal, { action: 'content.purge', resourceKind: 'project', resourceId: projectId, change: { removed } });
    return { removed };

    /** Replies kept for an Idempotency-Key know only their caller: those of the project's keys go, and of keys that have ended. */
    async function removeReplies(): Promise<number> {
      const callers = await own.selectFrom('idempotent_calls').select('caller_id').distinct().execute();
      const theirs = callers.map(({ caller_id }) => caller_id).filter((id) => {
        const caller = access.directory.principalOfKey(id);
        return caller === null || access.directory.projectFor(caller) === projectId;
      });
      if (theirs.length === 0) return 0;
      return (await own.deleteFrom('idempotent_calls').where('state', '<>', 'running').where('caller_id', 'in', theirs).returning('event_id').execute()).length;
    }
  });
  await access.directory.refresh('project', projectId);
  return done;
}
