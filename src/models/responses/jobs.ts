import { sql, type Selectable } from 'kysely';
import type { Database, Executor, Schema } from '../../db/index.ts';

/** A response that waits or runs in the background. */
export interface Job {
  readonly organisationId: string;
  readonly id: string;
  readonly projectId: string;
  readonly keyId: string | null;
  readonly memberId: string | null;
  readonly streamed: boolean;
}

/** A job that this process has taken; the token proves it as long as nobody else has taken it since. */
export interface TakenJob extends Job {
  readonly token: string;
}

const LEASE_SECONDS = 20;

/** The rows of responses that have not ended. Whoever holds the last token of a row ends it; nobody else can. */
export class Jobs {
  readonly #database: Database;
  /** This process, among those on the same database. */
  readonly #owner: string;

  constructor(database: Database, owner: string) {
    this.#database = database;
    this.#owner = owner;
  }

  async add(job: Job, createdAtMs: number, tx: Executor): Promise<void> {
    await this.#database.scoped(job.organisationId, tx).insertInto('response_jobs', {
      id: job.id, project_id: job.projectId, key_id: job.keyId, member_id: job.memberId, streamed: job.streamed, state: 'queued', created_at: new Date(createdAtMs),
    }).execute();
  }

  /** `queued`, `running`, or null when there is none: then it has ended. */
  async state(organisationId: string, id: string): Promise<'queued' | 'running' | null> {
    const row = await this.#database.scoped(organisationId).selectFrom('response_jobs').select('state').where('id', '=', id).executeTakeFirst();
    return row?.state ?? null;
  }

  /** Takes the oldest jobs that wait. */
  take(most: number): Promise<TakenJob[]> {
    return this.#take(sql`state = 'queued'`, most);
  }

  /** Takes jobs whose process has given no sign of life: they were cut. */
  takeCut(most: number): Promise<TakenJob[]> {
    return this.#take(sql`state = 'running' and lease_until < now()`, most);
  }

  /** Says that this process still runs its jobs. */
  async beat(): Promise<void> {
    await this.#database.unscoped('the jobs of this process, of every organisation').updateTable('response_jobs')
      .set({ lease_until: sql<Date>`now() + make_interval(secs => ${LEASE_SECONDS})` }).where('lease_owner', '=', this.#owner).where('state', '=', 'running').execute();
  }

  /** Lets another process take it. */
  async giveBack(job: TakenJob): Promise<void> {
    await this.#own(job).updateTable('response_jobs').set({ state: 'queued', lease_owner: null, lease_until: null })
      .where('id', '=', job.id).where('lease_token', '=', job.token).execute();
  }

  /** Ends a job that was taken. False: another has taken it since, or it was cancelled, so that nothing may be written for it. */
  async end(job: TakenJob, tx: Executor): Promise<boolean> {
    const gone = await this.#own(job, tx).deleteFrom('response_jobs').where('id', '=', job.id).where('lease_token', '=', job.token).returning('id').execute();
    return gone.length > 0;
  }

  /** Ends a job whoever has it. False: it has ended already. */
  async cancel(organisationId: string, id: string, tx: Executor): Promise<boolean> {
    const gone = await this.#database.scoped(organisationId, tx).deleteFrom('response_jobs').where('id', '=', id).returning('id').execute();
    return gone.length > 0;
  }

  #own(job: Job, tx?: Executor) {
    return this.#database.scoped(job.organisationId, tx);
  }

  async #take(where: ReturnType<typeof sql>, most: number): Promise<TakenJob[]> {
    if (most < 1) return [];
    const { rows } = await sql<Selectable<Schema['response_jobs']>>`update response_jobs
      set state = 'running', lease_owner = ${this.#owner}, lease_token = lease_token + 1, lease_until = now() + make_interval(secs => ${LEASE_SECONDS})
      where (organisation_id, id) in (select organisation_id, id from response_jobs where ${where} order by created_at limit ${most} for update skip locked)
      returning *`.execute(this.#database.unscoped('the next jobs of every organisation'));
    return rows.map((row) => ({
      organisationId: row.organisation_id, id: row.id, projectId: row.project_id, keyId: row.key_id, memberId: row.member_id, streamed: row.streamed, token: row.lease_token,
    }));
  }
}
