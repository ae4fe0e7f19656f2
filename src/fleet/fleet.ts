import { SteadyClock, TandemError, createIdSource, systemRandom, type Clock, type Config, type Logger, type SecretBox } from '../base/index.ts';
import type { Access, Principal } from '../access/index.ts';
import type { Database, Executor } from '../db/index.ts';
import type { Ledger } from '../ledger/index.ts';
import { AgentDriver } from './drivers/agent-driver.ts';
import { noteBusy } from './leases/busy.ts';
import { AgentJobs } from './jobs/machine-jobs.ts';
import { AgentWays } from './jobs/machine-ways.ts';
import type { LeaseContext } from './leases/context.ts';
import { Evictions } from './leases/evictions.ts';
import { leaseHolds } from './leases/holds.ts';
import { Leases } from './leases/leases.ts';
import { projectHolds } from './leases/project-holds.ts';
import { Reconciler } from './leases/reconciler.ts';
import { noteStopped } from './leases/stopped.ts';
import { noteWithoutCards } from './leases/without-cards.ts';
import type { NodeContext } from './nodes/context.ts';
import type { AgentAddress } from './nodes/enrolment-line.ts';
import { Enrolments } from './nodes/enrolments.ts';
import type { NodeView } from './nodes/node-view.ts';
import { Nodes } from './nodes/nodes.ts';
import { Presence } from './nodes/presence.ts';
import { OperatorMinutes } from './operator/operator-minutes.ts';
import { NodeMachines } from './pools/node-machines.ts';
import { Quotas } from './quotas/quotas.ts';
import { Pools } from './pools/pools.ts';
import type { NodeLink, RankLines, WipeSigner } from './ports.ts';
import { Providers } from './providers/providers.ts';
import { WipeCertificates } from './wipe/certificates.ts';
import { OutsideWipes } from './wipe/outside.ts';
import { agentReset } from './wipe/method.ts';
import { VOLUME_RESOURCE } from './volumes/metering.ts';
import { Volumes } from './volumes/volumes.ts';
import { releaseNode } from './wipe/release.ts';
import { Wipes } from './wipe/wipes.ts';

export interface FleetOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly access: Pick<Access, 'audit' | 'noteRefusal' | 'directory' | 'projects'>;
  readonly ledger: { readonly standing: Ledger['standing']; readonly webhooks: { readonly deliveries: Pick<Ledger['webhooks']['deliveries'], 'enqueue'> } };
  /** The organisation whose machines may serve others. */
  readonly operator: () => string | null;
  /** Where this server is reached, by name or address: leases do not. */
  readonly controlHosts?: readonly string[];
  /** Without it there are no accounts at providers. */
  readonly config?: Pick<Config, 'file' | 'configFile'>;
  /** The machine that this server runs on, as a node of it would name itself; without it any may be given with root. */
  readonly ownMachine?: string | null;
  /** For keys of accounts that the file names by variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What jobs of leases are sealed by; without it no lease has one. */
  readonly secrets?: SecretBox;
  /** Of this server; stands in certificates of wipes. */
  readonly version?: string;
}

/** The room's face: machines, and who has them. */
export class Fleet {
  readonly nodes: Nodes;
  readonly enrolments: Enrolments;
  readonly presence: Presence;
  readonly pools: Pools;
  readonly leases: Leases;
  readonly quotas: Quotas;
  readonly operatorMinutes: OperatorMinutes;
  readonly providers: Providers;
  readonly wipes: WipeCertificates;
  readonly volumes: Volumes;
  /** Lets a machine out of quarantine after a wipe that was not clean; it is wiped again. */
  readonly releaseNode: (principal: Principal, id: string, reason: string) => Promise<NodeView>;
  readonly #evictions: Evictions;
  readonly #reconciler: Reconciler;
  readonly #noteStopped: (machineId: string, leaseIds: readonly string[]) => Promise<void>;
  readonly #noteWithoutCards: (machineId: string, leaseIds: readonly string[]) => Promise<void>;
  readonly #later: LaterLink;
  readonly #log: Logger;
  readonly #database: Database;
  readonly #machines: NodeMachines;
  readonly #signer = new LaterSigner();
  readonly #lines = new LaterLines();
  #link: NodeLink | undefined;
  #address: AgentAddress | null = null;

  constructor(options: FleetOptions) {
    this.#log = options.log;
    this.#database = options.database;
    // Whoever sets the wall clock of this machine ends no lease, bills no hour, and puts nothing out of order.
    const steady = new SteadyClock(options.clock);
    const newId = createIdSource(() => steady.nowMs());
    this.operatorMinutes = new OperatorMinutes({ ...options, newId, standing: options.ledger.standing });
    const context: NodeContext = { ...options, newId, steps: this.operatorMinutes };
    this.nodes = new Nodes(context, () => this.#link);
    this.enrolments = new Enrolments(context, () => this.#address);
    this.presence = new Presence(context);
    this.#later = new LaterLink();
    const driver = new AgentDriver(this.#later, options.clock);
    const outside = new LaterOutside();
    const machines = new NodeMachines(context, this.presence, options.operator, options.controlHosts ?? [], outside);
    this.#machines = machines;
    this.quotas = new Quotas(options);
    this.providers = new Providers({ ...context, access: options.access, machines, config: options.config ?? { file: {}, configFile: '' }, env: options.env ?? {}, random: systemRandom, nodes: this.nodes, enrolments: this.enrolments, link: this.#later });
    const { ledger, access } = options;
    const wiper = new OutsideWipes({ ...context, providers: this.providers.accounts, mdm: this.providers.mdm, retire: (...asked) => this.nodes.retire(...asked), ownMachine: options.ownMachine ?? null });
    outside.is(wiper);
    this.wipes = new WipeCertificates(options.database, this.#signer);
    const leases: LeaseContext = {
      ...context, process: newId(), clock: steady, access, driver, wipes: new Wipes({ ...context, methods: [agentReset(driver), ...wiper.methods()], signer: this.#signer, version: options.version ?? 'unknown' }),
      standing: ledger.standing, deliveries: ledger.webhooks.deliveries, machines,
      ...(options.secrets !== undefined && { jobs: { machines: new AgentJobs(this.#later), ways: new AgentWays(this.#later), lines: this.#lines, secrets: options.secrets } }),
    };
    this.pools = new Pools(leases);
    this.leases = new Leases(leases);
    this.volumes = new Volumes(leases);
    this.releaseNode = (principal, id, reason) => releaseNode(leases, principal, id, reason);
    this.#evictions = new Evictions(leases);
    this.#reconciler = new Reconciler(leases);
    this.#noteStopped = (machineId, leaseIds) => noteStopped(leases, machineId, leaseIds);
    this.#noteWithoutCards = (machineId, leaseIds) => noteWithoutCards(leases.database, machineId, leaseIds);
    this.presence.useInventory((nodeId, inventory) => noteBusy(leases, nodeId, inventory));
    this.nodes.useHolds({ ...leaseHolds(leases), volumes: (tx, nodeId) => this.volumes.countOn(tx, nodeId) });
  }

  /** What of a project goes on and costs, in words; empty: nothing. */
  projectHolds(tx: Executor, organisationId: string, projectId: string): Promise<string[]> {
    return projectHolds(this.#database, tx, organisationId, projectId);
  }

  /** The names of prices by which an organisation leases machines and keeps volumes. */
  async leasedBy(organisationId: string): Promise<ReadonlySet<string>> {
    const machines = (await this.#machines.machines()).filter(({ openTo }) => openTo?.includes(organisationId) ?? true);
    return new Set([VOLUME_RESOURCE, ...machines.flatMap((machine) => machine.units.map((unit) => machine.resourceOf(unit)))]);
  }

  /** Looks after all leases once: periodic, by one process at a time. */
  async keepLeases(signal: AbortSignal): Promise<void> {
    await this.#evictions.look();
    await this.#reconciler.tick(signal);
  }

  /** A machine has said that leases which have time left do not run on it: they are granted to it again, and the minute is not paid. */
  stoppedOn(machineId: string, leaseIds: readonly string[]): Promise<void> {
    return this.#noteStopped(machineId, leaseIds);
  }

  /** A machine has said which leases have a card that is broken or gone: their minutes are not paid until it says otherwise. */
  withoutCards(machineId: string, leaseIds: readonly string[]): Promise<void> {
    return this.#noteWithoutCards(machineId, leaseIds);
  }

  /** Resolves when nothing that leases have sent is on its way to a machine. */
  settled(): Promise<void> {
    return this.#reconciler.settled();
  }

  /** The key that vouches for wipes, once it is there. */
  useSigner(signer: WipeSigner): void {
    this.#signer.is(signer);
  }

  /** The ways among machines of one lease, once they are there. */
  useRankLines(lines: RankLines): void {
    this.#lines.is(lines);
  }

  /** The connection to nodes, once it is there. @param address null while machines have no way to reach this server. */
  useLink(link: NodeLink, address: AgentAddress | null): void {
    if (this.#link === undefined) this.leases.onEnd((id) => void this.#reconciler.hurry(id).catch((error: Error) => this.#log.warn({ lease: id, reason: error.message }, 'a lease could not be ended at once')));
    this.#link = link;
    this.#later.is(link);
    this.#reconciler.watch();
    this.#address = address;
  }
}

/** The key of wipes before it is there: nothing is wiped without one. */
class LaterSigner implements WipeSigner {
  #signer: WipeSigner | undefined;

  is(signer: WipeSigner): void {
    this.#signer = signer;
  }

  async sign(...asked: Parameters<WipeSigner['sign']>): ReturnType<WipeSigner['sign']> {
    if (this.#signer === undefined) throw new Error('no key vouches for wipes yet');
    return this.#signer.sign(...asked);
  }

  async keys(): ReturnType<WipeSigner['keys']> {
    return this.#signer?.keys() ?? [];
  }
}

/** The ways among machines before they are there: no job over several machines begins. */
class LaterLines implements RankLines {
  #lines: RankLines | undefined;

  is(lines: RankLines): void {
    this.#lines = lines;
  }

  keep(leases: Parameters<RankLines['keep']>[0]): void {
    this.#lines?.keep(leases);
  }

  state(...asked: Parameters<RankLines['state']>): ReturnType<RankLines['state']> {
    return this.#lines?.state(...asked) ?? 'waits';
  }
}

/** What can set machines up anew, before accounts at providers are read: they ask machines for their cost. */
class LaterOutside implements Pick<OutsideWipes, 'reinstallable'> {
  #outside: OutsideWipes | undefined;

  is(outside: OutsideWipes): void {
    this.#outside = outside;
  }

  reinstallable(...asked: Parameters<OutsideWipes['reinstallable']>): ReturnType<OutsideWipes['reinstallable']> {
    return this.#outside === undefined ? Promise.resolve(new Set()) : this.#outside.reinstallable(...asked);
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
