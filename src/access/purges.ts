import { sql } from 'kysely';
import type { Executor } from '../db/index.ts';
import type { AccessContext } from './context.ts';

/** When a project's content was purged: what began before is not kept afterwards, however late it ends. Another room purges. */
export class Purges {
  readonly #context: Pick<AccessContext, 'database' | 'directory'>;

  constructor(context: Pick<AccessContext, 'database' | 'directory'>) {
    this.#context = context;
  }

  /**
   * Notes a purge. From here to the end of its transaction nobody writes content of the project.
   * @param atMs UTC milliseconds. A clock that goes back does not take an earlier purge back.
   */
  async note(tx: Executor, organisationId: string, projectId: string, atMs: number): Promise<void> {
    const { database, directory } = this.#context;
    const at = new Date(atMs);
    await database.scoped(organisationId, tx).updateTable('projects').set({ content_purged_at: sql<Date>`greatest(content_purged_at, ${at})` }).where('id', '=', projectId).execute();
    await directory.announce(tx, 'project', projectId);
  }

  /**
   * Whether what began at a time may be kept, for as long as the transaction lasts: a purge waits for its end.
   * @param beganMs UTC milliseconds. In the millisecond of a purge counts as before it.
   */
  async allow(tx: Executor, organisationId: string, projectId: string, beganMs: number): Promise<boolean> {
    const row = await this.#context.database.scoped(organisationId, tx).selectFrom('projects').select('content_purged_at').where('id', '=', projectId).forShare().executeTakeFirst();
    return !row?.content_purged_at || row.content_purged_at.getTime() < beganMs;
  }
}
