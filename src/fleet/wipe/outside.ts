import type { Selectable } from 'kysely';
import type { Clock } from '../../base/index.ts';
import type { Access } from '../../access/index.ts';
import type { Database, Executor, NodeRow, Schema } from '../../db/index.ts';
import type { LeaseOrder, WipeReport } from '../drivers/driver.ts';
import type { NanoMdm } from '../mdm/nanomdm.ts';
import type { MachineProvider } from '../providers/provider.ts';
import type { WipeMethod } from './method.ts';

type Row = Selectable<Schema['outside_wipes']>;
type Node = Selectable<NodeRow>;

export interface OutsideOptions {
  readonly database: Database;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly newId: () => string;
  readonly access: Pick<Access, 'audit'>;
  readonly providers: ReadonlyMap<string, Pick<MachineProvider, 'traits'>>;
  /** Null: there is no MDM server. */
  readonly mdm: { readonly server: Pick<NanoMdm, 'erase'>; readonly devices: ReadonlyMap<string, string> } | null;
  /** Ends what is left of a node whose machine goes away under it. @returns null when it is removed. */
  readonly retire: (nodeId: string, reason: string, deadline: Date) => Promise<number | null>;
  /** The machine that this server runs on, as nodes name themselves: nobody else becomes root there. */
  readonly ownMachine: string | null;
}

const HOUR_MS = 3_600_000;
/** A provider's reinstallation and the way back to a node; an erased Mac that enrols by itself. */
const PROVIDER_MS = 6 * HOUR_MS;
const MDM_MS = 2 * HOUR_MS;

/** Machines that somebody outside of them can set up anew: only they are given with root. */
export class OutsideWipes {
  readonly #options: OutsideOptions;

  constructor(options: OutsideOptions) {
    this.#options = options;
  }

  /** By provider first: it needs no agent of anybody on the machine. */
  methods(): readonly WipeMethod[] {
    return (['provider', 'mdm'] as const).map((by) => ({ by, serves: async (order) => order.access === 'root' && (await this.#by(order)) === by, wipe: (order) => this.#wipe(order, by) }));
  }

  /** Which of these nodes can be given with root. */
  async reinstallable(nodes: readonly Node[], executor: Executor): Promise<ReadonlySet<string>> {
    const here = nodes.filter(({ machine }) => machine === null || machine !== this.#options.ownMachine);
    if (here.length === 0) return new Set();
    const orders = await executor.selectFrom('provider_orders').select(['node_id', 'provider']).where('node_id', 'in', here.map(({ id }) => id)).where('wanted', '=', 'have').where('pool', 'is not', null).execute();
    const rented = orders.filter(({ provider }) => this.#reinstalls(provider)).map(({ node_id }) => node_id!);
    return new Set([...rented, ...here.filter((node) => this.#deviceOf(node) !== undefined).map(({ id }) => id)]);
  }

  /** What began stays what it is, whatever the operator's file says by now. */
  async #by({ leaseId, machineId }: LeaseOrder): Promise<'provider' | 'mdm' | undefined> {
    const begun = await this.#begun(leaseId, machineId);
    if (begun !== undefined) return begun.by;
    const order = await this.#orderOf(machineId);
    if (order !== undefined && this.#reinstalls(order.provider)) return 'provider';
    const node = await this.#all().selectFrom('nodes').selectAll().where('id', '=', machineId).executeTakeFirst();
    return node !== undefined && this.#deviceOf(node) !== undefined ? 'mdm' : undefined;
  }

  async #wipe(order: LeaseOrder, by: 'provider' | 'mdm'): Promise<WipeReport | null> {
    const begun = (await this.#begun(order.leaseId, order.machineId)) ?? (await this.#begin(order, by));
    return by === 'provider' ? this.#reinstalled(begun) : this.#erased(begun);
  }

  /** Written before anything outside is asked. */
  async #begin({ leaseId, machineId }: LeaseOrder, by: 'provider' | 'mdm'): Promise<Row> {
    const { database, clock, newId, access } = this.#options;
    const now = new Date(clock.nowMs());
    return database.transaction(async (tx) => {
      const lease = await tx.selectFrom('leases').select('organisation_id').where('id', '=', leaseId).executeTakeFirstOrThrow();
      const node = await tx.selectFrom('nodes').selectAll().where('id', '=', machineId).executeTakeFirstOrThrow();
      const order = by === 'provider' ? await tx.selectFrom('provider_orders').select(['id', 'turn']).where('node_id', '=', machineId).forUpdate().executeTakeFirstOrThrow() : null;
      const row: Row = {
        organisation_id: lease.organisation_id, lease_id: leaseId, machine_id: machineId, by, order_id: order?.id ?? null, turn: order?.turn ?? null, device: by === 'mdm' ? (this.#deviceOf(node) ?? null) : null, command: by === 'mdm' ? newId() : null,
        asked_at: now, sent_at: null, deadline_at: new Date(now.getTime() + (by === 'provider' ? PROVIDER_MS : MDM_MS)),
      };
      await tx.insertInto('outside_wipes').values(row).execute();
      if (order !== null) await tx.updateTable('provider_orders').set({ reinstall: true, next_at: now }).where('id', '=', order.id).execute();
      await access.audit.record(tx, { organisationId: node.organisation_id, actor: { kind: 'system', id: null, label: 'system' } }, { action: by === 'provider' ? 'node.reinstall' : 'node.erase', resourceKind: 'node', resourceId: machineId, change: { name: node.name, why: 'a lease with root has ended' } });
      return row;
    });
  }

  /** The order's own worker does it, and makes a node of the machine again. */
  async #reinstalled({ order_id, turn, machine_id, deadline_at }: Row): Promise<WipeReport | null> {
    const order = await this.#all().selectFrom('provider_orders').select(['observed', 'turn', 'arrived_turn', 'node_id', 'provider']).where('id', '=', order_id).executeTakeFirstOrThrow();
    if (order.observed === 'gone') return report('reinstall', ['the provider has taken the machine back: it is leased to nobody any more'], ['what the provider does with a machine that was given back'], null);
    if (order.turn > turn! && order.arrived_turn === order.turn && order.node_id !== null && order.node_id !== machine_id) {
      return report('reinstall', ['the provider has reinstalled the machine', 'it is another node since, with a key of its own; the key of the one before is worth nothing'], ['the provider\'s word that it deleted all that was there', 'firmware'], order.node_id);
    }
    return this.#late(deadline_at, 'reinstall', 'the machine was not a node again');
  }

  /** An erased Mac has forgotten its agent: what enrols from the same machine afterwards is new. */
  async #erased(row: Row): Promise<WipeReport | null> {
    const { mdm, clock, retire } = this.#options;
    const now = new Date(clock.nowMs());
    if (row.sent_at === null) {
      if (mdm === null) return this.#late(row.deadline_at, 'erase', 'the operator\'s file names no MDM server any more');
      await mdm.server.erase(row.device!, row.command!);
      await this.#all().updateTable('outside_wipes').set({ sent_at: now }).where('lease_id', '=', row.lease_id).where('machine_id', '=', row.machine_id).execute();
    }
    // Its key may be in the tenant's hands.
    await retire(row.machine_id, 'its Mac is erased', now);
    const before = await this.#all().selectFrom('nodes').select(['machine', 'organisation_id']).where('id', '=', row.machine_id).executeTakeFirstOrThrow();
    const after = before.machine === null ? undefined : await this.#all().selectFrom('nodes').select('id').where('machine', '=', before.machine).where('organisation_id', '=', before.organisation_id).where('id', '<>', row.machine_id).where('created_at', '>', row.sent_at ?? now).where('usable_at', 'is not', null).where('removed_at', 'is', null).orderBy('created_at', 'desc').executeTakeFirst();
    if (after !== undefined) return report('erase', ['the MDM server was told to erase the Mac, which removes all content and settings', 'the same Mac has enrolled since, with a new identity'], ['the Mac\'s own answer to the command', 'firmware, whose version its next tenant can see'], after.id);
    return this.#late(row.deadline_at, 'erase', 'the same Mac has not enrolled again');
  }

  #late(deadline: Date, method: WipeReport['method'], what: string): WipeReport | null {
    if (this.#options.clock.nowMs() < deadline.getTime()) return null;
    return { ...report(method, [`${what} by ${deadline.toISOString()}`], [], null), clean: false };
  }

  #begun(leaseId: string, machineId: string): Promise<Row | undefined> {
    return this.#all().selectFrom('outside_wipes').selectAll().where('lease_id', '=', leaseId).where('machine_id', '=', machineId).executeTakeFirst();
  }

  #orderOf(nodeId: string): Promise<{ provider: string } | undefined> {
    return this.#all().selectFrom('provider_orders').select('provider').where('node_id', '=', nodeId).where('pool', 'is not', null).executeTakeFirst();
  }

  #reinstalls(provider: string): boolean {
    return this.#options.providers.get(provider)?.traits.reinstalls === true;
  }

  /** By the serial number that a person approved: what the machine says by itself is a claim. */
  #deviceOf({ approved_inventory: approved }: Pick<Node, 'approved_inventory'>): string | undefined {
    const serial = ((approved ?? {})['apple'] as { serial?: unknown } | undefined)?.serial;
    return typeof serial === 'string' ? this.#options.mdm?.devices.get(serial) : undefined;
  }

  #all() {
    return this.#options.database.unscoped('machines of every organisation are wiped by one worker');
  }
}

function report(method: WipeReport['method'], evidence: readonly string[], unchecked: readonly string[], becomes: string | null): WipeReport {
  return { clean: true, method, evidence, unchecked, canaries: { planted: [], found: [] }, versions: {}, kept: null, becomes };
}
