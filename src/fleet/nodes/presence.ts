import type { Selectable } from 'kysely';
import { printable } from '../../base/index.ts';
import type { NodeRow } from '../../db/index.ts';
import { changedHardware } from './hardware.ts';
import { noteEvent, NODES_CHANNEL, NODE_PAGES_CHANNEL, WHEREABOUTS_CHANNEL, type NodeContext } from './context.ts';

type Row = Selectable<NodeRow>;

/** What of a node its connection must know. */
export interface KnownNode {
  readonly id: string;
  readonly name: string;
  readonly organisationId: string;
  readonly quarantined: boolean;
}

/** Health as an agent tells it: bounded and made safe here. */
export interface HealthReport {
  readonly state: 'ok' | 'degraded' | 'sick';
  readonly reasons: readonly string[];
}

/** Which server process a node is connected to. */
export interface Whereabouts {
  readonly id: string;
  readonly name: string;
  readonly process: string;
  readonly connectedAtMs: number;
  /** Its agent is too old to work: it may only be brought up to date. */
  readonly outdated: boolean;
}

const MOST_REASONS = 20;

/** What the connections to nodes write about them. */
export class Presence {
  readonly #context: NodeContext;

  #onInventory: (nodeId: string, inventory: Readonly<Record<string, unknown>>) => Promise<void> = async () => {};

  constructor(context: NodeContext) {
    this.#context = context;
  }

  /** The node that this key belongs to; undefined: none, or one that was removed. */
  async identify(identity: Buffer): Promise<KnownNode | undefined> {
    const row = await this.#context.database.unscoped('a key says which node it is').selectFrom('nodes').selectAll().where('identity', '=', identity).where('removed_at', 'is', null).executeTakeFirst();
    return row === undefined ? undefined : known(row);
  }

  /** Those of the given ids that may stay connected. */
  async stillWelcome(ids: readonly string[]): Promise<ReadonlySet<string>> {
    if (ids.length === 0) return new Set();
    const rows = await this.#context.database.unscoped('nodes that are connected here').selectFrom('nodes').select('id').where('id', 'in', ids).where('removed_at', 'is', null).where('quarantined_at', 'is', null).execute();
    return new Set(rows.map(({ id }) => id));
  }

  /** Told of removed and quarantined nodes by any process. The payload is a node's id. */
  onChange(listener: (nodeId: string) => void): Promise<() => Promise<void>> {
    return this.#context.database.listen(NODES_CHANNEL, listener);
  }

  /** Told whenever a node is connected to another process than before, by any process. */
  onMove(listener: () => void): Promise<() => Promise<void>> {
    return this.#context.database.listen(WHEREABOUTS_CHANNEL, listener);
  }

  /** All nodes that are connected to some process, as far as that process has said. */
  async whereabouts(): Promise<readonly Whereabouts[]> {
    const rows = await this.#context.database.unscoped('nodes that are connected, of all organisations').selectFrom('nodes').select(['id', 'name', 'connected_to', 'connected_at', 'protocol']).where('connected_at', 'is not', null).where('connected_to', 'is not', null).where('removed_at', 'is', null).execute();
    return rows.map((row) => ({ id: row.id, name: row.name, process: row.connected_to!, connectedAtMs: row.connected_at!.getTime(), outdated: row.protocol === 0 }));
  }

  async connected(id: string, facts: { readonly process: string; readonly atMs: number; readonly agentVersion: string; readonly protocol: number; readonly boot: string; readonly certificateExpiresAt: Date; readonly from: string }): Promise<void> {
    const { database } = this.#context;
    const now = new Date(facts.atMs);
    await database.transaction(async (tx) => {
      const before = await tx.selectFrom('nodes').selectAll().where('id', '=', id).forUpdate().executeTakeFirstOrThrow();
      await tx.updateTable('nodes').set({
        connected_at: now, connected_to: facts.process, last_seen_at: now, agent_version: printable(facts.agentVersion).slice(0, 60), protocol: facts.protocol, boot: printable(facts.boot).slice(0, 80), certificate_expires_at: facts.certificateExpiresAt,
        // A machine of one's own is usable for its owner from its first connection on.
        usable_at: before.usable_at ?? now,
      }).where('id', '=', id).execute();
      const rebooted = before.boot !== null && before.boot !== facts.boot ? ', after a reboot' : '';
      await noteEvent(this.#context, tx, before, 'connected', `from ${facts.from}, agent ${printable(facts.agentVersion).slice(0, 60)}${rebooted}`);
      await database.notify(tx, WHEREABOUTS_CHANNEL, id);
    });
  }

  async renewed(id: string, expiresAt: Date): Promise<void> {
    await this.#context.database.unscoped('a node by its connection').updateTable('nodes').set({ certificate_expires_at: expiresAt }).where('id', '=', id).execute();
  }

  /** Only if nobody connected it again since. */
  async disconnected(id: string, process: string, connectedAtMs: number, reason: string): Promise<void> {
    const { database } = this.#context;
    await database.transaction(async (tx) => {
      const row = await tx.updateTable('nodes').set({ connected_at: null, connected_to: null }).where('id', '=', id).where('connected_to', '=', process).where('connected_at', '<=', new Date(connectedAtMs)).returningAll().executeTakeFirst();
      if (row === undefined) return;
      await noteEvent(this.#context, tx, row, 'disconnected', printable(reason));
      await database.notify(tx, WHEREABOUTS_CHANNEL, id);
    });
  }

  /** All that were heard of since the last time, in one statement. */
  async heard(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.#context.database.unscoped('nodes that are connected here').updateTable('nodes').set({ last_seen_at: new Date(this.#context.clock.nowMs()) }).where('id', 'in', ids).execute();
  }

  /** Told of every inventory, after it is written. */
  useInventory(listener: (nodeId: string, inventory: Readonly<Record<string, unknown>>) => Promise<void>): void {
    this.#onInventory = listener;
  }

  /** @param inventory a claim, already bounded by the size of a message. */
  async inventory(id: string, inventory: Readonly<Record<string, unknown>>): Promise<void> {
    const { database, clock } = this.#context;
    await database.transaction(async (tx) => {
      const before = await tx.selectFrom('nodes').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
      if (before === undefined) return;
      await tx.updateTable('nodes').set({ inventory: storable(inventory), inventory_at: new Date(clock.nowMs()) }).where('id', '=', id).execute();
      const changed = changedHardware(before.approved_inventory, inventory);
      if (changed.length > 0 && changedHardware(before.approved_inventory, before.inventory).length === 0) {
        await noteEvent(this.#context, tx, before, 'changed', `it says another ${changed.join(', ')} than was approved`);
      }
    });
    await this.#onInventory(id, inventory);
  }

  async health(id: string, { state, reasons }: HealthReport): Promise<void> {
    const { database } = this.#context;
    const told = reasons.slice(0, MOST_REASONS).map((reason) => printable(reason).slice(0, 300));
    await database.transaction(async (tx) => {
      const before = await tx.selectFrom('nodes').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
      if (before === undefined || (before.health === state && JSON.stringify(before.health_reasons) === JSON.stringify(told))) return;
      await tx.updateTable('nodes').set({ health: state, health_reasons: JSON.stringify(told) }).where('id', '=', id).execute();
      if (before.health === state) await database.notify(tx, NODE_PAGES_CHANNEL, before.organisation_id);
      else await noteEvent(this.#context, tx, before, 'health', told.length === 0 ? state : `${state}: ${told.join('; ')}`);
    });
  }

  /** Nothing is placed on it and no connection is taken until a person has removed it. Once more changes nothing. */
  async quarantine(id: string, reason: string): Promise<void> {
    const { database, clock, access } = this.#context;
    await database.transaction(async (tx) => {
      const row = await tx.updateTable('nodes').set({ quarantined_at: new Date(clock.nowMs()), quarantine_reason: printable(reason), connected_at: null, connected_to: null }).where('id', '=', id).where('quarantined_at', 'is', null).returningAll().executeTakeFirst();
      if (row === undefined) return;
      await noteEvent(this.#context, tx, row, 'quarantined', printable(reason));
      await database.notify(tx, NODES_CHANNEL, id);
      await database.notify(tx, WHEREABOUTS_CHANNEL, id);
      await access.audit.record(tx, { organisationId: row.organisation_id, actor: { kind: 'system', id: null, label: 'system' } }, { action: 'node.quarantine', resourceKind: 'node', resourceId: id, change: { name: row.name, reason: printable(reason) } });
    });
  }
}

function known(row: Row): KnownNode {
  return { id: row.id, name: row.name, organisationId: row.organisation_id, quarantined: row.quarantined_at !== null };
}

/** Postgres stores no NUL in JSON. */
function storable(inventory: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(inventory, (_name, value: unknown) => (typeof value === 'string' ? printable(value) : value));
}
