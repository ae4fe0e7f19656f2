import { isTandemError, type SecretBox } from '../../base/index.ts';
import type { JobOutput, JobPlace, JobReport, MachineJobs } from './machine-jobs.ts';
import { logContext, type JobRow } from './rows.ts';

/** How a job has ended on a machine, before it is written down. */
export interface JobEnd {
  readonly state: 'ended' | 'cut' | 'lost' | 'failed';
  readonly exitCode: number | null;
  readonly ranMs: number | null;
  readonly reason: string | null;
}

/** So much of the end of what a job printed outlives its lease. */
const KEPT_LOG_BYTES = 64 * 1024;
/** What another try would not change. */
const FINAL = new Set(['unknown_command', 'bad_job', 'job_runs', 'way_lost']);

/** The end that an error of a machine is. Undefined: asked again, it may say something else. */
export function endBy(error: unknown): JobEnd | undefined {
  return isTandemError(error, 'node_refused') && FINAL.has(error.detail ?? '') ? { state: 'failed', exitCode: null, ranMs: null, reason: error.message } : undefined;
}

/** The end of what a job printed; null: the machine cannot say. @throws TandemError node_unreachable. */
export async function lastOutput(machines: MachineJobs, place: JobPlace): Promise<JobOutput | null> {
  try {
    return await machines.read(place, null, KEPT_LOG_BYTES);
  } catch (error) {
    if (isTandemError(error, 'node_refused')) return null;
    throw error;
  }
}

/** The last chance before a wipe takes it away. @throws TandemError node_unreachable. */
export async function lastWord(machines: MachineJobs, place: JobPlace): Promise<{ readonly ended: JobEnd; readonly output: JobOutput | null }> {
  let report: JobReport;
  try {
    report = await machines.look(place);
  } catch (error) {
    if (!isTandemError(error, 'node_refused')) throw error;
    return { ended: { state: 'lost', exitCode: null, ranMs: null, reason: error.message }, output: null };
  }
  const { state, exitCode, ranMs } = report;
  return { ended: { state: state === 'none' || state === 'running' ? 'cut' : state, exitCode, ranMs, reason: null }, output: await lastOutput(machines, place) };
}

/** An end as rows have it. @param rank of a job over several machines; null: it has one. */
export function endColumns({ lease_id, started_at }: Pick<JobRow, 'lease_id' | 'started_at'>, rank: number | null, { state, exitCode, ranMs, reason }: JobEnd, output: JobOutput | null, secrets: SecretBox | undefined, nowMs: number) {
  const startMs = started_at?.getTime() ?? (ranMs === null ? null : nowMs - ranMs);
  // A machine's word of how long it ran is held to what can be.
  const endMs = startMs === null || ranMs === null ? nowMs : Math.min(nowMs, startMs + ranMs);
  const log = output === null || secrets === undefined ? {} : { sealed_log: secrets.seal(output.bytes, logContext(lease_id, rank)), log_from: output.from, log_total: output.total };
  return { state, exit_code: exitCode, reason, started_at: startMs === null ? null : new Date(startMs), ended_at: new Date(endMs), ...log };
}
