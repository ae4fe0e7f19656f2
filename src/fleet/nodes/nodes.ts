import { sql, type Selectable } from 'kysely';
import { TandemError } from '../../base/index.ts';
import { can, demand, type Principal } from '../../access/index.ts';
import type { Executor, NodeRow } from '../../db/index.ts';
import type { NodeLink } from '../ports.ts';
import { NODES_CHANNEL, noteEvent, type NodeContext } from './context.ts';
import { nodeEventView, nodeView, type NodeEventView, type NodeView } from './node-view.ts';
import { nodeState } from './node-state.ts';
import { rentedView, type RentedView } from './rented.ts';

type Row = Selectable<NodeRow>;

/** What a person wants of a node, and until when what runs there has time. */
export interface NodeWish {
  readonly what: NodeRow['wanted'];
  readonly reason: string | null;
  /** How long what runs there has before it is ended by force; null: as long as it was promised. */
  readonly graceSeconds: number | null;
}

/** One thing that `doctor` on a node looked at. */
export interface NodeCheck {
  readonly id: string;
  readonly state: 'pass' | 'warn' | 'fail';
  readonly detail: string;
  readonly next: string | null;
}

/** What holds a node back from being removed; `leases` tells it when it is there. */
export interface NodeHolds {
  /** How many leases are on the node, and could still end there in order. In the transaction that has the node's row locked: placement takes a share of that lock. */
  count(tx: Executor, nodeId: string): Promise<number>;
  /** The node is removed: leases wait for it no longer. */
  giveUp(tx: Executor, nodeId: string): Promise<void>;
  /** How many homes of leases are kept there: who removes it with a deadline gives them up. */
  volumes?(tx: Executor, nodeId: string): Promise<number>;
}

/** What is kept of each node's history. */
const MOST_EVENTS = 1_000;
const WISH_WORDS = { serve: 'uncordoned', cordon: 'cordoned', drain: 'draining', maintain: 'in maintenance', remove: 'to be removed' } as const;

/** Nodes, as people see and steer them. */
export class Nodes {
  readonly #context: NodeContext;
  readonly #link: () => NodeLink | undefined;
  #holds: NodeHolds = { count: async () => 0, giveUp: async () => {} };

  constructor(context: NodeContext, link: () => NodeLink | undefined) {
    this.#context = context;
    this.#link = link;
  }

  /** Leases hold nodes back from being removed. */
  useHolds(holds: NodeHolds): void {
    this.#holds = holds;
  }

  /** Those that are not removed, by pool and name. */
  async list(principal: Principal): Promise<{ items: NodeView[]; nextCursor: null }> {
    demand(principal, 'nodes.read');
    const rows = await this.#context.database.scoped(principal.organisationId).selectFrom('nodes').selectAll().where('removed_at', 'is', null).orderBy('pool').orderBy('name').limit(10_000).execute();
    return { items: rows.map((row) => nodeView(row, this.#context.clock.nowMs())), nextCursor: null };
  }

  /** One node with what happened to it, the newest hundred first. @throws TandemError resource_not_found. */
  async show(principal: Principal, id: string): Promise<{ node: NodeView; events: NodeEventView[]; /** Absent: the caller does not see costs. */ rented?: RentedView | null }> {
    demand(principal, 'nodes.read');
    const own = this.#context.database.scoped(principal.organisationId);
    const row = await own.selectFrom('nodes').selectAll().where('id', '=', id).executeTakeFirst();
    if (row === undefined) throw missing(id);
    const events = await own.selectFrom('node_events').selectAll().where('node_id', '=', id).orderBy('id', 'desc').limit(100).execute();
    const nowMs = this.#context.clock.nowMs();
    return { node: nodeView(row, nowMs), events: events.map(nodeEventView), ...(can(principal, 'costs.read') && { rented: await rentedView(this.#context.database, id, nowMs) }) };
  }

  /**
   * A person has looked at what the machine says it is. Once more takes over what it says now.
   * @throws TandemError resource_not_found, node_ended for one that is quarantined or removed, node_unheard before its first connection.
   */
  approve(principal: Principal, id: string): Promise<NodeView> {
    return this.#change(principal, id, 'node.approve', async (tx, row, now) => {
      if (row.quarantined_at !== null) throw ended(row, this.#context.clock.nowMs());
      // Nothing was said that could be looked at: it would be approved as nothing, and every word of it shown as a change.
      if (row.inventory_at === null) throw new TandemError('node_unheard', { params: { name: row.name } });
      await noteEvent(this.#context, tx, row, 'approved', `by ${principal.actor.label}`);
      return { approved_at: now, approved_by: principal.actor.label, approved_inventory: JSON.stringify(row.inventory), usable_at: row.usable_at ?? now };
    });
  }

  /** Takes nothing new, lets go of what is there, or serves again. @throws TandemError resource_not_found, node_ended. */
  wish(principal: Principal, id: string, { what, reason, graceSeconds }: NodeWish): Promise<NodeView> {
    return this.#change(principal, id, `node.${what}`, async (tx, row, now) => {
      const deadline = graceSeconds === null || what === 'serve' || what === 'cordon' ? null : new Date(now.getTime() + graceSeconds * 1_000);
      await noteEvent(this.#context, tx, row, what, `${WISH_WORDS[what]} by ${principal.actor.label}${reason === null ? '' : `: ${reason}`}`);
      return { wanted: what, wanted_reason: reason, wanted_by: principal.actor.label, wanted_at: now, deadline_at: deadline };
    }, { what, reason, graceSeconds });
  }

  /**
   * Removes a node that nothing is on: its identity ends at once. One that is still used is to be drained first.
   * @throws TandemError resource_not_found, node_in_use.
   */
  async remove(principal: Principal, id: string): Promise<void> {
    await this.#change(principal, id, 'node.remove', async (tx, row, now) => {
      const held = (await this.#holds.count(tx, id)) + ((await this.#holds.volumes?.(tx, id)) ?? 0);
      if (held > 0) throw new TandemError('node_in_use', { params: { name: row.name, count: held } });
      await this.#holds.giveUp(tx, id);
      await noteEvent(this.#context, tx, row, 'removed', `by ${principal.actor.label}`);
      return { removed_at: now, wanted: 'remove', connected_at: null };
    });
  }

  /**
   * Has a node take nothing new and end by then what is on it, because its machine goes. Once more only brings the end nearer.
   * @returns how many leases are left on it; null: it is removed.
   */
  async retire(id: string, reason: string, deadline: Date): Promise<number | null> {
    const { database, clock } = this.#context;
    return database.transaction(async (tx) => {
      const row = await tx.selectFrom('nodes').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
      if (row === undefined || row.removed_at !== null) return null;
      const held = await this.#holds.count(tx, id);
      const now = new Date(clock.nowMs());
      // Only one that took nothing new since the last look is really empty. What is quarantined has nothing that could still end by itself.
      const goes = row.wanted === 'remove' && (held === 0 || row.quarantined_at !== null);
      if (goes) {
        await tx.updateTable('nodes').set({ removed_at: now, connected_at: null }).where('id', '=', id).execute();
        await noteEvent(this.#context, tx, row, 'removed', reason);
      } else if (row.wanted !== 'remove' || row.deadline_at === null || row.deadline_at > deadline) {
        await tx.updateTable('nodes').set({ wanted: 'remove', wanted_reason: reason, wanted_by: 'system', wanted_at: now, deadline_at: deadline }).where('id', '=', id).execute();
        await noteEvent(this.#context, tx, row, 'remove', `${reason}; what is on it is ended by ${deadline.toISOString()}`);
      }
      await database.notify(tx, NODES_CHANNEL, id);
      return goes ? null : held;
    });
  }

  /** Has the agent look at its machine. @throws TandemError resource_not_found, node_unreachable, node_refused. */
  async doctor(principal: Principal, id: string): Promise<{ checks: NodeCheck[] }> {
    demand(principal, 'nodes.read');
    const row = await this.#context.database.scoped(principal.organisationId).selectFrom('nodes').select(['name', 'pool']).where('id', '=', id).where('removed_at', 'is', null).executeTakeFirst();
    if (row === undefined) throw missing(id);
    const link = this.#link();
    if (link?.isConnected(id) !== true) throw new TandemError('node_unreachable', { params: { name: row.name } });
    const pool = await this.#context.database.scoped(principal.organisationId).selectFrom('pools').select('ranks_network').where('name', '=', row.pool).where('removed_at', 'is', null).executeTakeFirst();
    return { checks: readChecks(await link.ask(id, 'doctor', { ...(pool?.ranks_network && { ranksNetwork: pool.ranks_network }) })) };
  }

  /** Ends what was to be removed, once nothing is on it. Periodic, safe to repeat. */
  async removeDue(): Promise<void> {
    const { database, clock } = this.#context;
    const due = await database.unscoped('nodes of every organisation that are to be removed').selectFrom('nodes').select('id').where('wanted', '=', 'remove').where('removed_at', 'is', null).execute();
    for (const { id } of due) {
      await database.transaction(async (tx) => {
        // Somebody may want it back meanwhile.
        const row = await tx.selectFrom('nodes').selectAll().where('id', '=', id).where('wanted', '=', 'remove').where('removed_at', 'is', null).forUpdate().executeTakeFirst();
        if (row === undefined || (await this.#holds.count(tx, id)) > 0) return;
        await tx.updateTable('nodes').set({ removed_at: new Date(clock.nowMs()), connected_at: null }).where('id', '=', row.id).execute();
        await this.#holds.giveUp(tx, row.id);
        await noteEvent(this.#context, tx, row, 'removed', 'nothing was left on it');
        await database.notify(tx, NODES_CHANNEL, row.id);
      });
    }
  }

  /** Keeps the newest of what happened to each node: one that connects and leaves all day writes no more than others. Periodic, safe to repeat. */
  async tidy(): Promise<void> {
    const executor = this.#context.database.unscoped('what happened to nodes of every organisation');
    await sql`delete from node_events where id in (select id from (select id, row_number() over (partition by node_id order by id desc) as place from node_events) as ranked where place > ${MOST_EVENTS})`.execute(executor);
  }

  async #change(principal: Principal, id: string, action: string, decide: (tx: Executor, row: Row, now: Date) => Promise<Partial<Changes>>, change: Record<string, unknown> = {}): Promise<NodeView> {
    demand(principal, 'nodes.write');
    const { database, clock, access } = this.#context;
    const after = await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      const row = await own.selectFrom('nodes').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
      if (row === undefined) throw missing(id);
      if (row.removed_at !== null) throw ended(row, clock.nowMs());
      const set = await decide(tx, row, new Date(clock.nowMs()));
      const changed = await own.updateTable('nodes').set(set).where('id', '=', id).returningAll().executeTakeFirstOrThrow();
      await database.notify(tx, NODES_CHANNEL, id);
      await this.#context.steps?.noteStep(tx, principal, id, row.name, action);
      await access.audit.record(tx, principal, { action, resourceKind: 'node', resourceId: id, change: { name: row.name, ...change } });
      return changed;
    });
    return nodeView(after, clock.nowMs());
  }
}

interface Changes {
  wanted: NodeRow['wanted'];
  wanted_reason: string | null;
  wanted_by: string | null;
  wanted_at: Date | null;
  deadline_at: Date | null;
  approved_at: Date;
  approved_by: string;
  approved_inventory: string;
  usable_at: Date;
  removed_at: Date;
  connected_at: null;
}

/** What a node's own doctor said, made safe: it is as hostile as all that comes from there. */
function readChecks(answer: unknown): NodeCheck[] {
  const checks = (answer as { checks?: unknown } | null)?.checks;
  if (!Array.isArray(checks)) return [];
  return checks.slice(0, 50).flatMap((one: unknown): NodeCheck[] => {
    const { id, state, detail, next } = (one ?? {}) as Record<string, unknown>;
    if (typeof id !== 'string' || typeof detail !== 'string' || (state !== 'pass' && state !== 'warn' && state !== 'fail')) return [];
    return [{ id: id.slice(0, 60), state, detail: detail.slice(0, 500), next: typeof next === 'string' ? next.slice(0, 500) : null }];
  });
}

function missing(id: string): TandemError {
  return new TandemError('resource_not_found', { params: { kind: 'node', id, verb: 'node list' } });
}

function ended(row: Row, nowMs: number): TandemError {
  return new TandemError('node_ended', { params: { name: row.name, state: nodeState(row, nowMs) } });
}
