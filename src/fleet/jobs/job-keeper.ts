import { TandemError } from '../../base/index.ts';
import type { Executor } from '../../db/index.ts';
import { noteLease, type LeaseContext } from '../leases/context.ts';
import type { JobOutput, JobPlace, JobReport } from './machine-jobs.ts';
import { endBy, endColumns, lastOutput, lastWord, type JobEnd } from './job-end.ts';
import { readLeaseBounds } from '../drivers/lease-bounds.ts';
import { isOpen } from './gang.ts';
import { GangKeeper } from './gang-keeper.ts';
import { closeRanks, type DueGang } from './gang-rows.ts';
import { orderOf, type JobRow } from './rows.ts';

/** A machine is asked about a job so often. */
const LOOK_MS = 2_000;
/** A job that runs is a use of its lease, noted so often. */
const USE_MS = 60_000;
const MINUTE = 60_000;

type Due = JobRow & Pick<JobPlace, 'machineId' | 'fence'> & { readonly usedAt: Date | null };

/** Begins jobs on machines, sees how they end, keeps the end of what they printed, and ends their leases. Its owner looks at all of them each second. */
export class JobKeeper {
  readonly #context: LeaseContext;
  readonly #gangs: GangKeeper;
  readonly #asking = new Map<string, Promise<void>>();
  readonly #askAtMs = new Map<string, number>();

  constructor(context: LeaseContext) {
    this.#context = context;
    this.#gangs = new GangKeeper(context);
  }

  /** Asks about what is due; the asking goes on after it resolves. */
  async look(nowMs: number): Promise<void> {
    const { log } = this.#context;
    const { alone, gangs: open } = await this.#open();
    const gangs = await this.#gangs.keep(open, nowMs);
    const due = [
      ...alone.map((one) => ({ id: one.lease_id, reached: this.#context.driver.reaches(one.machineId), everyMs: LOOK_MS, ask: () => this.#ask(one, nowMs) })),
      ...gangs.map((one) => ({ id: one.job.lease_id, reached: true, everyMs: one.job.set_off_at === null ? 0 : LOOK_MS, ask: () => this.#gangs.look(one, nowMs) })),
    ];
    const ids = new Set(due.map(({ id }) => id));
    for (const id of this.#askAtMs.keys()) if (!ids.has(id)) this.#askAtMs.delete(id);
    for (const { id, reached, everyMs, ask } of due) {
      if (this.#asking.has(id) || (this.#askAtMs.get(id) ?? 0) > nowMs || !reached) continue;
      this.#askAtMs.set(id, nowMs + everyMs);
      const asking = ask().catch((error: Error) => {
        if (!(error instanceof TandemError)) log.warn({ lease: id, reason: error.message }, 'a lease\'s job could not be looked at');
      }).finally(() => this.#asking.delete(id));
      this.#asking.set(id, asking);
    }
  }

  async settled(): Promise<void> {
    await Promise.all(this.#asking.values());
  }

  /** The last chance before a wipe takes it away: how a job ended, and what it printed. @throws TandemError node_unreachable. */
  async collect(place: JobPlace, nowMs: number): Promise<void> {
    const { jobs, database } = this.#context;
    const row = await database.unscoped('the job of a lease that is being wiped').selectFrom('lease_jobs').selectAll().where('lease_id', '=', place.leaseId).executeTakeFirst();
    if (row === undefined || jobs === undefined) return;
    // Of several machines each is collected, also when the job is known to have ended.
    if (await this.#isOverSeveral(row)) return this.#gangs.collect(row, place, nowMs);
    if (!isOpen(row)) return;
    const { ended, output } = await lastWord(jobs.machines, place);
    await this.#end(row, ended, output, nowMs);
  }

  /** A lease that has ended runs nothing, whatever became of it. */
  async close(tx: Executor, leaseId: string, nowMs: number): Promise<void> {
    await closeRanks(tx, leaseId, nowMs);
    await tx.updateTable('lease_jobs').set({ state: 'cut', ended_at: new Date(nowMs) }).where('lease_id', '=', leaseId).where('state', 'in', ['waiting', 'running']).execute();
  }

  async #open(): Promise<{ readonly alone: readonly Due[]; readonly gangs: readonly DueGang[] }> {
    const executor = this.#context.database.unscoped('jobs of every organisation are kept by one worker');
    const rows = await executor.selectFrom('lease_jobs').innerJoin('leases', 'leases.id', 'lease_jobs.lease_id').selectAll('lease_jobs').select(['leases.fence as leaseFence', 'leases.used_at as usedAt'])
      .where('lease_jobs.state', 'in', ['waiting', 'running']).where('leases.observed', '=', 'running').where('leases.wanted', '=', 'run').execute();
    if (rows.length === 0) return { alone: [], gangs: [] };
    // Apart, since a job's order may be long and would come once for each machine.
    const machines = await executor.selectFrom('lease_machines').select(['lease_id', 'machine_id', 'stage', 'bounds']).where('lease_id', 'in', rows.map(({ lease_id }) => lease_id)).orderBy('machine_id').execute();
    const byLease = Map.groupBy(machines, ({ lease_id }) => lease_id);
    const open = rows.map(({ leaseFence, usedAt, ...job }) => ({ job, fence: BigInt(leaseFence), usedAt, on: byLease.get(job.lease_id) ?? [] }));
    return {
      alone: open.filter(({ on }) => on.length === 1 && on[0]!.stage === 'granted').map(({ job, on, ...rest }) => ({ ...job, ...rest, machineId: on[0]!.machine_id })),
      gangs: open.filter(({ on }) => on.length > 1).map(({ on, ...rest }) => ({ ...rest, machineIds: on.map(({ machine_id }) => machine_id), hindered: on.map(({ bounds }) => readLeaseBounds(bounds)?.unbound.find(({ what }) => what === 'ranks')?.why) })),
    };
  }

  async #isOverSeveral({ organisation_id, lease_id }: JobRow): Promise<boolean> {
    return (await this.#context.database.scoped(organisation_id).selectFrom('lease_machines').select('machine_id').where('lease_id', '=', lease_id).limit(2).execute()).length > 1;
  }

  async #ask(row: Due, nowMs: number): Promise<void> {
    const { jobs } = this.#context;
    if (jobs === undefined) return;
    const place: JobPlace = { machineId: row.machineId, leaseId: row.lease_id, fence: row.fence };
    let report: JobReport;
    try {
      report = await (row.state === 'waiting' ? jobs.machines.begin(place, orderOf(jobs.secrets, row)) : jobs.machines.look(place));
    } catch (error) {
      const ended = endBy(error);
      if (ended === undefined) throw error;
      return this.#end(row, ended, null, nowMs);
    }
    if (report.state === 'running' || report.state === 'none') return this.#goesOn(row, report, nowMs);
    await this.#end(row, { ...report, state: report.state, reason: null }, await lastOutput(jobs.machines, place), nowMs);
  }

  async #goesOn(row: Due, { state, ranMs }: JobReport, nowMs: number): Promise<void> {
    const { database } = this.#context;
    const own = database.scoped(row.organisation_id);
    if ((row.usedAt?.getTime() ?? 0) < nowMs - USE_MS) await own.updateTable('leases').set({ used_at: new Date(nowMs) }).where('id', '=', row.lease_id).execute();
    if (row.state !== 'waiting' || state !== 'running') return;
    await database.transaction(async (tx) => {
      const begun = await database.scoped(row.organisation_id, tx).updateTable('lease_jobs').set({ state: 'running', started_at: new Date(nowMs - (ranMs ?? 0)) }).where('lease_id', '=', row.lease_id).where('state', '=', 'waiting').returning('lease_id').executeTakeFirst();
      if (begun !== undefined) await noteLease(this.#context, tx, { organisation_id: row.organisation_id, id: row.lease_id }, 'job-begun');
    });
  }

  async #end(row: JobRow, ended: JobEnd, output: JobOutput | null, nowMs: number): Promise<void> {
    const { database, jobs } = this.#context;
    const { organisation_id, lease_id: id } = row;
    const columns = endColumns(row, null, ended, output, jobs?.secrets, nowMs);
    const { started_at: from, ended_at: to } = columns;
    const words = endText(ended);
    await database.transaction(async (tx) => {
      const own = database.scoped(organisation_id, tx);
      const done = await own.updateTable('lease_jobs').set(columns).where('lease_id', '=', id).where('state', 'in', ['waiting', 'running']).returning('lease_id').executeTakeFirst();
      if (done === undefined) return;
      await noteLease(this.#context, tx, { organisation_id, id }, `job-${ended.state}`, `${words}${from === null ? '' : ` after ${Math.ceil((to.getTime() - from.getTime()) / MINUTE)} min`}`);
      if (!row.keep_open) await own.updateTable('leases').set({ wanted: 'end', reason: words }).where('id', '=', id).where('wanted', '=', 'run').where('observed', '=', 'running').execute();
    });
  }
}

function endText({ state, exitCode, reason }: JobEnd): string {
  switch (state) {
    case 'ended': return `its job ended with code ${exitCode ?? 'unknown'}`;
    case 'cut': return 'its job was cut by the end of the lease';
    case 'lost': return `its job is lost and is not run again: ${reason ?? 'its sandbox or its machine went down'}`;
    case 'failed': return `its job could not begin: ${reason ?? 'the machine refused it'}`;
  }
}
