import { TandemError, isTandemError } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { LeaseContext } from '../leases/context.ts';
import { MOST_READ_BYTES, type JobOutput } from './machine-jobs.ts';
import { jobOf, jobView, logContext, type JobRow, type JobView, type RankRow } from './rows.ts';

/** A part of what a lease's job printed, made safe to be shown. */
export interface JobLogView extends JobView {
  /** Of a job over several machines whose this is; null: it has one. */
  readonly rank: number | null;
  /** Where the text begins in all that it printed, in bytes. */
  readonly from: number;
  /** Where to go on. */
  readonly next: number;
  readonly total: number;
  /** What came before is not kept. */
  readonly first: number;
  readonly text: string;
}

/** Which part: from a byte on, or the last so many bytes. */
export interface LogWish {
  readonly from: number;
  readonly last?: number | undefined;
  /** Of a job over several machines; default: the first. */
  readonly rank?: number | undefined;
}

/** Whose output is meant: the job's own, or that of one of its machines. */
type Printing = Pick<JobRow, 'lease_id' | 'organisation_id' | 'state' | 'sealed_log' | 'log_from' | 'log_total'> & Partial<Pick<RankRow, 'rank' | 'machine_id'>>;

/** What leases' jobs print: from their machine while the lease is there, the end of it afterwards. */
export class JobLogs {
  readonly #context: LeaseContext;

  constructor(context: LeaseContext) {
    this.#context = context;
  }

  /** Whoever may enter leases may read it. @throws TandemError permission_denied, resource_not_found, no_job, node_unreachable, node_refused. */
  async read(principal: Principal, leaseId: string, wish: LogWish): Promise<JobLogView> {
    demand(principal, 'leases.write');
    const own = this.#context.database.scoped(principal.organisationId);
    const lease = await own.selectFrom('leases').select(['id', 'project_id', 'fence', 'observed']).where('id', '=', leaseId).executeTakeFirst();
    if (lease === undefined || (principal.projectId !== null && principal.projectId !== lease.project_id)) throw new TandemError('resource_not_found', { params: { kind: 'lease', id: leaseId, verb: 'leases' } });
    const job = await jobOf(own, leaseId);
    if (job === undefined) throw new TandemError('no_job', { params: { id: leaseId } });
    const row: Printing | undefined = job.ranks.length === 0 && (wish.rank ?? 0) === 0 ? job.row : job.ranks.find(({ rank }) => rank === (wish.rank ?? 0));
    if (row === undefined) throw new TandemError('invalid_request', { param: 'rank', params: { reason: job.ranks.length === 0 ? 'Its job runs on one machine, or has no machines yet: rank must be 0.' : `Its job has the ranks 0 to ${job.ranks.length - 1}.` } });
    const output = lease.observed === 'wiping' || lease.observed === 'ended' ? this.#kept(row, wish) : await this.#live(row, BigInt(lease.fence), wish);
    const bytes = wholeSigns(output.bytes, output.from + output.bytes.length < output.total || row.state === 'running');
    return { ...jobView(job), rank: row.rank ?? null, from: output.from, next: output.from + bytes.length, total: output.total, first: output.first, text: shown(bytes) };
  }

  async #live(row: Printing, fence: bigint, wish: LogWish): Promise<JobOutput> {
    const { jobs, database } = this.#context;
    const on = await database.scoped(row.organisation_id).selectFrom('lease_machines').select(['machine_id', 'bound_at']).where('lease_id', '=', row.lease_id).$if(row.machine_id !== undefined, (query) => query.where('machine_id', '=', row.machine_id!)).executeTakeFirst();
    if (jobs === undefined || on === undefined || on.bound_at === null) return this.#kept(row, wish);
    try {
      return await jobs.machines.read({ machineId: on.machine_id, leaseId: row.lease_id, fence }, wish.last === undefined ? wish.from : null, wish.last ?? MOST_READ_BYTES);
    } catch (error) {
      // Whoever reads several machines goes on with the others while one of them is away.
      if (row.rank !== undefined && isTandemError(error, 'node_unreachable')) return this.#kept(row, wish);
      if (row.sealed_log !== null && (isTandemError(error, 'node_unreachable') || isTandemError(error, 'node_refused'))) return this.#kept(row, wish);
      throw error;
    }
  }

  #kept(row: Printing, { from, last }: LogWish): JobOutput {
    const { jobs } = this.#context;
    if (row.sealed_log === null || jobs === undefined) return { from: 0, first: 0, total: 0, bytes: Buffer.alloc(0) };
    const all = jobs.secrets.open(row.sealed_log, logContext(row.lease_id, row.rank ?? null));
    const first = Number(row.log_from);
    const at = Math.min(first + all.length, Math.max(first, last === undefined ? from : first + all.length - last));
    return { from: at, first, total: Number(row.log_total), bytes: all.subarray(at - first) };
  }
}

/** Without a sign of UTF-8 at the end whose bytes have not all come. */
export function wholeSigns(bytes: Buffer, moreComes: boolean): Buffer {
  if (!moreComes) return bytes;
  for (let back = 1; back <= Math.min(3, bytes.length - 1); back += 1) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return bytes;
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? bytes.subarray(0, -back) : bytes;
  }
  return bytes;
}

/** A program's output is its tenant's: it steers no terminal and turns no text. Its lines and tabs stay, and a bar that draws itself anew is a line each time. */
export function shown(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/\r\n?/g, '\n').replace(/[^\P{Cc}\n\t]|[\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\u00b7');
}
