import { TandemError, isTandemError, printable } from '../../base/index.ts';
import { isDuplicate } from '../../db/index.ts';
import { noteLease, type LeaseContext } from '../leases/context.ts';
import { planWay, unreachedText, vniFrom, type WayOffer, type WayPlan } from './direct-way.ts';
import type { DueGang } from './gang-rows.ts';
import type { JobPlace } from './machine-jobs.ts';
import type { JobRow, RankRow } from './rows.ts';

/** What is known after a try. `later`: a machine was out of reach; it is tried again. `hindered`: these ranks have no way at all, and why. */
export type WayTry = 'decided' | 'later' | { readonly hindered: readonly { readonly rank: number; readonly why: string }[] };

const MOST_NUMBERS = 8;

/** Decides by which way the machines of a job talk, before any of them begins it: all directly, or all through the server. */
export class RankWays {
  readonly #context: LeaseContext;

  constructor(context: LeaseContext) {
    this.#context = context;
  }

  /** Whether there is anything to decide still. */
  isOpen({ way, set_off_at, failed_rank }: Pick<JobRow, 'way' | 'set_off_at' | 'failed_rank'>): boolean {
    return way === null && set_off_at === null && failed_rank === null;
  }

  /** Those whose machines share no network talk through the server, without a question to them. @returns all, as they stand then. */
  async withoutNetwork(due: readonly DueGang[]): Promise<DueGang[]> {
    return Promise.all(due.map(async (one) => {
      if (!this.isOpen(one.job)) return one;
      const shared = await this.#context.machines.ranksNetwork(one.machineIds);
      // One that may stand on a machine still is taken away first.
      if ('network' in shared || one.job.vni !== null) return one;
      await this.#write(one.job, 'server', shared.why);
      return { ...one, job: { ...one.job, way: 'server', way_reason: shared.why } };
    }));
  }

  /** Asks all machines for the direct way and tries it. Done again after whatever end of this process. */
  async settle({ fence, machineIds }: DueGang, job: JobRow, ranks: readonly RankRow[]): Promise<WayTry> {
    const places = ranks.map(({ machine_id }): JobPlace => ({ machineId: machine_id, leaseId: job.lease_id, fence }));
    const shared = await this.#context.machines.ranksNetwork(machineIds);
    if ('why' in shared) return this.#fallBack(job, places, shared.why, job.vni !== null);
    const { ways } = this.#context.jobs!;
    const offers = await all(places, (place) => ways.offer(place, shared.network));
    if (offers === 'later') return 'later';
    if ('why' in offers) return this.#fallBack(job, places, offers.why, job.vni !== null);
    const planned = planWay(offers.said, shared.network, await this.#claim(job, ranks, offers.said));
    if ('why' in planned) return this.#fallBack(job, places, planned.why, job.vni !== null);
    const joined = await this.#join(job, places, planned.plan);
    if (joined === 'later') return 'later';
    if (joined !== null) return this.#fallBack(job, places, joined, true);
    await this.#write(job, 'direct', null, 'its machines talk directly');
    return 'decided';
  }

  /** @returns why the way does not stand; null: it stands, and each rank reaches all others. */
  async #join(job: JobRow, places: readonly JobPlace[], plan: WayPlan): Promise<string | 'later' | null> {
    const { ways } = this.#context.jobs!;
    const vni = job.vni ?? (await this.#number(job));
    const joined = await all(places, (place) => ways.join(place, { ...plan, vni }));
    if (joined === 'later') return 'later';
    if ('why' in joined) return joined.why;
    const probed = await all(places, (place) => ways.probe(place, places.length));
    if (probed === 'later') return 'later';
    return 'why' in probed ? probed.why : (unreachedText(probed.said) ?? null);
  }

  /** One that no other lease has which may still run: kept until nothing of this one does. */
  async #number({ organisation_id, lease_id }: JobRow): Promise<number> {
    const { database, newId } = this.#context;
    for (let tries = 0; tries < MOST_NUMBERS; tries += 1) {
      const vni = vniFrom(newId());
      try {
        await database.scoped(organisation_id).updateTable('lease_jobs').set({ vni }).where('lease_id', '=', lease_id).execute();
        return vni;
      } catch (error) {
        if (!isDuplicate(error)) throw error;
      }
    }
    throw new Error('no number for the network of a job could be had');
  }

  /**
   * Writes down which addresses machines say they have, and then looks who else says so: of two jobs that do this at the same time at
   * least one sees the other. @returns the addresses that other machines say they have.
   */
  async #claim(job: JobRow, ranks: readonly RankRow[], offers: readonly WayOffer[]): Promise<ReadonlySet<string>> {
    const { database, log } = this.#context;
    const claimed = offers.flatMap((offer) => ('why' in offer ? [] : [offer.address]));
    if (claimed.length < ranks.length) return new Set();
    for (const [at, { rank }] of ranks.entries()) await database.scoped(job.organisation_id).updateTable('lease_job_ranks').set({ underlay: claimed[at]! }).where('lease_id', '=', job.lease_id).where('rank', '=', rank).execute();
    const others = await database.unscoped('which addresses machines of other jobs say they have, whose ever they are').selectFrom('lease_job_ranks').innerJoin('leases', 'leases.id', 'lease_job_ranks.lease_id').select(['underlay', 'machine_id'])
      .where('leases.observed', '<>', 'ended').where('underlay', 'in', claimed).where('machine_id', 'not in', ranks.map(({ machine_id }) => machine_id)).execute();
    // Said to whoever runs the machines: one of the two is wrong, or lies.
    for (const { underlay, machine_id } of others) log.warn({ address: underlay, machine: ranks[claimed.indexOf(underlay!)]?.machine_id, other: machine_id }, 'two machines say that they have the same address in their pools\' network');
    return new Set(others.map(({ underlay }) => underlay!));
  }

  /** @param told whether any machine may have been told of the direct way: none is before there is a number. */
  async #fallBack(job: JobRow, places: readonly JobPlace[], why: string, told: boolean): Promise<WayTry> {
    if (told) {
      const left = await Promise.allSettled(places.map((place) => this.#context.jobs!.ways.leave(place)));
      const failed = left.flatMap((one, rank) => (one.status === 'rejected' ? [{ rank, error: one.reason as Error }] : []));
      if (failed.some(({ error }) => isForLater(error))) return 'later';
      if (failed.length > 0) return { hindered: failed.map(({ rank, error }) => ({ rank, why: printable(error.message) })) };
    }
    await this.#write(job, 'server', why, `its machines talk through the server: ${why}`);
    return 'decided';
  }

  async #write({ organisation_id, lease_id: id }: JobRow, way: 'direct' | 'server', why: string | null, note?: string): Promise<void> {
    const { database } = this.#context;
    await database.transaction(async (tx) => {
      const own = database.scoped(organisation_id, tx);
      const done = await own.updateTable('lease_jobs').set({ way, way_reason: why?.slice(0, 500) ?? null, ...(way === 'server' && { vni: null }) }).where('lease_id', '=', id).where('way', 'is', null).where('set_off_at', 'is', null).returning('lease_id').executeTakeFirst();
      if (done === undefined) return;
      if (way === 'server') await own.updateTable('lease_job_ranks').set({ underlay: null }).where('lease_id', '=', id).execute();
      if (note !== undefined) await noteLease(this.#context, tx, { organisation_id, id }, 'job-way', note);
    });
  }
}

/** Asks all at the same time. What one refuses is why it is not to be had for all. */
async function all<T>(places: readonly JobPlace[], ask: (place: JobPlace) => Promise<T>): Promise<{ readonly said: readonly T[] } | { readonly why: string } | 'later'> {
  const settled = await Promise.allSettled(places.map(ask));
  const failed = settled.flatMap((one, rank) => (one.status === 'rejected' ? [{ rank, error: one.reason as Error }] : []));
  if (failed.some(({ error }) => isForLater(error))) return 'later';
  const [first] = failed;
  if (first === undefined) return { said: settled.map((one) => (one as PromiseFulfilledResult<T>).value) };
  if (!(first.error instanceof TandemError)) throw first.error;
  return { why: `rank ${first.rank}: ${printable(first.error.message)}` };
}

/** Its machine is away, or is just starting the lease's sandbox anew. */
function isForLater(error: Error): boolean {
  return isTandemError(error, 'node_unreachable') || (isTandemError(error, 'node_refused') && error.detail === 'not_running');
}
