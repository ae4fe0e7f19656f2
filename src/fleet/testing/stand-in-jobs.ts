import { TandemError } from '../../base/index.ts';
import type { RankLines, RankedLease } from '../ports.ts';
import type { Way } from '../jobs/direct-way.ts';
import type { JobOrder, JobOutput, JobPlace, JobReport, MachineJobs } from '../jobs/machine-jobs.ts';

/** A stand-in for jobs on machines, inside the test's process: nothing runs, and the test says how it goes. */
export class StandInJobs implements MachineJobs {
  readonly begun = new Map<string, JobOrder>();
  /** By lease; of a job over several machines by lease and machine, with a space between. */
  readonly reports = new Map<string, JobReport>();
  readonly stopped: string[] = [];
  printed = '';
  refuses: string | undefined;
  /** How often a job really began. */
  begins = 0;
  /** Each machine does its own. */
  apart = false;

  /** By which way each was to begin. */
  readonly ways = new Map<string, Way | undefined>();

  async begin(place: JobPlace, order: JobOrder, way?: Way): Promise<JobReport> {
    const key = this.#key(place);
    this.ways.set(key, way);
    if (this.refuses !== undefined) throw new TandemError('node_refused', { params: { name: place.machineId, reason: 'this agent does not know it' }, detail: this.refuses });
    if (!this.begun.has(key)) {
      this.begins += 1;
      this.begun.set(key, order);
      this.reports.set(key, { state: 'running', exitCode: null, ranMs: 0 });
    }
    return this.reports.get(key)!;
  }

  async look(place: JobPlace): Promise<JobReport> {
    return this.reports.get(this.#key(place)) ?? { state: 'none', exitCode: null, ranMs: null };
  }

  /** Ends it as SIGTERM does, unless the test has said how it ended. */
  async stop(place: JobPlace): Promise<JobReport> {
    const key = this.#key(place);
    this.stopped.push(key);
    if (!this.begun.has(key)) this.reports.set(key, { state: 'cut', exitCode: null, ranMs: null });
    else if (this.reports.get(key)?.state === 'running') this.reports.set(key, { state: 'ended', exitCode: 143, ranMs: 1_000 });
    return this.reports.get(key)!;
  }

  async read(place: JobPlace, from: number | null, most: number): Promise<JobOutput> {
    const all = Buffer.from(this.apart ? `${this.printed}${place.machineId}\n` : this.printed);
    const at = Math.min(all.length, from ?? Math.max(0, all.length - most));
    return { from: at, first: 0, total: all.length, bytes: all.subarray(at, at + most) };
  }

  #key({ leaseId, machineId }: JobPlace): string {
    return this.apart ? `${leaseId} ${machineId}` : leaseId;
  }
}

/** A stand-in for the ways among machines: they stand as the test says. */
export class StandInLines implements RankLines {
  kept: readonly RankedLease[] = [];
  readonly states = new Map<number, ReturnType<RankLines['state']>>();

  keep(leases: readonly RankedLease[]): void {
    this.kept = leases;
  }

  state(_leaseId: string, rank: number): ReturnType<RankLines['state']> {
    return this.states.get(rank) ?? 'ready';
  }
}
