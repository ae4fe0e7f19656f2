import { TandemError, createIdSource, systemRandom, type Clock, type Config, type Logger } from '../base/index.ts';
import type { Access } from '../access/index.ts';
import type { Database } from '../db/index.ts';
import type { Ledger } from '../ledger/index.ts';
import { AgentDriver } from './drivers/agent-driver.ts';
import type { LeaseContext } from './leases/context.ts';
import { Evictions } from './leases/evictions.ts';
import { Leases } from './leases/leases.ts';
import { Reconciler } from './leases/reconciler.ts';
import type { NodeContext } from './nodes/context.ts';
import type { AgentAddress } from './nodes/enrolment-line.ts';
import { Enrolments } from './nodes/enrolments.ts';
import { Nodes } from './nodes/nodes.ts';
import { Presence } from './nodes/presence.ts';
import { NodeMachines } from './pools/node-machines.ts';
import { Pools } from './pools/pools.ts';
import type { NodeLink } from './ports.ts';
import { Providers } from './providers/providers.ts';

export interface FleetOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly access: Pick<Access, 'audit' | 'noteRefusal' | 'directory'>;
  readonly ledger: { readonly standing: Ledger['standing']; readonly webhooks: { readonly deliveries: Pick<Ledger['webhooks']['deliveries'], 'enqueue'> } };
  /** The organisation whose machines may serve others. */
  readonly operator: () => string | null;
  /** Without it there are no accounts at providers. */
  readonly config?: Pick<Config, 'file' | 'configFile'>;
  /** For keys of accounts that the file names by variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** The room's face: machines, and who has them. */
export class Fleet {
  readonly nodes: Nodes;
  readonly enrolments: Enrolments;
  readonly presence: Presence;
  readonly pools: Pools;
  readonly leases: Leases;
  readonly providers: Providers;
  readonly #evictions: Evictions;
  readonly #reconciler: Reconciler;
  readonly #later: LaterLink;
  #link: NodeLink | undefined;
  #address: AgentAddress | null = null;

  constructor(options: FleetOptions) {
    const context: NodeContext = { ...options, newId: createIdSource(() => options.clock.nowMs()) };
    this.nodes = new Nodes(context, () => this.#link);
    this.enrolments = new Enrolments(context, () => this.#address);
    this.presence = new Presence(context);
    this.#later = new LaterLink();
    this.providers = new Providers({ ...context, config: options.config ?? { file: {}, configFile: '' }, env: options.env ?? {}, random: systemRandom, nodes: this.nodes, enrolments: this.enrolments, link: this.#later });
    const { ledger, operator, access } = options;
    const leases: LeaseContext = {
      ...context, access, standing: ledger.standing, deliveries: ledger.webhooks.deliveries, machines: new NodeMachines(context, this.presence, operator), driver: new AgentDriver(this.#later, options.clock),
    };
    this.pools = new Pools(leases);
    this.leases = new Leases(leases);
    this.#evictions = new Evictions(leases);
    this.#reconciler = new Reconciler(leases);
    this.nodes.useHolds({ count: (nodeId) => this.leases.countOn(nodeId) });
  }

  /** Looks after all leases once: periodic, by one process at a time. */
  async keepLeases(signal: AbortSignal): Promise<void> {
    await this.#evictions.look();
    await this.#reconciler.tick(signal);
  }

  /** Resolves when nothing that leases have sent is on its way to a machine. */
  settled(): Promise<void> {
    return this.#reconciler.settled();
  }

  /** The connection to nodes, once it is there. @param address null while machines have no way to reach this server. */
  useLink(link: NodeLink, address: AgentAddress | null): void {
    this.#link = link;
    this.#later.is(link);
    this.#reconciler.watch();
    this.#address = address;
  }
}

/** The link before it is there: no machine is in reach. */
class LaterLink implements NodeLink {
  #link: NodeLink | undefined;

  is(link: NodeLink): void {
    this.#link = link;
  }

  isConnected(nodeId: string): boolean {
    return this.#link?.isConnected(nodeId) ?? false;
  }

  ask(nodeId: string, ...rest: [Parameters<NodeLink['ask']>[1], Parameters<NodeLink['ask']>[2], number?]): Promise<unknown> {
    return this.#link === undefined ? Promise.reject(new TandemError('node_unreachable', { params: { name: nodeId } })) : this.#link.ask(nodeId, ...rest);
  }

  open(...asked: Parameters<NodeLink['open']>): ReturnType<NodeLink['open']> {
    return this.#link === undefined ? Promise.reject(new TandemError('node_unreachable', { params: { name: asked[0] } })) : this.#link.open(...asked);
  }

  onChange(listener: (nodeId: string, connected: boolean) => void): () => void {
    return this.#link?.onChange(listener) ?? (() => {});
  }
}

export function createFleet(options: FleetOptions): Fleet {
  return new Fleet(options);
}
