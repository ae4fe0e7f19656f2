import type { Selectable } from 'kysely';
import type { Executor, NodeRow, Schema } from '../../db/index.ts';
import type { NodeContext } from '../nodes/context.ts';
import { isOutdated, mayHost, nodeState, takesWork } from '../nodes/node-state.ts';
import type { Presence } from '../nodes/presence.ts';
import type { UnitView } from '../placement/index.ts';
import type { MachineCost } from '../price/provider-cost.ts';
import { devicesOf, limitsOf, type Allowance } from './allowance.ts';
import type { OutsideWipes } from '../wipe/outside.ts';
import { shapeOf } from './inventory.ts';
import type { LeasableMachine, MachineSource } from './machines.ts';

type Node = Selectable<NodeRow>;
type Pool = Selectable<Schema['pools']>;

/** Machines that run the agent, as they can be leased. */
export class NodeMachines implements MachineSource {
  readonly #context: Pick<NodeContext, 'database' | 'clock'>;
  readonly #presence: Pick<Presence, 'quarantine'>;
  readonly #operator: () => string | null;
  readonly #controlHosts: readonly string[];
  readonly #outside: Pick<OutsideWipes, 'reinstallable'>;

  /** @param controlHosts where the control plane is reached: no lease may, unless its pool allows it. */
  constructor(context: Pick<NodeContext, 'database' | 'clock'>, presence: Pick<Presence, 'quarantine'>, operator: () => string | null, controlHosts: readonly string[], outside: Pick<OutsideWipes, 'reinstallable'>) {
    this.#context = context;
    this.#presence = presence;
    this.#operator = operator;
    this.#controlHosts = controlHosts;
    this.#outside = outside;
  }

  async machines(executor: Executor = this.#context.database.unscoped('placement looks at the machines of all')): Promise<readonly LeasableMachine[]> {
    return this.#leasable(executor, await executor.selectFrom('nodes').selectAll().where('removed_at', 'is', null).orderBy('id').execute());
  }

  async locked(tx: Executor, ids: readonly string[]): Promise<readonly LeasableMachine[]> {
    // By their ids, so that no two wait for each other.
    return this.#leasable(tx, await tx.selectFrom('nodes').selectAll().where('id', 'in', ids).where('removed_at', 'is', null).orderBy('id').forShare().execute());
  }

  async #leasable(executor: Executor, nodes: readonly Node[]): Promise<readonly LeasableMachine[]> {
    const pools = await executor.selectFrom('pools').selectAll().where('removed_at', 'is', null).execute();
    const byName = new Map(pools.map((pool) => [`${pool.organisation_id} ${pool.name}`, pool]));
    const reinstallable = await this.#outside.reinstallable(nodes, executor);
    const kept = await executor.selectFrom('volumes').select('machine_id').distinct().where('ended_at', 'is', null).where('state', '<>', 'new').execute();
    // Who has root could read the homes that are kept there, and what is set up anew afterwards has none of them.
    const withVolumes = new Set(kept.map(({ machine_id }) => machine_id));
    return nodes.map((node) => machineOf(node, reinstallable.has(node.id) && !withVolumes.has(node.id), byName.get(`${node.organisation_id} ${node.pool}`), this.#context.clock.nowMs(), this.#operator()));
  }

  async costs(machineIds: readonly string[], executor: Executor = this.#context.database.unscoped('what rented machines cost the operator')): Promise<ReadonlyMap<string, MachineCost>> {
    if (machineIds.length === 0) return new Map();
    const rows = await executor.selectFrom('order_nodes').innerJoin('provider_orders', 'provider_orders.id', 'order_nodes.order_id').innerJoin('nodes', 'nodes.id', 'order_nodes.node_id')
      .select(['nodes.id', 'nodes.inventory', 'nodes.stand_in', 'provider_orders.per_hour', 'provider_orders.currency']).where('nodes.id', 'in', machineIds).execute();
    // Machines of one's own stand in the file at no price: what they cost is not known here.
    return new Map(rows.filter(({ per_hour }) => per_hour !== '0').map((row) => [row.id, { perHour: BigInt(row.per_hour), currency: row.currency, units: shapeOf(row.inventory, row.stand_in).units.length }]));
  }

  async allowance(machineId: string, unitIds: readonly string[]): Promise<Allowance> {
    const executor = this.#context.database.unscoped('what a lease may use of a machine, whose ever it is');
    const node = await executor.selectFrom('nodes').select(['organisation_id', 'pool', 'inventory', 'stand_in']).where('id', '=', machineId).executeTakeFirst();
    const pool = node && (await executor.selectFrom('pools').selectAll().where('organisation_id', '=', node.organisation_id).where('name', '=', node.pool).where('removed_at', 'is', null).executeTakeFirst());
    const inventory = node?.inventory ?? {};
    const { units } = shapeOf(inventory, node?.stand_in ?? false);
    return {
      limits: limitsOf(inventory, units, unitIds, pool?.limits ?? null), devices: devicesOf(inventory, units, unitIds),
      network: { out: pool?.network !== 'none', allow: pool?.network_allow ?? [], deny: this.#controlHosts, resolvers: pool?.resolvers ?? [] },
    };
  }

  async ranksNetwork(machineIds: readonly string[]): Promise<{ readonly network: string } | { readonly why: string }> {
    const executor = this.#context.database.unscoped('which network the machines of a lease share, whose ever they are');
    const rows = await executor.selectFrom('nodes').leftJoin('pools', (join) => join.onRef('pools.organisation_id', '=', 'nodes.organisation_id').onRef('pools.name', '=', 'nodes.pool').on('pools.removed_at', 'is', null))
      .select('pools.ranks_network').distinct().where('nodes.id', 'in', machineIds).execute();
    const [first, ...others] = rows.map(({ ranks_network }) => ranks_network);
    if (others.length > 0) return { why: 'its machines are of pools that name different networks' };
    return first ? { network: first } : { why: 'its pool names no network for jobs' };
  }

  quarantine(machineId: string, reason: string): Promise<void> {
    return this.#presence.quarantine(machineId, reason);
  }
}

function machineOf(node: Node, rawRoot: boolean, pool: Pool | undefined, nowMs: number, operator: string | null): LeasableMachine {
  const { kind, units, mac } = shapeOf(node.inventory, node.stand_in);
  const forAll = pool?.open_to === 'all' && operator !== null && mayHost(node, 'anybody else', operator);
  return {
    id: node.id, name: node.name, pool: node.pool, kind, units, mac, owner: node.organisation_id, openTo: forAll ? null : [node.organisation_id], labels: labelsOf(node),
    // The agent cannot be trusted to take its own machine back from somebody with root: something outside of it has to.
    rawRoot: rawRoot && node.platform.startsWith('darwin'), closed: takesWork(node, nowMs) ? null : closedReason(node, nowMs), freeFromMs: 0, keptFor: null,
    leastDay: node.stand_in ? 'never' : (pool?.least_day ?? 'others'), idleMinutes: pool?.idle_minutes ?? null, record: pool?.record ?? false, standIn: node.stand_in,
    resourceOf: (unit) => resourceOf(unit, kind, pool?.resource ?? null),
  };
}

function labelsOf({ id, name, platform, pool }: Node): Record<string, string> {
  return { 'node-id': id, node: name, platform, pool };
}

/** `gpu/h100-80gb`, `gpu/1g.10gb`, `mac/m4`, `node/linux-x64`; or the pool's own name for a price, with the profile of a slice behind it. */
function resourceOf(unit: UnitView, kind: LeasableMachine['kind'], ofPool: string | null): string {
  if (ofPool !== null) return unit.slice ? `${ofPool}/${unit.kind}` : ofPool;
  return `${kind === 'cpu' ? 'node' : kind}/${unit.kind}`;
}

function closedReason(node: Node, nowMs: number): string {
  const state = nodeState(node, nowMs);
  if (state === 'ready' && isOutdated(node)) return 'outdated: its agent is older than this server speaks with, and is to be brought up to date';
  const why = state === 'quarantined' ? node.quarantine_reason : state === 'sick' ? node.health_reasons[0] : node.wanted_reason;
  return why ? `${state}: ${why}` : state;
}
