import { sql } from 'kysely';
import { TandemError, printable } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { Executor } from '../../db/index.ts';
import type { HomeLook } from '../drivers/driver.ts';
import { noteLease, type LeaseContext } from '../leases/context.ts';
import { can } from '../leases/lease.ts';
import type { LeaseRow } from '../leases/rows.ts';
import { meterVolumes, volumeCost, type VolumeCost } from './metering.ts';
import type { VolumeRow } from './rows.ts';

export interface VolumeView {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  readonly machineId: string;
  readonly state: VolumeRow['state'];
  readonly reason: string | null;
  readonly leaseId: string | null;
  /** The lease that has it or had it last. Null: its first lease is not known any more. */
  readonly lastLease: { readonly id: string; readonly name: string } | null;
  /** Null: not counted yet. */
  readonly files: string | null;
  readonly bytes: string | null;
  readonly days: number;
  readonly madeBy: string;
  readonly createdAt: string;
  readonly keptAt: string | null;
  readonly expiresAt: string | null;
  /** Null: it has no price and has cost nothing. */
  readonly cost: VolumeCost | null;
}

/** What a lease would lose by its end. */
export interface ContentsView extends HomeLook {
  readonly machineId: string;
  /** The name of the volume that its home becomes; null: it is gone with the lease. */
  readonly kept: string | null;
}

const DAY_MS = 86_400_000;
const MOST_VOLUMES = 100;

/** Homes of leases that are kept on their machine, apart from every lease. */
export class Volumes {
  readonly #context: LeaseContext;

  constructor(context: LeaseContext) {
    this.#context = context;
  }

  /** What lies in the homes of a lease that runs, and what runs in it. @throws TandemError resource_not_found, lease_state, node_unreachable, node_refused. */
  async contents(principal: Principal, leaseId: string): Promise<{ items: ContentsView[]; nextCursor: null }> {
    demand(principal, 'leases.read');
    const row = await this.#lease(principal, leaseId);
    if (row.observed !== 'running') throw new TandemError('lease_state', { params: { id: leaseId, state: row.observed, action: 'looked into' } });
    const { database, driver } = this.#context;
    const own = database.scoped(principal.organisationId);
    const machines = await own.selectFrom('lease_machines').select('machine_id').where('lease_id', '=', leaseId).orderBy('machine_id').execute();
    const volume = row.keep_volume_id === null ? undefined : await own.selectFrom('volumes').select('name').where('id', '=', row.keep_volume_id).executeTakeFirst();
    const items = await Promise.all(machines.map(async ({ machine_id }) => ({ machineId: machine_id, kept: volume?.name ?? null, ...(await driver.look(machine_id, leaseId)) })));
    return { items, nextCursor: null };
  }

  /** Has a lease's home kept when the lease ends, however it ends. Said again, it is kept under the new name. @throws TandemError resource_not_found, lease_state, volume_refused, name_taken. */
  async keep(principal: Principal, leaseId: string, { name, days }: { readonly name: string; readonly days: number }): Promise<VolumeView> {
    demand(principal, 'leases.write');
    const { database, clock, newId, access } = this.#context;
    // An agent from before volumes would not keep it: it is asked for something that it must know.
    const [machine] = (await this.contents(principal, leaseId)).items;
    const kept = await database.transaction(async (tx) => {
      const row = await this.#locked(principal, leaseId, tx);
      const own = database.scoped(principal.organisationId, tx);
      const machines = await own.selectFrom('lease_machines').select('machine_id').where('lease_id', '=', leaseId).execute();
      if (machines.length !== 1 || machine === undefined) throw refused('it has several machines, each with a home of its own');
      // Written so, since machines of other drivers have ids of their own.
      if (await tx.selectFrom('nodes').select('id').where(sql`id::text`, '=', machine.machineId).where('wanted', '=', 'remove').executeTakeFirst()) throw refused('its machine is being removed, and the volume would be lost with it');
      if (row.access === 'root') throw refused('its machine is set up anew after a lease with root, and all that is on it goes');
      if (row.from_volume_id !== null) throw refused('it is a volume already, and stays one');
      const others = await own.selectFrom('volumes').select(['id', 'name']).where('project_id', '=', row.project_id).where('ended_at', 'is', null).execute();
      if (others.some((one) => one.name === name && one.id !== row.keep_volume_id)) throw new TandemError('name_taken', { params: { kind: 'volume', name }, param: 'name' });
      if (others.length >= MOST_VOLUMES) throw refused(`its project has ${MOST_VOLUMES} volumes`);
      const id = row.keep_volume_id ?? newId();
      const made = row.keep_volume_id === null
        ? await own.insertInto('volumes', { id, project_id: row.project_id, name, machine_id: machine.machineId, state: 'new', lease_id: leaseId, days, made_by: principal.actor.label, created_at: new Date(clock.nowMs()) }).returningAll().executeTakeFirstOrThrow()
        : await own.updateTable('volumes').set({ name, days }).where('id', '=', id).returningAll().executeTakeFirstOrThrow();
      await own.updateTable('leases').set({ keep_volume_id: id }).where('id', '=', leaseId).execute();
      await noteLease(this.#context, tx, row, 'keep', `its home is kept as the volume ${name}, by ${principal.actor.label}`);
      await access.audit.record(tx, principal, { action: 'lease.keep', resourceKind: 'lease', resourceId: leaseId, change: { volume: name, days } });
      return made;
    });
    return (await this.#views(principal.organisationId, [kept]))[0]!;
  }

  /** The home goes with the lease after all. @throws TandemError resource_not_found, lease_state, volume_refused. */
  async letGo(principal: Principal, leaseId: string): Promise<void> {
    demand(principal, 'leases.write');
    const { database, clock, access } = this.#context;
    await database.transaction(async (tx) => {
      const row = await this.#locked(principal, leaseId, tx);
      if (row.from_volume_id !== null) throw refused('it is a volume already: end the lease, then delete the volume');
      if (row.keep_volume_id === null) return;
      const own = database.scoped(principal.organisationId, tx);
      await own.updateTable('leases').set({ keep_volume_id: null }).where('id', '=', leaseId).execute();
      await own.updateTable('volumes').set({ state: 'removed', lease_id: null, ended_at: new Date(clock.nowMs()) }).where('id', '=', row.keep_volume_id).where('state', '=', 'new').execute();
      await noteLease(this.#context, tx, row, 'keep', `its home is not kept, by ${principal.actor.label}`);
      await access.audit.record(tx, principal, { action: 'lease.let-go', resourceKind: 'lease', resourceId: leaseId, change: {} });
    });
  }

  /** Those that are there, by name. */
  async list(principal: Principal): Promise<{ items: VolumeView[]; nextCursor: null }> {
    demand(principal, 'leases.read');
    let rows = this.#context.database.scoped(principal.organisationId).selectFrom('volumes').selectAll().where('ended_at', 'is', null).orderBy('name').limit(10_000);
    if (principal.projectId !== null) rows = rows.where('project_id', '=', principal.projectId);
    return { items: await this.#views(principal.organisationId, await rows.execute()), nextCursor: null };
  }

  /** Keeps it for so many days from now on. @throws TandemError resource_not_found, volume_state. */
  async extend(principal: Principal, id: string, { days }: { readonly days: number }): Promise<VolumeView> {
    return this.#change(principal, id, 'volume.extend', { days }, (row) => {
      if (row.state === 'removing') throw new TandemError('volume_state', { params: { name: row.name, state: row.state, action: 'kept longer' } });
      return { days, expires_at: row.state === 'kept' ? new Date(this.#context.clock.nowMs() + days * DAY_MS) : row.expires_at };
    });
  }

  /** Deletes it: at once where its machine is in reach, else when it is again. @throws TandemError resource_not_found, volume_state while a lease has it. */
  async remove(principal: Principal, id: string): Promise<void> {
    await this.#change(principal, id, 'volume.delete', {}, (row) => {
      if (row.state === 'in-use' || row.state === 'new') throw new TandemError('volume_state', { params: { name: row.name, state: row.state, action: 'deleted' } });
      if (row.state === 'removing') return { reason: row.reason };
      return { state: 'removing', reason: `deleted by ${principal.actor.label}`, metered_until: new Date(this.#context.clock.nowMs()) };
    });
    await this.tidy();
  }

  /** How many volumes are on a machine, whoever has them. */
  async countOn(tx: Executor, machineId: string): Promise<number> {
    const { driver } = this.#context;
    const rows = await tx.selectFrom('volumes').select('state').where('machine_id', '=', machineId).where('ended_at', 'is', null).execute();
    // What is given up waits for a machine that is gone no longer.
    return rows.filter(({ state }) => state !== 'removing' || driver.reaches(machineId)).length;
  }

  /** Takes away what is deleted or has expired, gives up what was on machines that are removed, and has what is kept paid. Periodic, safe to repeat. */
  async tidy(): Promise<void> {
    const { database, clock, driver, log } = this.#context;
    const executor = database.unscoped('volumes of every organisation are kept by one worker');
    const now = new Date(clock.nowMs());
    await executor.updateTable('volumes').set((row) => ({ state: 'removing', reason: 'its time is over', metered_until: row.ref('expires_at') })).where('state', '=', 'kept').where('expires_at', '<=', now).execute();
    await executor.updateTable('volumes').set((row) => ({ state: 'lost', lease_id: null, ended_at: now, reason: 'its machine was removed', metered_until: row.case().when('state', '=', 'kept').then(now).else(row.ref('metered_until')).end() })).where('state', 'in', ['kept', 'removing'])
      .where('machine_id', 'in', executor.selectFrom('nodes').select((one) => one.cast<string>('id', 'text').as('id')).where('removed_at', 'is not', null)).execute();
    await meterVolumes(this.#context);
    const due = await executor.selectFrom('volumes').select(['id', 'machine_id']).where('state', '=', 'removing').execute();
    for (const { id, machine_id } of due) {
      if (!driver.reaches(machine_id)) continue;
      try {
        await driver.removeVolume(machine_id, id);
        await executor.updateTable('volumes').set({ state: 'removed', ended_at: new Date(clock.nowMs()) }).where('id', '=', id).where('state', '=', 'removing').execute();
      } catch (error) {
        log.warn({ volume: id, machine: machine_id, reason: printable((error as Error).message) }, 'a volume could not be taken away');
      }
    }
  }

  async #change(principal: Principal, id: string, action: string, change: Record<string, unknown>, decide: (row: VolumeRow) => Partial<Pick<VolumeRow, 'state' | 'reason' | 'days' | 'expires_at' | 'metered_until'>>): Promise<VolumeView> {
    demand(principal, 'leases.write');
    const { database, access } = this.#context;
    const changed = await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      const row = await own.selectFrom('volumes').selectAll().where('id', '=', id).where('ended_at', 'is', null).forUpdate().executeTakeFirst();
      if (row === undefined || (principal.projectId !== null && principal.projectId !== row.project_id)) throw new TandemError('resource_not_found', { params: { kind: 'volume', id, verb: 'volumes' } });
      const after = await own.updateTable('volumes').set(decide(row)).where('id', '=', id).returningAll().executeTakeFirstOrThrow();
      await access.audit.record(tx, principal, { action, resourceKind: 'volume', resourceId: id, change: { name: row.name, ...change } });
      return after;
    });
    return (await this.#views(principal.organisationId, [changed]))[0]!;
  }

  async #views(organisationId: string, rows: readonly VolumeRow[]): Promise<VolumeView[]> {
    if (rows.length === 0) return [];
    const leases = await this.#context.database.scoped(organisationId).selectFrom('leases').select(['id', 'name', 'keep_volume_id']).where('keep_volume_id', 'in', rows.map(({ id }) => id)).orderBy('id').execute();
    const last = new Map(leases.map(({ id, name, keep_volume_id }) => [keep_volume_id!, { id, name }]));
    return rows.map((row) => ({ ...volumeView(row, last.get(row.id) ?? null), cost: volumeCost(this.#context, row) }));
  }

  async #locked(principal: Principal, id: string, tx: Parameters<LeaseContext['database']['scoped']>[1]): Promise<LeaseRow> {
    const row = await this.#context.database.scoped(principal.organisationId, tx).selectFrom('leases').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
    if (row === undefined || (principal.projectId !== null && principal.projectId !== row.project_id)) throw missing(id);
    if (!can.enter(row)) throw new TandemError('lease_state', { params: { id, state: row.wanted === 'end' && row.observed !== 'ended' ? 'ending' : row.observed, action: 'kept' } });
    return row;
  }

  async #lease(principal: Principal, id: string): Promise<LeaseRow> {
    const row = await this.#context.database.scoped(principal.organisationId).selectFrom('leases').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined || (principal.projectId !== null && principal.projectId !== row.project_id)) throw missing(id);
    return row;
  }
}

function volumeView(row: VolumeRow, lastLease: VolumeView['lastLease']): Omit<VolumeView, 'cost'> {
  const iso = (at: Date | null) => at?.toISOString() ?? null;
  return {
    id: row.id, name: row.name, projectId: row.project_id, machineId: row.machine_id, state: row.state, reason: row.reason, leaseId: row.lease_id, lastLease, files: row.files, bytes: row.bytes, days: row.days,
    madeBy: row.made_by, createdAt: row.created_at.toISOString(), keptAt: iso(row.kept_at), expiresAt: iso(row.expires_at),
  };
}

function refused(reason: string): TandemError {
  return new TandemError('volume_refused', { params: { reason } });
}

function missing(id: string): TandemError {
  return new TandemError('resource_not_found', { params: { kind: 'lease', id, verb: 'leases' } });
}
