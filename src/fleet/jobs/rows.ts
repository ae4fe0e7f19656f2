import type { Selectable } from 'kysely';
import { TandemError, type SecretBox } from '../../base/index.ts';
import type { Database, Executor, Schema } from '../../db/index.ts';
import type { JobOrder } from './machine-jobs.ts';

export type JobRow = Selectable<Schema['lease_jobs']>;

/** A job as it is asked for with a lease. */
export interface NewJob extends JobOrder {
  /** The lease stays when it has ended. */
  readonly keepOpen: boolean;
}

/** A job as the control API shows it: what it runs is not shown, since it may hold secrets. */
export interface JobView {
  readonly state: JobRow['state'];
  readonly exitCode: number | null;
  readonly reason: string | null;
  readonly keepOpen: boolean;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

/** As `execve` would take it, and far below what it could. */
const MOST_CHARACTERS = 64 * 1024;

/** @throws TandemError invalid_request. */
export function demandJob({ command, env }: JobOrder, machines: number, secrets: SecretBox | undefined): SecretBox {
  const refused = (reason: string) => new TandemError('invalid_request', { param: 'job', params: { reason } });
  if (machines !== 1) throw refused('A job runs on one machine: machines must be 1.');
  if ([...command, ...Object.entries(env).flat()].reduce((sum, word) => sum + word.length, 0) > MOST_CHARACTERS) throw refused(`The job's command and environment must be at most ${MOST_CHARACTERS} characters together.`);
  if (secrets === undefined) throw refused('This server cannot seal jobs, so it takes none.');
  return secrets;
}

/** With its lease, in the same transaction. */
export async function keepJob(database: Database, tx: Executor, secrets: SecretBox, organisationId: string, leaseId: string, { command, env, keepOpen }: NewJob): Promise<void> {
  await database.scoped(organisationId, tx).insertInto('lease_jobs', { lease_id: leaseId, sealed_order: secrets.seal(JSON.stringify({ command, env }), orderContext(leaseId)), keep_open: keepOpen }).execute();
}

export function orderOf(secrets: SecretBox, { lease_id, sealed_order }: Pick<JobRow, 'lease_id' | 'sealed_order'>): JobOrder {
  return JSON.parse(secrets.open(sealed_order, orderContext(lease_id)).toString('utf8')) as JobOrder;
}

/** Whether a lease's job is the one that is asked for again. */
export function isSameJob(secrets: SecretBox | undefined, row: JobRow | undefined, asked: NewJob | null): boolean {
  if (row === undefined || asked === null) return row === undefined && asked === null;
  if (secrets === undefined || row.keep_open !== asked.keepOpen) return false;
  const { command, env } = orderOf(secrets, row);
  const text = (order: JobOrder) => JSON.stringify([order.command, Object.entries(order.env).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
  return text({ command, env }) === text(asked);
}

export function jobView(row: JobRow): JobView {
  return { state: row.state, exitCode: row.exit_code, reason: row.reason, keepOpen: row.keep_open, startedAt: row.started_at?.toISOString() ?? null, endedAt: row.ended_at?.toISOString() ?? null };
}

export function jobOf(own: ReturnType<Database['scoped']>, leaseId: string): Promise<JobRow | undefined> {
  return own.selectFrom('lease_jobs').selectAll().where('lease_id', '=', leaseId).executeTakeFirst();
}

export function logContext(leaseId: string): string {
  return `lease_jobs ${leaseId} log`;
}

function orderContext(leaseId: string): string {
  return `lease_jobs ${leaseId} order`;
}
