import { sql, type Selectable } from 'kysely';
import { TandemError } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { Schema } from '../../db/index.ts';
import type { LeaseContext } from '../leases/context.ts';
import type { UnitLimits } from './allowance.ts';
import type { LeasableMachine } from './machines.ts';

/** A pool with what is in it, as far as the caller may lease there. */
export interface PoolView {
  /** Null: machines are in it, and nobody has set anything for it. */
  readonly id: string | null;
  readonly name: string;
  readonly own: boolean;
  readonly kinds: string[];
  readonly resources: string[];
  readonly openTo: 'own' | 'all';
  readonly leastDay: 'others' | 'always' | 'never';
  readonly idleMinutes: number | null;
  readonly record: boolean;
  readonly resource: string | null;
  /** For each unit that a lease has; null: its share of the machine. */
  readonly limits: UnitLimits | null;
  readonly network: 'internet' | 'none';
  /** Ranges that leases may reach although they are private or the control plane's. */
  readonly networkAllow: string[];
  /** Whom leases ask for names; empty: whom their machine asks. */
  readonly resolvers: string[];
  /** IPv4 range in which machines of one job talk directly; null: through the server. */
  readonly ranksNetwork: string | null;
  readonly machines: { readonly all: number; readonly leased: number; readonly idle: number; readonly wiping: number; readonly closed: number };
  readonly units: { readonly all: number; readonly leased: number };
  /** Linux in the place of a Mac is among them. */
  readonly standIn: boolean;
}

export interface PoolChange {
  readonly resource?: string | null | undefined;
  readonly openTo?: 'own' | 'all' | undefined;
  readonly leastDay?: 'others' | 'always' | 'never' | undefined;
  readonly idleMinutes?: number | null | undefined;
  readonly limits?: UnitLimits | null | undefined;
  readonly network?: 'internet' | 'none' | undefined;
  readonly networkAllow?: readonly string[] | undefined;
  readonly resolvers?: readonly string[] | undefined;
  readonly ranksNetwork?: string | null | undefined;
  readonly record?: boolean | undefined;
}

/** Pools: where machines stand together, and by what terms they are leased. */
export class Pools {
  readonly #context: LeaseContext;

  constructor(context: LeaseContext) {
    this.#context = context;
  }

  async list(principal: Principal): Promise<{ items: PoolView[]; nextCursor: null }> {
    demand(principal, 'leases.read');
    const { database, machines } = this.#context;
    const own = await database.scoped(principal.organisationId).selectFrom('pools').selectAll().where('removed_at', 'is', null).execute();
    const visible = (await machines.machines()).filter(({ openTo }) => openTo === null || openTo.includes(principal.organisationId));
    const held = await database.unscoped('how much of a pool is in use, without by whom').selectFrom('lease_machines').innerJoin('leases', 'leases.id', 'lease_machines.lease_id')
      .select(['lease_machines.machine_id', 'lease_machines.unit_ids', 'leases.observed', 'lease_machines.stage']).where('leases.observed', 'not in', ['ended', 'reserved']).where('stage', '<>', 'wiped').execute();
    const units = Map.groupBy(held, ({ machine_id }) => machine_id);
    const groups = Map.groupBy(visible, (machine) => `${machine.owner} ${machine.pool}`);
    for (const { name } of own) if (!groups.has(`${principal.organisationId} ${name}`)) groups.set(`${principal.organisationId} ${name}`, []);
    const items = [...groups].map(([key, list]): PoolView => {
      const [owner, name] = [key.slice(0, key.indexOf(' ')), key.slice(key.indexOf(' ') + 1)];
      const set = owner === principal.organisationId ? own.find((one) => one.name === name) : undefined;
      return poolView(name, owner === principal.organisationId, set, list, (machineId) => units.get(machineId) ?? []);
    });
    return { items: items.toSorted((a, b) => (a.name < b.name ? -1 : 1)), nextCursor: null };
  }

  /** Sets the terms of a pool, which may have machines already. @throws TandemError name_taken. */
  async create(principal: Principal, input: PoolChange & { readonly name: string }): Promise<PoolView> {
    demand(principal, 'pools.write');
    const { database, clock, newId, access } = this.#context;
    const id = newId();
    await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      if (await own.selectFrom('pools').select('id').where('name', '=', input.name).where('removed_at', 'is', null).forUpdate().executeTakeFirst()) throw new TandemError('name_taken', { params: { kind: 'pool', name: input.name }, param: 'name' });
      await own.insertInto('pools', { id, name: input.name, resource: input.resource ?? null, open_to: input.openTo ?? 'own', least_day: input.leastDay ?? 'others', idle_minutes: input.idleMinutes ?? null, record: input.record ?? false, ...reachOf(input), created_at: new Date(clock.nowMs()) }).execute();
      await access.audit.record(tx, principal, { action: 'pool.create', resourceKind: 'pool', resourceId: id, change: { ...input } });
    });
    return this.#one(principal, id);
  }

  /** What is left out stays. Leases that run keep their terms. @throws TandemError resource_not_found. */
  async update(principal: Principal, id: string, change: PoolChange): Promise<PoolView> {
    demand(principal, 'pools.write');
    const { database, access } = this.#context;
    const { resource, openTo, leastDay, idleMinutes } = change;
    await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      const before = await own.selectFrom('pools').selectAll().where('id', '=', id).where('removed_at', 'is', null).forUpdate().executeTakeFirst();
      if (before === undefined) throw new TandemError('resource_not_found', { params: { kind: 'pool', id, verb: 'pools' } });
      await own.updateTable('pools').set({ resource: resource === undefined ? before.resource : resource, open_to: openTo ?? before.open_to, least_day: leastDay ?? before.least_day, idle_minutes: idleMinutes === undefined ? before.idle_minutes : idleMinutes, record: change.record ?? before.record, ...reachOf(change) }).where('id', '=', id).execute();
      await access.audit.record(tx, principal, { action: 'pool.update', resourceKind: 'pool', resourceId: id, change: { ...change } });
    });
    return this.#one(principal, id);
  }

  /**
   * Takes the terms of a pool away, where nothing is in it or on its way into it. What comes into a pool of that name later is leased by no terms.
   * @throws TandemError resource_not_found, pool_in_use.
   */
  async remove(principal: Principal, id: string): Promise<void> {
    demand(principal, 'pools.write');
    const { database, clock, access } = this.#context;
    await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      const row = await own.selectFrom('pools').select('name').where('id', '=', id).where('removed_at', 'is', null).forUpdate().executeTakeFirst();
      if (row === undefined) throw new TandemError('resource_not_found', { params: { kind: 'pool', id, verb: 'pools' } });
      const { name } = row;
      const nodes = await own.selectFrom('nodes').select('id').where('pool', '=', name).where('removed_at', 'is', null).execute();
      const leases = await own.selectFrom('leases').select('id').where('observed', '<>', 'ended').where(sql`wish ->> 'pool'`, '=', name).execute();
      const orders = await own.selectFrom('provider_orders').select('id').where('pool', '=', name).where('gone_at', 'is', null).where('observed', 'not in', ['failed', 'gone']).execute();
      const what = ([['node', nodes], ['lease', leases], ['order', orders]] as const).flatMap(([noun, { length }]) => (length === 0 ? [] : [`${length} ${noun}${length === 1 ? '' : 's'}`]));
      if (what.length > 0) throw new TandemError('pool_in_use', { params: { name, what: what.join(', ') } });
      await own.updateTable('pools').set({ removed_at: new Date(clock.nowMs()) }).where('id', '=', id).execute();
      await access.audit.record(tx, principal, { action: 'pool.remove', resourceKind: 'pool', resourceId: id, change: { name } });
    });
  }

  async #one(principal: Principal, id: string): Promise<PoolView> {
    return (await this.list(principal)).items.find((pool) => pool.id === id)!;
  }
}

/** What leases may use and reach, as far as it is said: what is left out stays. */
function reachOf({ limits, network, networkAllow, resolvers, ranksNetwork }: PoolChange): { limits?: string; network?: 'internet' | 'none'; network_allow?: string; resolvers?: string; ranks_network?: string | null } {
  return {
    ...(limits !== undefined && { limits: JSON.stringify(limits) }), ...(network !== undefined && { network }),
    ...(networkAllow !== undefined && { network_allow: JSON.stringify(networkAllow) }), ...(resolvers !== undefined && { resolvers: JSON.stringify(resolvers) }), ...(ranksNetwork !== undefined && { ranks_network: ranksNetwork }),
  };
}

function poolView(name: string, own: boolean, set: Selectable<Schema['pools']> | undefined, machines: readonly LeasableMachine[], held: (machineId: string) => readonly { readonly unit_ids: string[]; readonly observed: string }[]): PoolView {
  const wiping = machines.filter(({ id }) => held(id).some(({ observed }) => observed === 'wiping'));
  const leased = machines.filter(({ id }) => held(id).length > 0);
  const closed = machines.filter((machine) => machine.closed !== null && !leased.includes(machine));
  return {
    id: set?.id ?? null, name, own, kinds: distinct(machines.flatMap(({ units }) => units.map(({ kind }) => kind))), resources: distinct(machines.flatMap((machine) => machine.units.map((unit) => machine.resourceOf(unit)))),
    openTo: machines.some(({ openTo }) => openTo === null) ? 'all' : (set?.open_to ?? 'own'), leastDay: set?.least_day ?? machines[0]?.leastDay ?? 'others', idleMinutes: set?.idle_minutes ?? null, record: machines.some((machine) => machine.record) || (set?.record ?? false), resource: set?.resource ?? null,
    limits: set?.limits ?? null, network: set?.network ?? 'internet', networkAllow: set?.network_allow ?? [], resolvers: set?.resolvers ?? [], ranksNetwork: set?.ranks_network ?? null,
    machines: { all: machines.length, leased: leased.length - wiping.length, wiping: wiping.length, closed: closed.length, idle: machines.length - leased.length - closed.length },
    units: { all: machines.reduce((sum, { units }) => sum + units.length, 0), leased: machines.reduce((sum, { id }) => sum + held(id).reduce((some, { unit_ids }) => some + unit_ids.length, 0), 0) },
    standIn: machines.some(({ standIn }) => standIn),
  };
}

function distinct(list: readonly string[]): string[] {
  return [...new Set(list)].toSorted();
}
