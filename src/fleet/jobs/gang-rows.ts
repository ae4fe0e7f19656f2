import { sql } from 'kysely';
import type { Database, Executor } from '../../db/index.ts';
import type { RankLines } from '../ports.ts';
import type { Gang, Rank } from './gang.ts';
import type { JobRow, RankRow } from './rows.ts';

/** A job over several machines that has not ended, with its machines in the order of their ids. */
export interface DueGang {
  readonly job: JobRow;
  readonly fence: bigint;
  readonly usedAt: Date | null;
  readonly machineIds: readonly string[];
  /** By rank, why a machine could not be made ready for the others; undefined: nothing is known. */
  readonly hindered: readonly (string | undefined)[];
}

/** So long another process leaves a job to the one that keeps it, after its last word. */
const KEEP_MS = 10_000;

/**
 * The jobs that this process keeps: the first that looks, for as long as it looks. A machine gives the line among the machines to whoever asked last, so
 * two processes that both kept one would cut each other's, and all that programs say over it. How long a word holds is counted by the database's clock, and
 * here by how much time goes by: those of two servers may be far apart.
 */
export class KeptJobs {
  readonly #database: Database;
  readonly #process: string;
  /** By this process's clock, which only goes on: until when there is no need to ask again. */
  readonly #sureUntilMs = new Map<string, number>();

  constructor(database: Database, process: string) {
    this.#database = database;
    this.#process = process;
  }

  /** @param nowMs of a clock that nobody sets. */
  async keep(due: readonly DueGang[], nowMs: number): Promise<DueGang[]> {
    const isSure = ({ job }: DueGang): boolean => job.kept_by === this.#process && (this.#sureUntilMs.get(job.lease_id) ?? 0) > nowMs;
    const asked = due.filter((one) => !isSure(one)).map(({ job }) => job.lease_id);
    const ids = new Set(asked.length === 0 ? [] : await this.#ask(asked));
    const open = new Set(due.map(({ job }) => job.lease_id));
    for (const id of this.#sureUntilMs.keys()) if (!open.has(id) || (asked.includes(id) && !ids.has(id))) this.#sureUntilMs.delete(id);
    for (const id of ids) this.#sureUntilMs.set(id, nowMs + KEEP_MS / 2);
    return due.filter((one) => isSure(one) || ids.has(one.job.lease_id));
  }

  async #ask(leaseIds: readonly string[]): Promise<string[]> {
    const given = await this.#database.unscoped('jobs of every organisation are kept by one worker').updateTable('lease_jobs').set({ kept_by: this.#process, kept_until: sql<Date>`clock_timestamp() + ${KEEP_MS} * interval '1 ms'` }).where('lease_id', 'in', leaseIds)
      .where((or) => or.or([or('kept_by', 'is', null), or('kept_by', '=', this.#process), or('kept_until', '<', sql<Date>`clock_timestamp()`), or('kept_until', '>', sql<Date>`clock_timestamp() + ${2 * KEEP_MS} * interval '1 ms'`)])).returning('lease_id').execute();
    return given.map(({ lease_id }) => lease_id);
  }
}

/** Its ranks, made where they are not there yet: each has the same machine for ever. */
export async function ranksOf(database: Database, { job: { organisation_id, lease_id }, machineIds }: DueGang): Promise<RankRow[]> {
  const own = database.scoped(organisation_id);
  const read = (): Promise<RankRow[]> => own.selectFrom('lease_job_ranks').selectAll().where('lease_id', '=', lease_id).orderBy('rank').execute();
  const found = await read();
  if (found.length === machineIds.length) return found;
  for (const [rank, machineId] of machineIds.entries()) await own.insertInto('lease_job_ranks', { lease_id, rank, machine_id: machineId }).onConflict((on) => on.columns(['lease_id', 'rank']).doNothing()).execute();
  return read();
}

/** As decisions look at it. */
export function gangOf(job: JobRow, ranks: readonly RankRow[], reaches: (machineId: string) => boolean, lines: Pick<RankLines, 'state'>, hindered: DueGang['hindered'] = []): Gang {
  return {
    setOff: job.set_off_at !== null,
    stop: job.failed_rank === null || job.stop_until === null ? null : { rank: job.failed_rank, untilMs: job.stop_until.getTime() },
    ranks: ranks.map((one): Rank => ({
      rank: one.rank, state: one.state, exitCode: one.exit_code, reason: one.reason, endedAtMs: one.ended_at?.getTime() ?? null, reached: reaches(one.machine_id), awaySinceMs: one.away_since?.getTime() ?? null,
      line: hindered[one.rank] === undefined ? lines.state(job.lease_id, one.rank) : { refused: hindered[one.rank]! },
    })),
  };
}

/** What a lease that has ended leaves open has ended with it, and the number of its network and its machines' addresses are others' to have. */
export async function closeRanks(tx: Executor, leaseId: string, nowMs: number): Promise<void> {
  await tx.updateTable('lease_job_ranks').set({ underlay: null }).where('lease_id', '=', leaseId).where('underlay', 'is not', null).execute();
  await tx.updateTable('lease_jobs').set({ vni: null }).where('lease_id', '=', leaseId).where('vni', 'is not', null).execute();
  await tx.updateTable('lease_job_ranks').set({ state: 'cut', ended_at: new Date(nowMs) }).where('lease_id', '=', leaseId).where('state', 'in', ['waiting', 'running']).execute();
}
