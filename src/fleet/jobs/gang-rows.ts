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
 * Those that this process keeps: the first that looks, for as long as it looks. A machine gives the line among the machines to whoever asked last, so
 * two processes that both kept one would cut each other's, and all that programs say over it.
 */
export async function keptHere(database: Database, process: string, due: readonly DueGang[], nowMs: number): Promise<DueGang[]> {
  const isSure = ({ job }: DueGang): boolean => job.kept_by === process && job.kept_until!.getTime() > nowMs + KEEP_MS / 2;
  const asked = due.filter((one) => !isSure(one)).map(({ job }) => job.lease_id);
  if (asked.length === 0) return [...due];
  const given = await database.unscoped('jobs of every organisation are kept by one worker').updateTable('lease_jobs').set({ kept_by: process, kept_until: new Date(nowMs + KEEP_MS) }).where('lease_id', 'in', asked)
    .where((or) => or.or([or('kept_by', 'is', null), or('kept_by', '=', process), or('kept_until', '<', new Date(nowMs)), or('kept_until', '>', new Date(nowMs + 2 * KEEP_MS))])).returning('lease_id').execute();
  const ids = new Set(given.map(({ lease_id }) => lease_id));
  return due.filter((one) => isSure(one) || ids.has(one.job.lease_id));
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

/** What a lease that has ended leaves open has ended with it. */
export async function closeRanks(tx: Executor, leaseId: string, nowMs: number): Promise<void> {
  await tx.updateTable('lease_job_ranks').set({ state: 'cut', ended_at: new Date(nowMs) }).where('lease_id', '=', leaseId).where('state', 'in', ['waiting', 'running']).execute();
}
