import { sql } from 'kysely';
import { isTandemError } from '../../base/index.ts';
import type { Executor } from '../../db/index.ts';
import { machineFits } from '../placement/fits.ts';
import { place, type Place, type Placed, type Waiting } from '../placement/index.ts';
import { countQuotas } from '../quotas/counted.ts';
import type { QuotaWatch } from '../quotas/quota-watch.ts';
import { requestSpend } from '../quotas/spend.ts';
import { hasTime, lockTimes } from './calendar.ts';
import { LEASE_PAGES_CHANNEL, MARGIN_MS, noteLease, type LeaseContext } from './context.ts';
import { AHEAD_MS, type LeaseMoney } from './money.ts';
import type { LeasableMachine } from '../pools/machines.ts';
import { inTheWay, promised } from './promised.ts';
import { failedMachines, holdingsOf, reservationsOf, wishOfRow, type LeaseRow, type StoredLease } from './rows.ts';
import { placementRequest } from './wish.ts';

const MINUTE = 60_000;

/** Gives waiting leases machines: decided purely over all of them, then written one by one, each only where nothing has changed meanwhile. */
export class Placing {
  readonly #context: LeaseContext;
  readonly #money: LeaseMoney;

  constructor(context: LeaseContext, money: LeaseMoney) {
    this.#context = context;
    this.#money = money;
  }

  /** @returns whether any lease was given machines. */
  async round(stored: readonly StoredLease[], nowMs: number): Promise<boolean> {
    const asked = stored.filter(({ row }) => row.observed === 'waiting' && row.wanted === 'run');
    if (asked.length === 0 && !stored.some(({ row }) => row.observed === 'reserved' && row.wanted === 'run')) return false;
    const all = await this.#context.machines.machines();
    const { due, late, moving, kept } = promised(stored, all, nowMs);
    let begun = false;
    // What was promised goes before what waits.
    for (const one of due) begun = (await this.#begin(one, stored, nowMs)) || begun;
    for (const { row } of kept) if (row.wait_code !== null) await this.#asPromised(row);
    const waiting = [...asked, ...(await this.#letGo(late))];
    const changed = new Map(waiting.map((one) => [one.row.id, one]));
    const now = stored.map((one) => changed.get(one.row.id) ?? one);
    if (waiting.length + moving.length === 0) return begun;
    const { input, watch } = await this.#input(now, [...waiting, ...moving], all, nowMs);
    const { placed, waiting: left } = place(input);
    const rows = new Map([...waiting, ...moving].map(({ row }) => [row.id, row]));
    for (const one of placed) {
      const row = rows.get(one.requestId)!;
      begun = (one.fromMs > nowMs ? await this.#reserve(row, one, nowMs, watch) : await this.#give(row, one.places, nowMs, watch)) || begun;
    }
    for (const one of left) {
      const row = rows.get(one.requestId)!;
      await this.#explain(row, row.observed === 'waiting' ? one : { ...one, reason: `the machine that it was promised takes no lease now, and another one is looked for: ${one.reason}`, forecastMs: row.starts_at!.getTime() });
    }
    return begun;
  }

  /** @param asked what is looked for machines for: what some of it was promised counts no more. */
  async #input(stored: readonly StoredLease[], asked: readonly StoredLease[], all: readonly LeasableMachine[], nowMs: number): Promise<{ readonly input: Parameters<typeof place>[0]; readonly watch: QuotaWatch }> {
    const { database, machines, access } = this.#context;
    const executor = database.unscoped('placement looks at the machines and leases of all');
    const kept = new Map((await executor.selectFrom('kept_machines').selectAll().where('until', '>', new Date(nowMs)).execute()).map((one) => [one.machine_id, { organisationId: one.organisation_id, untilMs: one.until.getTime() }]));
    const { quotas, costs, month, watch } = await countQuotas(executor, all, machines, access.directory, nowMs);
    const moves = new Set(asked.map(({ row }) => row.id));
    const input = {
      machines: all.map((machine) => ({ ...machine, keptFor: kept.get(machine.id) ?? machine.keptFor })),
      holdings: holdingsOf(stored, await failedMachines(executor), MARGIN_MS, nowMs), reservations: reservationsOf(stored, MARGIN_MS).filter(({ leaseId }) => !moves.has(leaseId)), quotas, nowMs, marginMs: MARGIN_MS,
      requests: asked.map(({ row }) => {
        const request = placementRequest(wishOfRow(row), {
          id: row.id, organisationId: row.organisation_id, projectId: row.project_id, askedAtMs: row.created_at.getTime(), durationMs: row.minutes === null ? null : row.minutes * MINUTE, startAtMs: row.starts_at?.getTime() ?? null,
        });
        return costs.size === 0 ? request : { ...request, providerSpend: requestSpend(request, all, costs, month, nowMs, access.directory.organisation(row.organisation_id)?.currency ?? '') };
      }),
    };
    return { input, watch };
  }

  /** A lease whose start has come, on the machines that it was promised. Where another one is not off them yet, it says so. */
  async #begin(one: StoredLease, stored: readonly StoredLease[], nowMs: number): Promise<boolean> {
    const holders = inTheWay(one, stored);
    if (holders.length === 0) return this.#give(one.row, one.machines.map(({ machine_id, unit_ids }) => ({ machineId: machine_id, unitIds: unit_ids })), nowMs, null);
    await this.#explain(one.row, { code: 'busy', reason: 'its start has come, and the lease before it is not off its machine yet', holders, forecastMs: null });
    return false;
  }

  /** Back among those that wait: what they were promised cannot be had. @returns them, as they are then. */
  async #letGo(late: readonly StoredLease[]): Promise<StoredLease[]> {
    const { database } = this.#context;
    const gone: StoredLease[] = [];
    for (const { row } of late) {
      await database.transaction(async (tx) => {
        const current = await this.#locked(tx, row);
        if (current === undefined) return;
        const own = database.scoped(row.organisation_id, tx);
        await own.deleteFrom('lease_machines').where('lease_id', '=', row.id).execute();
        await own.updateTable('leases').set({ observed: 'waiting', forecast_at: null }).where('id', '=', row.id).execute();
        await noteLease(this.#context, tx, row, 'waits', 'the machine that it was promised takes no lease now: another one is looked for');
        gone.push({ row: { ...current, observed: 'waiting', forecast_at: null }, machines: [] });
      });
    }
    return gone;
  }

  /** Its machines can have it again: there is nothing to say any more. */
  async #asPromised(row: LeaseRow): Promise<void> {
    const { database } = this.#context;
    await database.transaction(async (tx) => {
      await database.scoped(row.organisation_id, tx).updateTable('leases').set({ reason: null, wait_code: null, wait_holders: '[]', forecast_at: row.starts_at }).where('id', '=', row.id).where('observed', '=', 'reserved').execute();
      await database.notify(tx, LEASE_PAGES_CHANNEL, row.organisation_id);
    });
  }

  /** The machines, and the first money, or neither. @param watch the quotas that it was placed by; null: it was counted when it was promised them. */
  async #give(row: LeaseRow, places: readonly Place[], nowMs: number, watch: QuotaWatch | null): Promise<boolean> {
    const { database, standing } = this.#context;
    let used: (() => void) | undefined;
    try {
      const given = await database.transaction(async (tx) => {
        const current = await this.#locked(tx, row);
        if (current === undefined || !(await this.#stillServe(tx, current, places, nowMs))) return false;
        if (watch !== null && (used = await watch.use(tx, current)) === undefined) return false;
        if (!(await this.#takeUnits(tx, row, places))) return false;
        const fence = await nextFence(tx, nowMs);
        const untilMs = row.minutes === null ? nowMs + AHEAD_MS : Math.min(nowMs + AHEAD_MS, nowMs + row.minutes * MINUTE);
        await this.#money.holdUntil(tx, current, nowMs, nowMs, untilMs);
        const own = database.scoped(row.organisation_id, tx);
        await own.deleteFrom('lease_machines').where('lease_id', '=', row.id).execute();
        await own.insertInto('lease_machines', places.map(({ machineId, unitIds }) => ({ lease_id: row.id, machine_id: machineId, unit_ids: JSON.stringify(unitIds) }))).execute();
        await own.updateTable('leases').set({
          observed: 'granting', fence, placed_at: new Date(nowMs), ends_at: row.minutes === null ? null : new Date(nowMs + row.minutes * MINUTE), reason: null, wait_code: null, wait_holders: '[]', forecast_at: null, money_short: false,
        }).where('id', '=', row.id).execute();
        await noteLease(this.#context, tx, row, 'placed', `on ${places.length === 1 ? 'one machine' : `${places.length} machines`}`);
        return true;
      });
      used?.();
      return given;
    } catch (error) {
      if (!isTandemError(error, 'budget_short')) throw error;
      const budgetId = error.facts?.['budgetId'];
      if (typeof budgetId === 'string' && budgetId !== '') await standing.callBack(budgetId);
      await this.#explain(row, { code: 'budget', reason: error.message, holders: [], forecastMs: null });
      return false;
    }
  }

  /** The units, unless somebody has one of them: the table itself has one holder for each. */
  async #takeUnits(tx: Executor, row: LeaseRow, places: readonly Place[]): Promise<boolean> {
    const units = places.flatMap(({ machineId, unitIds }) => unitIds.map((unit) => ({ machine_id: machineId, unit_id: unit, lease_id: row.id })));
    const taken = await this.#context.database.scoped(row.organisation_id, tx).insertInto('lease_units', units).onConflict((on) => on.doNothing()).returning('unit_id').execute();
    if (taken.length === units.length) return true;
    await this.#context.database.scoped(row.organisation_id, tx).deleteFrom('lease_units').where('lease_id', '=', row.id).execute();
    return false;
  }

  /** Machines are locked only for what begins now: of those that are promised another one is looked for when they take nothing any more. */
  async #reserve(row: LeaseRow, { places, fromMs }: Placed, nowMs: number, watch: QuotaWatch): Promise<boolean> {
    const { database } = this.#context;
    let used: (() => void) | undefined;
    const reserved = await database.transaction(async (tx) => {
      const current = await this.#locked(tx, row);
      if (current === undefined) return false;
      await lockTimes(tx, places.map(({ machineId }) => machineId));
      if (!(await hasTime(tx, places, fromMs, nowMs)) || (used = await watch.use(tx, current)) === undefined) return false;
      const own = database.scoped(row.organisation_id, tx);
      await own.deleteFrom('lease_machines').where('lease_id', '=', row.id).execute();
      await own.insertInto('lease_machines', places.map(({ machineId, unitIds }) => ({ lease_id: row.id, machine_id: machineId, unit_ids: JSON.stringify(unitIds) }))).execute();
      await own.updateTable('leases').set({ observed: 'reserved', reason: null, wait_code: null, wait_holders: '[]', forecast_at: row.starts_at }).where('id', '=', row.id).execute();
      await noteLease(this.#context, tx, row, 'reserved', `from ${row.starts_at!.toISOString()} on${row.observed === 'reserved' ? ', on another machine' : ''}`);
      return true;
    });
    used?.();
    return reserved;
  }

  /** Whether each machine is there still, takes this lease, and is kept for nobody else; and until the transaction ends it stays so. */
  async #stillServe(tx: Executor, row: LeaseRow, places: readonly Place[], nowMs: number): Promise<boolean> {
    const ids = places.map(({ machineId }) => machineId);
    const request = placementRequest(wishOfRow(row), { id: row.id, organisationId: row.organisation_id, projectId: row.project_id, askedAtMs: row.created_at.getTime(), durationMs: null, startAtMs: null });
    const machines = new Map((await this.#context.machines.locked(tx, ids)).map((machine) => [machine.id, machine]));
    const serve = places.every(({ machineId, unitIds }) => {
      const machine = machines.get(machineId);
      return machine !== undefined && machine.closed === null && machineFits(machine, request) && unitIds.every((unit) => machine.units.some(({ id }) => id === unit));
    });
    if (!serve) return false;
    return (await tx.selectFrom('kept_machines').select('machine_id').where('machine_id', 'in', ids).where('until', '>', new Date(nowMs)).where('organisation_id', '<>', row.organisation_id).executeTakeFirst()) === undefined;
  }

  /** The lease, if it still waits for what was decided, and is whose it was then. */
  async #locked(tx: Executor, { organisation_id, id, observed, project_id }: LeaseRow): Promise<LeaseRow | undefined> {
    return this.#context.database.scoped(organisation_id, tx).selectFrom('leases').selectAll().where('id', '=', id).where('observed', '=', observed).where('project_id', '=', project_id).where('wanted', '=', 'run').forUpdate().executeTakeFirst();
  }

  async #explain(row: LeaseRow, { code, reason, holders, forecastMs }: Pick<Waiting, 'reason' | 'holders' | 'forecastMs'> & { readonly code: string }): Promise<void> {
    const forecast = forecastMs === null ? null : new Date(forecastMs);
    // A forecast moves by moments at each round: that is no news.
    const same = row.wait_code === code && row.reason === reason && Math.abs((row.forecast_at?.getTime() ?? 0) - (forecastMs ?? 0)) < MINUTE && JSON.stringify(row.wait_holders) === JSON.stringify(holders);
    if (same) return;
    const { database } = this.#context;
    await database.transaction(async (tx) => {
      await database.scoped(row.organisation_id, tx).updateTable('leases').set({ wait_code: code, reason, wait_holders: JSON.stringify(holders), forecast_at: forecast }).where('id', '=', row.id).where('observed', '=', row.observed).execute();
      if (row.wait_code !== code) await noteLease(this.#context, tx, row, 'waits', reason);
      else await database.notify(tx, LEASE_PAGES_CHANNEL, row.organisation_id);
    });
  }
}

/** Above every fence before, also above those that a database brought back from a backup does not know: no two leases begin in one millisecond. */
async function nextFence(tx: Executor, nowMs: number): Promise<bigint> {
  await sql`select pg_advisory_xact_lock(${0x7a6d_0004})`.execute(tx);
  const { rows: [row] } = await sql<{ fence: string }>`select greatest(coalesce(max(fence), 0) + 1, ${String(Math.floor(nowMs))}::bigint)::text as fence from leases`.execute(tx);
  return BigInt(row!.fence);
}
