import { TandemError, isTandemError } from '../../base/index.ts';
import { LEASE_PAGES_CHANNEL, MARGIN_MS, noteLease, type LeaseContext } from '../leases/context.ts';
import type { RankLines } from '../ports.ts';
import { GRACE_MS, STOP_MS, awaySince, decideGang, endOfAll, failureText, isOpen, type Gang, type GangAction, type GangEnd } from './gang.ts';
import { KeptJobs, gangOf, ranksOf, type DueGang } from './gang-rows.ts';
import { endBy, endColumns, lastOutput, lastWord, type JobEnd } from './job-end.ts';
import type { JobOutput, JobPlace, JobReport } from './machine-jobs.ts';
import { rankEnvironment } from './rank-environment.ts';
import { RankWays } from './rank-ways.ts';
import { isThroughServer, orderOf, type JobRow, type RankRow } from './rows.ts';

/** What one look does at most: it goes on at the next. */
const MOST_STEPS = 6;
const USE_MS = 60_000;
const LOOKS_FOR_WAY = 'its machines look for a way to each other';
/** What stands on the machines needs no line of this server. */
const DIRECT: Pick<RankLines, 'state'> = { state: () => 'ready' };

/** Has a job over several machines begin on all of them or on none, and end on all. What is to be done is written down before any machine is told. */
export class GangKeeper {
  readonly #context: LeaseContext;
  readonly #kept: KeptJobs;
  readonly #ways: RankWays;

  constructor(context: LeaseContext) {
    this.#context = context;
    this.#kept = new KeptJobs(context.database, context.process);
    this.#ways = new RankWays(context);
  }

  /** Keeps the ways among the machines of those that are this process's, and of no others. @returns them. */
  async keep(due: readonly DueGang[], nowMs: number): Promise<DueGang[]> {
    const kept = await this.#ways.withoutNetwork(await this.#kept.keep(due, nowMs));
    this.#context.jobs?.lines.keep(kept.filter(({ job }) => isThroughServer(job)).map(({ job, fence, machineIds }) => ({ leaseId: job.lease_id, fence, machineIds })));
    return kept;
  }

  async look(due: DueGang, nowMs: number): Promise<void> {
    const { database, driver, jobs } = this.#context;
    if (jobs === undefined) return;
    const own = database.scoped(due.job.organisation_id);
    const id = due.job.lease_id;
    for (let step = 0; step < MOST_STEPS; step += 1) {
      const job = await own.selectFrom('lease_jobs').selectAll().where('lease_id', '=', id).executeTakeFirst();
      if (job === undefined || !isOpen(job)) return;
      const ranks = await this.#noteAway(await ranksOf(database, due), nowMs);
      if (this.#ways.isOpen(job) && ranks.every((one) => isOpen(one) && driver.reaches(one.machine_id))) {
        const tried = await this.#ways.settle(due, job, ranks);
        if (tried === 'later') return this.#waits(job, LOOKS_FOR_WAY);
        if (tried !== 'decided') for (const { rank, why } of tried.hindered) await this.#endRank(ranks[rank]!, { state: 'failed', exitCode: null, ranMs: null, reason: why }, null, nowMs);
        continue;
      }
      const gang = isThroughServer(job) ? gangOf(job, ranks, (machineId) => driver.reaches(machineId), jobs.lines, due.hindered) : gangOf(job, ranks, (machineId) => driver.reaches(machineId), DIRECT);
      const action = decideGang(gang, nowMs, MARGIN_MS);
      if (action.do === 'wait') return this.#waits(job, action.reason);
      if (action.do === 'ask') {
        await this.#askAll(due, job, ranks, action.asks, nowMs);
        if (await this.#isSame(due, ranks, nowMs)) return;
      } else await this.#turn(job, gang, action, nowMs);
    }
  }

  /** The last chance before a wipe takes a machine's part away. @throws TandemError node_unreachable. */
  async collect(job: JobRow, place: JobPlace, nowMs: number): Promise<void> {
    const { database, jobs } = this.#context;
    const own = database.scoped(job.organisation_id);
    const rank = await own.selectFrom('lease_job_ranks').selectAll().where('lease_id', '=', place.leaseId).where('machine_id', '=', place.machineId).executeTakeFirst();
    if (rank === undefined || jobs === undefined || !isOpen(rank)) return;
    const { ended, output } = await lastWord(jobs.machines, place);
    await this.#endRank(rank, ended, output, nowMs);
    if (!isOpen(job)) return;
    const ranks = await own.selectFrom('lease_job_ranks').selectAll().where('lease_id', '=', place.leaseId).orderBy('rank').execute();
    const end = endOfAll(gangOf(job, ranks, () => true, DIRECT));
    if (end !== undefined) await this.#conclude(job, end, nowMs);
  }

  async #noteAway(ranks: readonly RankRow[], nowMs: number): Promise<RankRow[]> {
    const { database, driver } = this.#context;
    return Promise.all(ranks.map(async (one) => {
      const since = awaySince({ reached: driver.reaches(one.machine_id), awaySinceMs: one.away_since?.getTime() ?? null }, nowMs);
      if (since === (one.away_since?.getTime() ?? null)) return one;
      const away_since = since === null ? null : new Date(since);
      await database.scoped(one.organisation_id).updateTable('lease_job_ranks').set({ away_since }).where('lease_id', '=', one.lease_id).where('rank', '=', one.rank).execute();
      return { ...one, away_since };
    }));
  }

  async #waits(job: JobRow, reason: string | null): Promise<void> {
    if (job.reason === reason) return;
    await this.#context.database.transaction(async (tx) => {
      await this.#context.database.scoped(job.organisation_id, tx).updateTable('lease_jobs').set({ reason }).where('lease_id', '=', job.lease_id).where('state', 'in', ['waiting', 'running']).execute();
      // Its page follows, and no event is kept: a machine that comes and goes would fill the list.
      await this.#context.database.notify(tx, LEASE_PAGES_CHANNEL, job.organisation_id);
    });
  }

  async #turn(job: JobRow, gang: Gang, action: Exclude<GangAction, { readonly do: 'wait' | 'ask' }>, nowMs: number): Promise<void> {
    if (action.do === 'conclude') return this.#conclude(job, action.end, nowMs);
    const { database } = this.#context;
    const failed = action.do === 'stop' ? gang.ranks.find(({ rank }) => rank === action.rank) : undefined;
    await database.transaction(async (tx) => {
      const change = failed === undefined ? { set_off_at: new Date(nowMs), reason: null } : { failed_rank: failed.rank, stop_until: new Date(nowMs + STOP_MS) };
      const done = await database.scoped(job.organisation_id, tx).updateTable('lease_jobs').set(change).where('lease_id', '=', job.lease_id).where('state', 'in', ['waiting', 'running']).where(failed === undefined ? 'set_off_at' : 'failed_rank', 'is', null).returning('lease_id').executeTakeFirst();
      if (done !== undefined) await noteLease(this.#context, tx, { organisation_id: job.organisation_id, id: job.lease_id }, failed === undefined ? 'job-set-off' : 'job-stops', failed === undefined ? `all ${gang.ranks.length} machines are ready` : `${failureText(failed)}; the others are ended`);
    });
  }

  /** Each machine by itself: one that does not answer holds up no other. */
  async #askAll(due: DueGang, job: JobRow, ranks: readonly RankRow[], asks: Extract<GangAction, { readonly do: 'ask' }>['asks'], nowMs: number): Promise<void> {
    const { jobs, log } = this.#context;
    const order = asks.some(({ what }) => what === 'begin') ? orderOf(jobs!.secrets, job) : undefined;
    await Promise.all(asks.map(async ({ rank, what }) => {
      const row = ranks.find((one) => one.rank === rank)!;
      const place: JobPlace = { machineId: row.machine_id, leaseId: row.lease_id, fence: due.fence };
      try {
        const report = what === 'begin' ? await jobs!.machines.begin(place, { ...order!, env: { ...rankEnvironment(rank, ranks.length), ...order!.env } }, job.way ?? 'server') : what === 'stop' ? await this.#stop(place) : await jobs!.machines.look(place);
        await this.#reported(row, place, report, nowMs);
      } catch (error) {
        const ended = endBy(error);
        if (ended !== undefined) return this.#endRank(row, ended, null, nowMs);
        if (!(error instanceof TandemError)) log.warn({ lease: row.lease_id, rank, reason: (error as Error).message }, 'a machine of a job could not be asked');
      }
    }));
  }

  /** Where its sandbox has gone there is nothing to be told, and what became of it is known. */
  async #stop(place: JobPlace): Promise<JobReport> {
    const { machines } = this.#context.jobs!;
    try {
      return await machines.stop(place, GRACE_MS);
    } catch (error) {
      if (!isTandemError(error, 'node_refused') || error.detail !== 'not_running') throw error;
      return machines.look(place);
    }
  }

  async #reported(row: RankRow, place: JobPlace, { state, exitCode, ranMs }: JobReport, nowMs: number): Promise<void> {
    if (state !== 'running' && state !== 'none') return this.#endRank(row, { state, exitCode, ranMs, reason: null }, await lastOutput(this.#context.jobs!.machines, place), nowMs);
    if (state !== 'running' || row.state !== 'waiting') return;
    const started = new Date(nowMs - (ranMs ?? 0));
    const { database } = this.#context;
    await database.transaction(async (tx) => {
      const own = database.scoped(row.organisation_id, tx);
      const begun = await own.updateTable('lease_job_ranks').set({ state: 'running', started_at: started }).where('lease_id', '=', row.lease_id).where('rank', '=', row.rank).where('state', '=', 'waiting').returning('rank').executeTakeFirst();
      if (begun === undefined) return;
      const first = await own.updateTable('lease_jobs').set({ state: 'running', started_at: started }).where('lease_id', '=', row.lease_id).where('state', '=', 'waiting').returning('lease_id').executeTakeFirst();
      if (first !== undefined) await noteLease(this.#context, tx, { organisation_id: row.organisation_id, id: row.lease_id }, 'job-begun');
    });
  }

  /** @returns whether nothing has changed by what machines said, so that nothing is due before the next look. A job that runs is a use of its lease. */
  async #isSame({ job, usedAt }: DueGang, before: readonly RankRow[], nowMs: number): Promise<boolean> {
    const own = this.#context.database.scoped(job.organisation_id);
    if ((usedAt?.getTime() ?? 0) < nowMs - USE_MS) await own.updateTable('leases').set({ used_at: new Date(nowMs) }).where('id', '=', job.lease_id).execute();
    const after = await own.selectFrom('lease_job_ranks').select(['rank', 'state']).where('lease_id', '=', job.lease_id).execute();
    return after.every(({ rank, state }) => before.some((one) => one.rank === rank && one.state === state));
  }

  async #endRank(row: RankRow, ended: JobEnd, output: JobOutput | null, nowMs: number): Promise<void> {
    const { database, jobs } = this.#context;
    const { organisation_id, lease_id: id, rank } = row;
    await database.transaction(async (tx) => {
      const done = await database.scoped(organisation_id, tx).updateTable('lease_job_ranks').set(endColumns(row, rank, ended, output, jobs?.secrets, nowMs))
        .where('lease_id', '=', id).where('rank', '=', rank).where('state', 'in', ['waiting', 'running']).returning('rank').executeTakeFirst();
      if (done !== undefined) await noteLease(this.#context, tx, { organisation_id, id }, `job-rank-${ended.state}`, failureText({ rank, ...ended }));
    });
  }

  async #conclude(job: JobRow, { state, exitCode, reason }: GangEnd, nowMs: number): Promise<void> {
    const { database } = this.#context;
    const { organisation_id, lease_id: id } = job;
    const words = state === 'ended' && exitCode === 0 ? 'its job ended with code 0 on all machines' : `its job ended: ${reason ?? 'its lease ended'}`;
    await database.transaction(async (tx) => {
      const own = database.scoped(organisation_id, tx);
      const done = await own.updateTable('lease_jobs').set({ state, exit_code: exitCode, reason, ended_at: new Date(nowMs) }).where('lease_id', '=', id).where('state', 'in', ['waiting', 'running']).returning('lease_id').executeTakeFirst();
      if (done === undefined) return;
      await noteLease(this.#context, tx, { organisation_id, id }, `job-${state}`, words);
      if (!job.keep_open) await own.updateTable('leases').set({ wanted: 'end', reason: words.slice(0, 500) }).where('id', '=', id).where('wanted', '=', 'run').where('observed', '=', 'running').execute();
    });
  }
}
