import { TandemError, parsePico, isUuid } from '../../base/index.ts';
import { can as may, demand, type Principal } from '../../access/index.ts';
import { RESYNC, type Executor } from '../../db/index.ts';
import { machineFits } from '../placement/fits.ts';
import { place, type PlacementRequest, type Waiting } from '../placement/index.ts';
import { priceOf } from '../price/best-price.ts';
import { quote, type Quote } from '../price/quote.ts';
import { countQuotas, longerRefusal } from '../quotas/counted.ts';
import { requestSpend } from '../quotas/spend.ts';
import { HANDED_CHANNEL, LEASES_CHANNEL, MARGIN_MS, noteLease, type LeaseContext } from './context.ts';
import { isCalled } from './called.ts';
import { lockTimes, promisedBefore } from './calendar.ts';
import { demandHandOver } from './hand-over.ts';
import { can, overAtMs, type LeaseState } from './lease.ts';
import { minuteCosts, type MinuteCost } from './minute-costs.ts';
import { AHEAD_MS, LeaseMoney } from './money.ts';
import { failedMachines, holdingsOf, leaseOf, liveLeases, reservationsOf, storedPrice, termsOf, withMachines, type LeaseRow, type StoredLease } from './rows.ts';
import { JobLogs, type JobLogView, type LogWish } from '../jobs/job-logs.ts';
import { demandJob, isSameJob, jobOf, keepJob, type NewJob } from '../jobs/rows.ts';
import { takeVolume, volumeNamed, type VolumeRow } from '../volumes/rows.ts';
import { wishFaults } from './one-wish.ts';
import { stopAtOnce } from './stop-at-once.ts';
import { demandAgreed, demandAtMost, demandCountable, demandEnd, demandStart } from './times.ts';
import { leaseEventView, leaseView, providerCostView, type LeaseEventView, type LeaseView } from './view.ts';
import { placementRequest, wishOf, type LeaseRequest } from './wish.ts';

const MINUTE = 60_000;

/** A lease as it is asked for. */
export interface NewLease extends LeaseRequest {
  /** The caller's own word for this wish: asked twice by it, it is asked once. */
  readonly key: string;
  readonly name: string;
  /** Null: the caller's own project. */
  readonly projectId: string | null;
  /** Picodollars as text: it ends before it would cost more. */
  readonly atMost: string | null;
  /** Picodollars as text: what a quote of it said, which it is not to cost more than by now. */
  readonly agreed?: string | null;
  /** The name of a volume that its home is. */
  readonly volume?: string | null;
  /** What it runs once. Null: nothing, which the access `job` is refused for; absent: whoever asks brings what runs in it. */
  readonly job?: NewJob | null;
}

export interface QuoteView {
  readonly pool: string;
  readonly resource: string;
  readonly count: number;
  readonly currency: string;
  readonly leastDay: boolean;
  readonly minutes: number | null;
  readonly cost: string;
  readonly perHour: string;
  readonly perDay: string;
  /** Null: it begins at once. */
  readonly wait: { readonly code: string; readonly reason: string; readonly forecastAt: string | null } | null;
}

/** Leases, as people ask for them and steer them. What happens to them then is the reconciler's. */
export class Leases {
  readonly #context: LeaseContext;
  readonly #money: LeaseMoney;
  readonly #logs: JobLogs;
  readonly #ends = new Set<(leaseId: string) => void>();
  #listens = false;

  constructor(context: LeaseContext) {
    this.#context = context;
    this.#money = new LeaseMoney(context);
    this.#logs = new JobLogs(context);
  }

  /**
   * What a lease would cost, and whether it would wait. Nothing is kept.
   * @throws TandemError no_such_machine, root_refused, time_price_unknown, over_at_most.
   */
  async quote(principal: Principal, input: Omit<NewLease, 'key'>): Promise<QuoteView> {
    demand(principal, 'leases.write');
    const { request, quoted } = await this.#quote(principal, input, this.#projectOf(principal, input.projectId));
    const wait = await this.#wouldWait(request);
    return {
      pool: quoted.pool, resource: quoted.resource, count: quoted.count, currency: quoted.price.currency, leastDay: quoted.leastDay, minutes: quoted.minutes, cost: String(quoted.cost),
      perHour: String(priceOf({ ...quoted.terms, leastDay: false }, 60)), perDay: String(priceOf(quoted.terms, 1_440)),
      wait: wait === null ? null : { code: wait.code, reason: wait.reason, forecastAt: wait.forecastMs === null ? null : new Date(wait.forecastMs).toISOString() },
    };
  }

  /** @throws TandemError as `quote`; price_changed where it costs more than was agreed to; id_conflict where the key was used for another wish. */
  async create(principal: Principal, input: NewLease): Promise<LeaseView> {
    demand(principal, 'leases.write');
    const { database, clock, newId, access } = this.#context;
    const projectId = this.#projectOf(principal, input.projectId);
    const known = await this.#byKey(principal, input);
    if (known !== undefined) return this.#view(known);
    const { job = null } = input;
    const isForJob = input.access === 'job';
    if (isForJob ? input.job === null : job !== null) throw new TandemError('invalid_request', { param: 'job', params: { reason: 'The access job and a job belong together: give both or neither.' } });
    const secrets = job === null ? undefined : demandJob(job, input.machines, this.#context.jobs?.secrets);
    const { wish, quoted, volume, atMs } = await this.#quote(principal, input, projectId);
    demandAgreed(quoted.cost, input.agreed ?? null, quoted.price.currency);
    const now = new Date(clock.nowMs());
    const id = newId();
    await database.transaction(async (tx) => {
      await access.projects.demandOpen(tx, principal.organisationId, projectId);
      const made = await database.scoped(principal.organisationId, tx).insertInto('leases', {
        id, project_id: projectId, key_id: principal.keyId, name: input.name, asked_by: principal.actor.label, request_key: input.key, request: JSON.stringify(saidOf(input)), wish: JSON.stringify({ ...wish, pool: quoted.pool, want: quoted.want }), access: input.access,
        resource: quoted.resource, price: storedPrice(quoted.price), terms: JSON.stringify({ count: quoted.count, leastDay: quoted.leastDay }), quoted_at: new Date(atMs), at_most: input.atMost,
        starts_at: input.startsAtMs === null ? null : new Date(input.startsAtMs), minutes: quoted.minutes, idle_minutes: quoted.idleMinutes, record: input.record || quoted.record, created_at: now,
        from_volume_id: volume?.id ?? null, keep_volume_id: volume?.id ?? null,
      }).onConflict((on) => on.columns(['organisation_id', 'request_key']).doNothing()).returning('id').executeTakeFirst();
      // The same click twice: the other one is a moment ahead.
      if (made === undefined) return;
      if (volume !== null) await takeVolume(database, tx, volume, id);
      if (job !== null) await keepJob(database, tx, secrets!, principal.organisationId, id, job);
      await noteLease(this.#context, tx, { organisation_id: principal.organisationId, id }, 'asked', `by ${principal.actor.label}`);
      await access.audit.record(tx, principal, { action: 'lease.create', resourceKind: 'lease', resourceId: id, change: { name: input.name, projectId, resource: quoted.resource, count: quoted.count, minutes: quoted.minutes, access: input.access, ...(job !== null && { job: true }) } });
    });
    return this.#view((await this.#byKey(principal, input))!);
  }

  async list(principal: Principal, query: { readonly state?: 'live' | 'ended' | undefined; readonly projectId?: string | undefined; readonly called?: string | undefined; readonly limit: number; readonly cursor?: string | undefined }): Promise<{ items: LeaseView[]; nextCursor: string | null }> {
    demand(principal, 'leases.read');
    if (query.cursor !== undefined && !isUuid(query.cursor)) throw new TandemError('invalid_request', { params: { reason: 'The cursor is the nextCursor of the page before.' }, param: 'cursor' });
    let rows = this.#context.database.scoped(principal.organisationId).selectFrom('leases').selectAll().orderBy('id', 'desc').limit(query.limit + 1);
    const projectId = principal.projectId ?? query.projectId;
    if (projectId !== undefined) rows = rows.where('project_id', '=', projectId);
    if (query.state !== undefined) rows = rows.where('observed', query.state === 'live' ? '<>' : '=', 'ended');
    if (query.called !== undefined) rows = rows.where(isCalled(query.called));
    if (query.cursor !== undefined) rows = rows.where('id', '<', query.cursor);
    const found = await rows.execute();
    const shown = await withMachines(this.#context.database.unscoped('machines of leases that were read for their organisation'), found.slice(0, query.limit));
    const items = await Promise.all(shown.map((one) => this.#view(one)));
    return { items, nextCursor: found.length > query.limit ? items.at(-1)!.id : null };
  }

  /** With what happened to it, the newest hundred first. @throws TandemError resource_not_found. */
  async show(principal: Principal, id: string): Promise<{ lease: LeaseView; events: LeaseEventView[] }> {
    demand(principal, 'leases.read');
    const stored = await this.#read(principal, id);
    const events = await this.#context.database.scoped(principal.organisationId).selectFrom('lease_events').selectAll().where('lease_id', '=', id).orderBy('id', 'desc').limit(100).execute();
    const lease = await this.#view(stored);
    const view = { lease, events: events.map(leaseEventView) };
    if (!may(principal, 'costs.read')) return view;
    const costs = await this.#context.machines.costs(stored.machines.map(({ machine_id }) => machine_id));
    return { ...view, lease: { ...lease, cost: { ...lease.cost, provider: providerCostView(stored, costs, this.#context.clock.nowMs()) } } };
  }

  /**
   * Makes a lease last longer. Its price goes on where it is: a longer lease may cost less a day.
   * @throws TandemError resource_not_found, lease_state, lease_reserved, lease_quota, over_at_most, budget_short.
   */
  async extend(principal: Principal, id: string, input: { readonly minutes: number; readonly atMost: string | null }): Promise<LeaseView> {
    await this.#change(principal, id, 'extended', can.extend, async (tx, row) => {
      const { database, clock } = this.#context;
      if (row.minutes === null || row.ends_at === null) throw new TandemError('lease_state', { params: { id, state: 'without an end', action: 'extended' } });
      const minutes = row.minutes + input.minutes;
      const atMost = input.atMost ?? row.at_most;
      demandAtMost(priceOf(termsOf(row), minutes), atMost, principal.currency);
      const nowMs = clock.nowMs();
      // Its machines have ended it by themselves: nothing is left that could go on.
      if (overAtMs(leaseOf({ row, machines: [] }, nowMs))! <= nowMs) throw new TandemError('lease_state', { params: { id, state: 'over', action: 'extended' } });
      const endsAt = new Date(row.ends_at.getTime() + input.minutes * MINUTE);
      demandEnd(endsAt.getTime(), nowMs);
      await this.#demandFree(tx, row, endsAt);
      const reason = await longerRefusal(tx, row, endsAt, this.#context.machines, this.#context.access.directory, nowMs);
      if (reason !== null) throw new TandemError('lease_quota', { params: { id, action: 'extended', reason } });
      const longer = { ...row, minutes, ends_at: endsAt };
      const paidUntilMs = leaseOf({ row, machines: [] }, nowMs).paidUntilMs!;
      await database.scoped(principal.organisationId, tx).updateTable('leases').set({ minutes, ends_at: endsAt, at_most: atMost }).where('id', '=', id).execute();
      await this.#money.holdUntil(tx, longer, (row.started_at ?? row.placed_at)!.getTime(), paidUntilMs, Math.min(endsAt.getTime(), nowMs + AHEAD_MS));
      await noteLease(this.#context, tx, row, 'extended', `until ${endsAt.toISOString()} by ${principal.actor.label}`);
      return { minutes: input.minutes };
    });
    return this.#view(await this.#read(principal, id));
  }

  /** Gives a lease to another project, which pays from now on. @throws TandemError resource_not_found, lease_state, lease_quota, lease_volume, budget_short. */
  async handOver(principal: Principal, id: string, input: { readonly projectId: string }): Promise<LeaseView> {
    const projectId = this.#projectOf(principal, input.projectId);
    await this.#change(principal, id, 'handed over', can.handOver, async (tx, row) => {
      const { database, clock, access } = this.#context;
      await access.projects.demandOpen(tx, principal.organisationId, projectId);
      await demandHandOver(this.#context, tx, row, projectId);
      const nowMs = clock.nowMs();
      // Up to the started minute the one pays, from the next on the other.
      const booked = { ...row, ...(await this.#money.bill(tx, row, nowMs, true)) };
      await this.#money.releaseAll(tx, row);
      await database.scoped(principal.organisationId, tx).updateTable('leases').set({ project_id: projectId, key_id: principal.keyId }).where('id', '=', id).execute();
      const startMs = (row.started_at ?? row.placed_at)?.getTime();
      if (startMs !== undefined) {
        const { paidUntilMs } = leaseOf({ row: booked, machines: [] }, nowMs);
        const heldAgain = { ...booked, project_id: projectId, key_id: principal.keyId, held_minutes: booked.paid_minutes };
        await this.#money.holdUntil(tx, heldAgain, startMs, paidUntilMs! - (booked.held_minutes - booked.paid_minutes) * MINUTE, paidUntilMs!);
      }
      await noteLease(this.#context, tx, row, 'handed-over', `by ${principal.actor.label}`);
      if (projectId !== row.project_id) await database.notify(tx, HANDED_CHANNEL, id);
      return { projectId };
    });
    return this.#view(await this.#read(principal, id));
  }

  /** It is over at once; its sessions are cut within seconds, and its machines wiped. @throws TandemError resource_not_found, lease_state. */
  async end(principal: Principal, id: string): Promise<LeaseView> {
    let before: StoredLease | undefined;
    await this.#change(principal, id, 'ended', can.end, async (tx, row) => {
      before = (await withMachines(tx, [row]))[0];
      await this.#context.database.scoped(principal.organisationId, tx).updateTable('leases').set({ wanted: 'end', reason: `ended by ${principal.actor.label}` }).where('id', '=', id).execute();
      await noteLease(this.#context, tx, row, 'end-asked', `by ${principal.actor.label}`);
      return {};
    });
    // Its machines hear it from here: whoever keeps the lease may be busy, or just not there.
    if (before !== undefined) void stopAtOnce(this.#context, before);
    return this.#view(await this.#read(principal, id));
  }

  /**
   * Lets somebody into a lease that runs, and says where it is and when it ends as things stand. Its idle time begins anew.
   * @throws TandemError permission_denied, resource_not_found, lease_state; no_shell where nobody enters.
   */
  async enter(principal: Principal, id: string, machineId?: string): Promise<{ leaseId: string; nodeId: string; record: boolean; fence: string; endsAtMs: number }> {
    demand(principal, 'leases.write');
    const { database, clock } = this.#context;
    const stored = await this.#read(principal, id);
    if (stored.row.access === 'api' || stored.row.access === 'job') throw new TandemError('no_shell', { params: { id, access: stored.row.access } });
    const lease = leaseOf(stored, clock.nowMs());
    const on = lease.machines.find((one) => machineId === undefined || one.machineId === machineId);
    const endsAtMs = overAtMs(lease);
    if (!can.enter(lease) || on === undefined || endsAtMs === null) throw new TandemError('lease_state', { params: { id, state: lease.wanted === 'end' && lease.observed !== 'ended' ? 'ending' : lease.observed, action: 'entered' } });
    await database.scoped(principal.organisationId).updateTable('leases').set({ used_at: new Date(clock.nowMs()) }).where('id', '=', id).execute();
    return { leaseId: id, nodeId: on.machineId, record: stored.row.record, fence: String(lease.fence), endsAtMs };
  }

  /** What its job printed. @throws TandemError permission_denied, resource_not_found, no_job, node_unreachable, node_refused. */
  logs(principal: Principal, id: string, wish: LogWish): Promise<JobLogView> {
    return this.#logs.read(principal, id, wish);
  }

  /** Whose lease a machine has, or has had: a machine can speak for no other. */
  async ownerOn(machineId: string, leaseId: string): Promise<string | undefined> {
    const row = await this.#context.database.unscoped('whose lease a machine has').selectFrom('lease_machines').select('organisation_id').where('machine_id', '=', machineId).where('lease_id', '=', leaseId).executeTakeFirst();
    return row?.organisation_id;
  }

  /** What the minutes of a lease that are over cost, from `from` minutes after its start on; `done`: there will be no more. @throws TandemError resource_not_found. */
  async minutes(principal: Principal, id: string, from: number): Promise<{ readonly minutes: readonly MinuteCost[]; readonly done: boolean }> {
    demand(principal, 'leases.read');
    const { row } = await this.#read(principal, id);
    if (row.started_at === null) return { minutes: [], done: row.observed === 'ended' };
    return { minutes: minuteCosts(termsOf(row), row.started_at.getTime(), row.outages, from, this.#context.clock.nowMs(), row.stopped_at?.getTime() ?? null), done: row.stopped_at !== null };
  }

  /** Told when nobody may enter a lease any more, or others may than before, whichever process did it: who is inside is to come in anew. The returned function ends the listening. */
  onEnd(listener: (leaseId: string) => void): () => void {
    const { database, log } = this.#context;
    this.#ends.add(listener);
    if (!this.#listens) {
      this.#listens = true;
      const heard = [database.listen(LEASES_CHANNEL, (id) => {
        this.#tellEnd(id).catch((error: Error) => log.warn({ lease: id, reason: error.message }, 'a lease that changed could not be read'));
      }), database.listen(HANDED_CHANNEL, (id) => {
        if (id !== RESYNC) for (const one of this.#ends) one(id);
      })];
      Promise.all(heard).catch((error: Error) => log.error({ reason: error.message }, 'nothing is heard of leases that end'));
    }
    return () => this.#ends.delete(listener);
  }

  async #tellEnd(id: string): Promise<void> {
    const changed = this.#context.database.unscoped('leases that have changed, of which a process told or may have told').selectFrom('leases').select(['id', 'observed', 'wanted']);
    // After a gap any of them may have been told to end; those that have ended run nowhere.
    const rows = await (id === RESYNC ? changed.where('observed', '!=', 'ended').where('wanted', '=', 'end') : changed.where('id', '=', id)).execute();
    for (const row of rows) if (row.observed !== 'granting' && row.observed !== 'waiting' && row.observed !== 'reserved' && !can.enter(row)) for (const listener of this.#ends) listener(row.id);
  }

  async #quote(principal: Principal, input: Omit<NewLease, 'key'>, projectId: string): Promise<{ wish: ReturnType<typeof wishOf>; request: PlacementRequest; quoted: Quote; volume: VolumeRow | null; /** By the prices of then. */ atMs: number }> {
    const { clock, machines, standing, access, database } = this.#context;
    const nowMs = clock.nowMs();
    demandStart(input.startsAtMs, nowMs);
    // Whoever asks, since a wish that was kept before such were refused is not taken for another one.
    const [fault] = wishFaults(input);
    if (fault !== undefined) throw new TandemError('invalid_request', { params: { reason: `${fault.field} ${fault.why}.` }, param: fault.field });
    const volume = input.volume ? await volumeNamed(database, principal.organisationId, projectId, input.volume) : null;
    if (volume !== null && input.machines !== 1) throw new TandemError('volume_refused', { params: { reason: 'a volume is the home of one machine' } });
    if (volume !== null && input.access === 'root') throw new TandemError('volume_refused', { params: { reason: 'its machine is set up anew after a lease with root, and all that is on it goes' } });
    // A volume lies on one machine, so its lease can be nowhere else.
    const wish = wishOf(volume === null ? input : { ...input, labels: { ...input.labels, 'node-id': volume.machine_id } });
    const request = placementRequest(wish, { id: 'asked', organisationId: principal.organisationId, projectId, askedAtMs: nowMs, durationMs: input.minutes === null ? null : input.minutes * MINUTE, startAtMs: input.startsAtMs });
    const all = await machines.machines();
    if (wish.rawRoot && !all.some((machine) => machineFits(machine, request)) && all.some((machine) => machineFits(machine, { ...request, rawRoot: false }))) throw new TandemError('root_refused');
    const tier = access.directory.project(projectId)?.tier ?? 'standard';
    const priceAt = (resource: string) => standing.priceAt(principal.organisationId, resource, tier, nowMs) ?? standing.priceAt(principal.organisationId, resource, 'standard', nowMs);
    const quoted = quote(request, all, priceAt, input.minutes, input.atMost === null ? null : parsePico(input.atMost)!);
    demandCountable(quoted.terms, quoted.resource);
    return { wish, request: { ...request, pool: quoted.pool, want: quoted.want }, quoted, volume, atMs: nowMs };
  }

  /** What placement would say now; null: it would begin at once, or at the start that was asked for. */
  async #wouldWait(request: PlacementRequest): Promise<Waiting | null> {
    const { database, machines, clock, access: { directory } } = this.#context;
    const nowMs = clock.nowMs();
    const stored = await liveLeases(database);
    const all = await machines.machines();
    const executor = database.unscoped('quotas, and machines that are kept after a failed wipe');
    const { quotas, costs, month } = await countQuotas(executor, all, machines, directory, nowMs);
    const providerSpend = costs.size === 0 ? 0n : requestSpend(request, all, costs, month, nowMs, directory.organisation(request.organisationId)?.currency ?? '');
    const { waiting } = place({
      machines: all, holdings: holdingsOf(stored, await failedMachines(executor), MARGIN_MS, nowMs),
      reservations: reservationsOf(stored, MARGIN_MS), requests: [{ ...request, providerSpend }], quotas, nowMs, marginMs: MARGIN_MS,
    });
    return waiting[0] ?? null;
  }

  /** A lease that begins later on the same units keeps its place. */
  async #demandFree(tx: Executor, row: LeaseRow, endsAt: Date): Promise<void> {
    const machines = await tx.selectFrom('lease_machines').selectAll().where('lease_id', '=', row.id).execute();
    const places = machines.map(({ machine_id, unit_ids }) => ({ machineId: machine_id, unitIds: unit_ids }));
    await lockTimes(tx, places.map(({ machineId }) => machineId));
    const fromMs = await promisedBefore(tx, places, endsAt.getTime() + MARGIN_MS);
    if (fromMs !== undefined) throw new TandemError('lease_reserved', { params: { id: row.id, until: endsAt.toISOString(), from: new Date(fromMs).toISOString() } });
  }

  async #change(principal: Principal, id: string, action: string, may: (lease: { observed: LeaseState; wanted: 'run' | 'end' }) => boolean, work: (tx: Executor, row: LeaseRow) => Promise<Record<string, unknown>>): Promise<void> {
    demand(principal, 'leases.write');
    const { database, access } = this.#context;
    await database.transaction(async (tx) => {
      const row = await database.scoped(principal.organisationId, tx).selectFrom('leases').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
      if (row === undefined || !this.#sees(principal, row)) throw missing(id);
      if (!may(row)) throw new TandemError('lease_state', { params: { id, state: row.wanted === 'end' && row.observed !== 'ended' ? 'ending' : row.observed, action } });
      const change = await work(tx, row);
      await access.audit.record(tx, principal, { action: `lease.${action === 'ended' ? 'end' : action === 'extended' ? 'extend' : 'hand-over'}`, resourceKind: 'lease', resourceId: id, change: { name: row.name, ...change } });
    });
  }

  #projectOf(principal: Principal, projectId: string | null): string {
    const { directory } = this.#context.access;
    const project = directory.project(projectId ?? directory.projectFor(principal));
    if (project?.organisationId !== principal.organisationId || (principal.projectId !== null && principal.projectId !== project.id)) throw new TandemError('resource_not_found', { params: { kind: 'project', id: projectId ?? 'default', verb: 'projects' } });
    if (project.archivedAtMs !== null) throw new TandemError('project_archived', { params: { name: project.name }, param: 'projectId' });
    return project.id;
  }

  #sees(principal: Principal, row: Pick<LeaseRow, 'project_id'>): boolean {
    return principal.projectId === null || principal.projectId === row.project_id;
  }

  async #read(principal: Principal, id: string): Promise<StoredLease> {
    const row = await this.#context.database.scoped(principal.organisationId).selectFrom('leases').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined || !this.#sees(principal, row)) throw missing(id);
    return (await withMachines(this.#context.database.unscoped('machines of a lease that was read for its organisation'), [row]))[0]!;
  }

  async #byKey(principal: Principal, input: NewLease): Promise<StoredLease | undefined> {
    const row = await this.#context.database.scoped(principal.organisationId).selectFrom('leases').selectAll().where('request_key', '=', input.key).executeTakeFirst();
    if (row === undefined) return undefined;
    const job = row.access === 'job' ? await jobOf(this.#context.database.scoped(principal.organisationId), row.id) : undefined;
    if (stable(row.request) !== stable(saidOf(input)) || !isSameJob(this.#context.jobs?.secrets, job?.row, input.job ?? null)) throw new TandemError('id_conflict', { params: { id: input.key }, facts: { id: input.key } });
    return (await withMachines(this.#context.database.unscoped('machines of a lease that was read for its organisation'), [row]))[0];
  }

  async #view(stored: StoredLease): Promise<LeaseView> {
    const { row } = stored;
    const own = new Set(row.wait_holders.length === 0 ? [] : (await this.#context.database.scoped(row.organisation_id).selectFrom('leases').select('id').where('id', 'in', row.wait_holders).execute()).map(({ id }) => id));
    const job = row.access === 'job' ? await jobOf(this.#context.database.scoped(row.organisation_id), row.id) : undefined;
    return leaseView(stored, this.#context.clock.nowMs(), (id) => own.has(id), job);
  }
}

/** What was asked for, without the word it was asked by, what somebody had agreed to pay, and its job, which is kept sealed. */
function saidOf({ key: _key, volume, job: _job, agreed: _agreed, ...said }: NewLease): Record<string, unknown> {
  return volume ? { ...said, volume } : said;
}

/** The same text for the same value, whatever order its fields came in. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) => (typeof part === 'object' && part !== null && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))) : part));
}

function missing(id: string): TandemError {
  return new TandemError('resource_not_found', { params: { kind: 'lease', id, verb: 'leases' } });
}
