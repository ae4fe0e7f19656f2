import { TandemError } from '../../base/index.ts';
import type { JobOrder, JobOutput, JobPlace, JobReport, MachineJobs } from '../jobs/machine-jobs.ts';

/** A stand-in for jobs on machines, inside the test's process: nothing runs, and the test says how it goes. */
export class StandInJobs implements MachineJobs {
  readonly begun = new Map<string, JobOrder>();
  readonly reports = new Map<string, JobReport>();
  printed = '';
  refuses: string | undefined;
  /** How often a job really began. */
  begins = 0;

  async begin({ machineId, leaseId }: JobPlace, order: JobOrder): Promise<JobReport> {
    if (this.refuses !== undefined) throw new TandemError('node_refused', { params: { name: machineId, reason: 'this agent does not know it' }, detail: this.refuses });
    if (!this.begun.has(leaseId)) {
      this.begins += 1;
      this.begun.set(leaseId, order);
      this.reports.set(leaseId, { state: 'running', exitCode: null, ranMs: 0 });
    }
    return this.reports.get(leaseId)!;
  }

  async look({ leaseId }: JobPlace): Promise<JobReport> {
    return this.reports.get(leaseId) ?? { state: 'none', exitCode: null, ranMs: null };
  }

  async read(_place: JobPlace, from: number | null, most: number): Promise<JobOutput> {
    const all = Buffer.from(this.printed);
    const at = Math.min(all.length, from ?? Math.max(0, all.length - most));
    return { from: at, first: 0, total: all.length, bytes: all.subarray(at, at + most) };
  }
}
