import type { Selectable } from 'kysely';
import { TandemError, type SecretBox } from '../../base/index.ts';
import type { Database, Executor, Schema } from '../../db/index.ts';
import type { Way } from './direct-way.ts';
import type { JobOrder } from './machine-jobs.ts';

export type JobRow = Selectable<Schema['lease_jobs']>;
export type RankRow = Selectable<Schema['lease_job_ranks']>;

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
  /** Of a job over several machines the one whose end ended the others. */
  readonly failedRank: number | null;
  /** By which way they reach each other; null: it has one machine, or it is not decided yet. */
  readonly way: Way | null;
  /** Why not directly. */
  readonly wayReason: string | null;
  /** Of a job over several machines each, from when they are there. */
  readonly ranks: readonly RankView[];
}

/** A job over several machines, on one of them. */
export interface RankView extends Pick<JobView, 'state' | 'exitCode' | 'reason' | 'startedAt' | 'endedAt'> {
  readonly rank: number;
  readonly machineId: string;
}

/** A job as it is stored, with its ranks where it has several machines. */
export interface StoredJob {
  readonly row: JobRow;
  readonly ranks: readonly RankRow[];
}

/** As `execve` would take it, and far below what it could. */
const MOST_CHARACTERS = 64 * 1024;
/** Each has a line of its own, and all that they say to each other may go through one server. */
const MOST_RANKS = 256;

/** @throws TandemError invalid_request. */
export function demandJob({ command, env }: JobOrder, machines: number, secrets: SecretBox | undefined): SecretBox {
  const refused = (reason: string) => new TandemError('invalid_request', { param: 'job', params: { reason } });
  if (machines > MOST_RANKS) throw refused(`A job runs on at most ${MOST_RANKS} machines.`);
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

export function jobView({ row, ranks }: StoredJob): JobView {
  return { ...endView(row), keepOpen: row.keep_open, failedRank: row.failed_rank, way: row.way, wayReason: row.way_reason, ranks: ranks.map((one) => ({ rank: one.rank, machineId: one.machine_id, ...endView(one) })) };
}

function endView(row: Pick<JobRow, 'state' | 'exit_code' | 'reason' | 'started_at' | 'ended_at'>): Pick<JobView, 'state' | 'exitCode' | 'reason' | 'startedAt' | 'endedAt'> {
  return { state: row.state, exitCode: row.exit_code, reason: row.reason, startedAt: row.started_at?.toISOString() ?? null, endedAt: row.ended_at?.toISOString() ?? null };
}

export async function jobOf(own: ReturnType<Database['scoped']>, leaseId: string): Promise<StoredJob | undefined> {
  const row = await own.selectFrom('lease_jobs').selectAll().where('lease_id', '=', leaseId).executeTakeFirst();
  return row === undefined ? undefined : { row, ranks: await own.selectFrom('lease_job_ranks').selectAll().where('lease_id', '=', leaseId).orderBy('rank').execute() };
}

/** Jobs that set off before there was a direct way have none. */
export function isThroughServer({ way, set_off_at }: Pick<JobRow, 'way' | 'set_off_at'>): boolean {
  return way === 'server' || (way === null && set_off_at !== null);
}

/** @param rank of a job over several machines; null: it has one. */
export function logContext(leaseId: string, rank: number | null): string {
  return `lease_jobs ${leaseId} log${rank === null ? '' : ` ${rank}`}`;
}

function orderContext(leaseId: string): string {
  return `lease_jobs ${leaseId} order`;
}
