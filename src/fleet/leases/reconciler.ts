import type { Updateable } from 'kysely';
import { SteadyClock, TandemError } from '../../base/index.ts';
import type { Executor, Schema } from '../../db/index.ts';
import { noteLease, MARGIN_MS, type LeaseContext } from './context.ts';
import { decide, toStop, unstopped, type Action } from './decide.ts';
import { inOrder } from './give-way.ts';
import { overAtMs, type Lease } from './lease.ts';
import { LeaseMoney } from './money.ts';
import { Placing } from './placing.ts';
import { leaseOf, liveLeases, withMachines, type LeaseRow, type StoredLease } from './rows.ts';
import { orderFor, stopAtOnce } from './stop-at-once.ts';
import { Upkeep } from './upkeep.ts';
import { JobKeeper } from '../jobs/job-keeper.ts';
import { settleVolume } from '../volumes/rows.ts';
import { keepWipe } from '../wipe/wipes.ts';

/** A row that was taken is another's again after this long without a word from who took it: sooner than a lease may outlive its end. */
const LOCK_MS = 3_000;
const KEEP_MS = 1_000;
const MOST_STEPS = 50;
const DAY_MS = 86_400_000;
/** A driver that failed is asked again at the next look, and one that fails again after this long. */
const RETRY_MS = 2_000;
/** A wipe that goes on outside the machine is looked at so often. */
const WIPE_LOOK_MS = 10_000;

type MachineChange = Updateable<Schema['lease_machines']>;
type OnMachine = Extract<Action, { readonly machineId: string }>;

/**
 * Brings leases to where they are wanted. Each is taken by a lock token, worked on outside any transaction, and written where the token still
 * stands: a process that died or was overtaken writes nothing. Nothing is remembered here that the rows do not say.
 */
export class Reconciler {
  readonly #context: LeaseContext;
  readonly #clock: SteadyClock;
  readonly #money: LeaseMoney;
  readonly #placing: Placing;
  readonly #upkeep: Upkeep;
  readonly #jobs: JobKeeper;
  readonly #working = new Map<string, Promise<void>>();
  readonly #retryAtMs = new Map<string, number>();
  /** Leases that the last try failed for. */
  readonly #failed = new Set<string>();

  constructor(context: LeaseContext) {
    this.#context = context;
    this.#clock = new SteadyClock(context.clock);
    this.#money = new LeaseMoney(context);
    this.#placing = new Placing(context, this.#money);
    this.#upkeep = new Upkeep(context, this.#money);
    this.#jobs = new JobKeeper(context);
  }

  /** A machine that comes back ends what ended meanwhile, and may have been restarted: it is told again what it may run. The returned function ends the listening. */
  watch(): () => void {
    return this.#context.driver.onChange((machineId, reached) => {
      if (!reached) return;
      this.#isBack(machineId).catch((error: Error) => this.#context.log.warn({ machine: machineId, reason: error.message }, 'a machine that came back could not be noted'));
    });
  }

  /** One look at all leases, by one process at a time, every second. What goes to machines goes on after it resolves. */
  async tick(signal?: AbortSignal): Promise<void> {
    const { database } = this.#context;
    const nowMs = this.#clock.nowMs();
    let stored = await liveLeases(database);
    // Nobody may be on a machine longer than was agreed: that goes before all that takes time.
    await this.#lookAfter(stored.filter((one) => this.#isOver(one, nowMs)), nowMs, signal);
    for (const one of stored) await this.#upkeep.look(one, nowMs);
    stored = await liveLeases(database);
    if (await this.#placing.round(stored, nowMs)) stored = await liveLeases(database);
    await this.#jobs.look(nowMs);
    await this.#lookAfter(stored, nowMs, signal);
  }

  /** Whichever process hears that a lease is to end ends it, and waits for nothing that is on its way for the lease. Where it is not to end, nothing is done. */
  async hurry(id: string): Promise<void> {
    const executor = this.#context.database.unscoped('a lease by its id, which somebody says is over');
    const row = await executor.selectFrom('leases').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined) return;
    const [stored] = await withMachines(executor, [row]);
    if (!this.#isOver(stored!, this.#clock.nowMs())) return;
    this.#retryAtMs.delete(id);
    if (this.#working.has(id)) await stopAtOnce(this.#context, stored!);
    else this.#begin(id, []);
  }

  /** Resolves when nothing is on its way to a machine. */
  async settled(): Promise<void> {
    await this.#jobs.settled();
    while (this.#working.size > 0) await Promise.all(this.#working.values());
  }

  /** Whether it may run on a machine still and must not. */
  #isOver(stored: StoredLease, nowMs: number): boolean {
    const lease = leaseOf(stored, nowMs);
    return (lease.observed === 'ending' && unstopped(lease).length > 0) || decide(lease, this.#world()).do === 'over';
  }

  async #isBack(machineId: string): Promise<void> {
    const executor = this.#context.database.unscoped('leases on a machine that came back');
    const ending = await executor.selectFrom('lease_machines').innerJoin('leases', 'leases.id', 'lease_machines.lease_id').select('leases.id')
      .where('machine_id', '=', machineId).where('stage', 'in', ['held', 'granted']).where('leases.wanted', '=', 'end').execute();
    await Promise.all(ending.map(({ id }) => this.hurry(id)));
    await executor.updateTable('lease_machines').set({ granted_until: null }).where('machine_id', '=', machineId).where('stage', '=', 'granted').execute();
  }

  async #lookAfter(stored: readonly StoredLease[], nowMs: number, signal: AbortSignal | undefined): Promise<void> {
    for (const { one, after } of inOrder(stored)) {
      if (signal?.aborted) return;
      const { id } = one.row;
      if (this.#working.has(id) || (this.#retryAtMs.get(id) ?? 0) > nowMs) continue;
      if (decide(leaseOf(one, nowMs), this.#world()).do === 'wait') await this.#waits(one);
      else this.#begin(id, after);
    }
  }

  /** @param after leases whose work here must be done first. */
  #begin(id: string, after: readonly string[]): void {
    const work = Promise.all(after.map((before) => this.#working.get(before))).then(() => this.#work(id)).then(() => void this.#failed.delete(id), async (error: Error) => {
      if (this.#failed.has(id)) this.#retryAtMs.set(id, this.#clock.nowMs() + RETRY_MS);
      this.#failed.add(id);
      // Who waits for a machine that refuses is told what it says.
      if (error instanceof TandemError) await this.#lease(id).set({ reason: error.message.slice(0, 500) }).where('observed', '=', 'granting').where('wanted', '=', 'run').execute().catch(() => {});
      if (!(error instanceof TandemError)) this.#context.log.warn({ lease: id, reason: error.message }, 'a lease could not be looked after');
    }).finally(() => this.#working.delete(id));
    this.#working.set(id, work);
  }

  #world(): { nowMs: number; marginMs: number; reaches(machineId: string): boolean } {
    return { nowMs: this.#clock.nowMs(), marginMs: MARGIN_MS, reaches: (machineId) => this.#context.driver.reaches(machineId) };
  }

  /** All that is due for one lease, until it waits. */
  async #work(id: string): Promise<void> {
    const token = this.#context.newId();
    if (!(await this.#take(id, token))) return this.#stopTaken(id);
    const done = new AbortController();
    const kept = this.#keep(id, token, done.signal);
    try {
      for (let step = 0; step < MOST_STEPS; step += 1) {
        const stored = await this.#read(id, token);
        if (stored === undefined) return;
        const lease = leaseOf(stored, this.#clock.nowMs());
        const action = decide(lease, this.#world());
        if (action.do === 'wait') return;
        if ('machineId' in action) {
          if (!(await this.#toMachine(stored, lease, action, token))) return;
        } else await this.#apply(stored, token, async (tx, row) => {
          // It may have been extended or handed over since it was read: what was due then may not be due now.
          const now = leaseOf((await withMachines(tx, [row]))[0]!, this.#clock.nowMs());
          if (decide(now, this.#world()).do === action.do) await this.#change(tx, row, now, action);
        });
      }
    } finally {
      done.abort(new Error('done'));
      await kept;
      await this.#lease(id).set({ lock_token: null, lock_until: null }).where('lock_token', '=', token).execute().catch(() => {});
    }
  }

  /** @returns whether the next thing can be looked at. */
  async #toMachine(stored: StoredLease, lease: Lease, action: OnMachine, token: string): Promise<boolean> {
    const { driver, machines, wipes } = this.#context;
    const on = lease.machines.find(({ machineId }) => machineId === action.machineId)!;
    const order = orderFor(stored, on);
    switch (action.do) {
      case 'grant': {
        const until = overAtMs(lease)!;
        // Written before anything is sent: whatever becomes of it, the lease runs there no longer.
        await this.#apply(stored, token, (tx) => this.#machine(tx, stored.row, on.machineId, { bound_at: new Date(Math.max(on.boundMs ?? 0, until)) }));
        const allowance = await machines.allowance(on.machineId, on.unitIds);
        const bounds = await driver.grant(order, until - this.#clock.nowMs(), allowance);
        await this.#apply(stored, token, (tx) => this.#machine(tx, stored.row, on.machineId, { stage: 'granted', granted_until: new Date(until), bound_at: new Date(until), ...(bounds !== null && { bounds: JSON.stringify(bounds) }) }));
        return true;
      }
      case 'stop': {
        const told = await Promise.allSettled(toStop(lease, this.#world()).map(async (one) => {
          await driver.stop(orderFor(stored, one));
          await this.#apply(stored, token, (tx) => this.#machine(tx, stored.row, one.machineId, { stage: 'stopped' }));
        }));
        for (const one of told) if (one.status === 'rejected') throw one.reason;
        return true;
      }
      case 'count-stopped':
        await this.#apply(stored, token, (tx) => this.#machine(tx, stored.row, on.machineId, { stage: 'stopped' }));
        // Root cannot be fenced from inside: nobody knows what runs there.
        if (stored.row.access === 'root' && on.boundMs !== null && !driver.reaches(on.machineId)) await machines.quarantine(on.machineId, `a lease with root ended while it was out of reach: ${lease.id}`);
        return true;
      case 'wipe': {
        if (on.boundMs !== null) await this.#jobs.collect(order, this.#clock.nowMs());
        const done = on.boundMs === null ? undefined : await wipes.wipe(order);
        if (done === null) {
          this.#retryAtMs.set(lease.id, this.#clock.nowMs() + WIPE_LOOK_MS);
          return false;
        }
        const report = done?.report ?? null;
        const clean = report?.clean ?? true;
        if (!clean) await machines.quarantine(on.machineId, `the wipe after the lease ${lease.id} failed`);
        await this.#apply(stored, token, async (tx, row) => {
          await this.#machine(tx, row, on.machineId, { stage: clean ? 'wiped' : 'failed', report: JSON.stringify(report) });
          await settleVolume(this.#context, tx, row, done === undefined ? undefined : done.report.kept);
          if (done !== undefined) await keepWipe(this.#context, tx, row.organisation_id, on.unitIds, done);
          if (clean) await this.#keepForDay(tx, row, on.machineId, report?.becomes ?? null);
          if (clean) await tx.deleteFrom('lease_units').where('lease_id', '=', row.id).where('machine_id', '=', on.machineId).execute();
          await noteLease(this.#context, tx, row, clean ? 'wiped' : 'wipe-failed', report === null ? 'nothing of it was there' : report.evidence.join('; '));
        });
        return true;
      }
    }
  }

  async #change(tx: Executor, row: LeaseRow, lease: Lease, action: Exclude<Action, OnMachine | { do: 'wait' }>): Promise<void> {
    const nowMs = this.#clock.nowMs();
    const own = this.#context.database.scoped(row.organisation_id, tx);
    const changed = own.updateTable('leases').where('id', '=', row.id);
    switch (action.do) {
      case 'begin': {
        const ends = row.minutes === null ? null : new Date(nowMs + row.minutes * 60_000);
        await changed.set({ observed: 'running', started_at: new Date(nowMs), used_at: new Date(nowMs), ends_at: ends, reason: null }).execute();
        await noteLease(this.#context, tx, row, 'running', ends === null ? 'until it is ended' : `until ${ends.toISOString()}`);
        return;
      }
      case 'over': {
        const overMs = Math.min(nowMs, overAtMs(lease) ?? nowMs);
        const why = row.wanted === 'end' ? (row.reason ?? 'it was ended') : row.ends_at !== null && row.ends_at.getTime() <= overMs ? 'its time is over' : 'no more money could be set aside';
        await this.#money.bill(tx, row, overMs, true);
        await this.#money.releaseAll(tx, row);
        await changed.set({ observed: 'ending', wanted: 'end', stopped_at: new Date(overMs), reason: why }).execute();
        await noteLease(this.#context, tx, row, 'ending', why);
        return;
      }
      case 'stopped':
        await changed.set({ observed: 'wiping' }).execute();
        await noteLease(this.#context, tx, row, 'stopped');
        return;
      case 'finish':
        await this.#money.releaseAll(tx, row);
        await changed.set({ observed: 'ended', wanted: 'end', ended_at: row.ended_at ?? new Date(nowMs), stopped_at: row.stopped_at ?? new Date(nowMs) }).execute();
        await settleVolume(this.#context, tx, row, undefined);
        await this.#jobs.close(tx, row.id, nowMs);
        await noteLease(this.#context, tx, row, 'ended', row.reason ?? '');
    }
  }

  /** Where a day is paid, the machine stays with its tenant until it is over, from the moment on that it is free. @param becomes what a Mac that was set up anew is now: another node. */
  async #keepForDay(tx: Executor, row: LeaseRow, machineId: string, becomes: string | null): Promise<void> {
    const until = new Date((row.started_at?.getTime() ?? 0) + DAY_MS);
    if (!row.terms.leastDay || until.getTime() <= this.#clock.nowMs()) return;
    await this.#context.database.scoped(row.organisation_id, tx).insertInto('kept_machines', { machine_id: becomes ?? machineId, until }).onConflict((on) => on.column('machine_id').doUpdateSet({ organisation_id: row.organisation_id, until })).execute();
  }

  async #machine(tx: Executor, row: LeaseRow, machineId: string, change: MachineChange): Promise<void> {
    await this.#context.database.scoped(row.organisation_id, tx).updateTable('lease_machines').set(change).where('lease_id', '=', row.id).where('machine_id', '=', machineId).execute();
  }

  /** Says why a lease waits for a machine, where that has changed. */
  async #waits(stored: StoredLease): Promise<void> {
    const { row } = stored;
    if (row.observed === 'waiting' || row.observed === 'reserved') return;
    const action = decide(leaseOf(stored, this.#clock.nowMs()), this.#world());
    const reason = action.do === 'wait' ? action.reason : null;
    if (row.observed !== 'running' && row.observed !== 'granting' && reason === null) return;
    if (reason === row.reason) return;
    await this.#lease(row.id).set({ reason }).where('observed', '=', row.observed).execute();
  }

  /** Nobody locks for longer than a moment: a lock that ends far ahead is one of a process whose clock was wrong, and holds up nothing. */
  async #take(id: string, token: string): Promise<boolean> {
    const now = new Date(this.#clock.nowMs());
    const { numUpdatedRows } = await this.#lease(id).set({ lock_token: token, lock_until: new Date(now.getTime() + LOCK_MS) }).where((or) => or.or([or('lock_token', 'is', null), or('lock_until', '<', now), or('lock_until', '>', new Date(now.getTime() + 2 * LOCK_MS))])).executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  /** What this process works on stays its own. */
  async #keep(id: string, token: string, done: AbortSignal): Promise<void> {
    while (!done.aborted) {
      await this.#clock.sleep(KEEP_MS, done).catch(() => {});
      if (!done.aborted) await this.#lease(id).set({ lock_until: new Date(this.#clock.nowMs() + LOCK_MS) }).where('lock_token', '=', token).execute().catch(() => {});
    }
  }

  /** Another process has taken it, and may be waiting for a machine or be gone: what must not run any more is ended all the same. */
  async #stopTaken(id: string): Promise<void> {
    const executor = this.#context.database.unscoped('a lease that another process has taken');
    const row = await executor.selectFrom('leases').selectAll().where('id', '=', id).where('wanted', '=', 'end').executeTakeFirst();
    if (row !== undefined) await stopAtOnce(this.#context, (await withMachines(executor, [row]))[0]!);
  }

  async #read(id: string, token: string): Promise<StoredLease | undefined> {
    const executor = this.#context.database.unscoped('a lease by its id, taken by this process');
    const row = await executor.selectFrom('leases').selectAll().where('id', '=', id).where('lock_token', '=', token).executeTakeFirst();
    return row === undefined ? undefined : (await withMachines(executor, [row]))[0];
  }

  /** Writes what was done, where the lock token still stands. */
  async #apply(stored: StoredLease, token: string, change: (tx: Executor, row: LeaseRow) => Promise<void>): Promise<void> {
    await this.#context.database.transaction(async (tx) => {
      const row = await tx.selectFrom('leases').selectAll().where('id', '=', stored.row.id).where('lock_token', '=', token).forUpdate().executeTakeFirst();
      if (row === undefined) throw new TandemError('lease_state', { params: { id: stored.row.id, state: 'taken over by another process', action: 'changed here' } });
      await change(tx, row);
    });
  }

  #lease(id: string) {
    return this.#context.database.unscoped('leases of every organisation are kept by one worker').updateTable('leases').where('id', '=', id);
  }
}

