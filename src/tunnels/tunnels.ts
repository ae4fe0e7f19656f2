import { randomFillSync } from 'node:crypto';
import { join } from 'node:path';
import { SteadyClock, createIdSource, isUuid, openSecretBox, type Clock, type Config, type Logger } from '../base/index.ts';
import type { Access } from '../access/index.ts';
import type { Message } from '../../agent/src/wire/index.ts';
import type { Database } from '../db/index.ts';
import type { AgentAddress, Enrolments, NodeLink, Presence } from '../fleet/index.ts';
import { Connections } from './agents/connections.ts';
import { shakeHands } from './agents/handshake.ts';
import { AgentListener } from './agents/listener.ts';
import type { LeaseDoor } from './ports.ts';
import { NodeBinaries } from './agents/node-binaries.ts';
import { packAgent } from './agents/release.ts';
import { Authorities } from './ca/authorities.ts';
import { ROOTS_CHANNEL, Roots } from './ca/roots.ts';
import { WipeKeys } from './ca/wipe-keys.ts';
import { Gateway } from './ssh/gateway.ts';
import { PeerLine } from './peers/peer-line.ts';
import { Peers } from './peers/peers.ts';
import { LeaseRankLines } from './ranks/rank-lines.ts';
import { Screens } from './screen/screens.ts';
import { Viewers } from './screen/viewers.ts';
import { Tickets } from './screen/tickets.ts';
import { Terminals } from './terminal/terminals.ts';
import { Recordings } from './recordings/recordings.ts';
import { SshAuthorities } from './ssh/ssh-authorities.ts';

export interface TunnelsOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly config: Pick<Config, 'secretFile' | 'cache' | 'agentAddress' | 'peerAddress'>;
  readonly audit: Access['audit'];
  readonly fleet: { readonly presence: Presence; readonly enrolments: Enrolments; stoppedOn(machineId: string, leaseIds: readonly string[]): Promise<void>; withoutCards(machineId: string, leaseIds: readonly string[]): Promise<void> };
  /** The repository's root: the agent's source and the Node binaries lie there. */
  readonly root: string;
  readonly version: string;
  /** The agent's source; default: in `root`. */
  readonly agentFolder?: string;
}

/** A node that tells of more is told of in turns. */
const MOST_STOPPED = 100;
/** One that tells it more often than its heartbeat is not listened to. */
const BETWEEN_MS = 3_000;

/** The room's face: connections to nodes. */
export class Tunnels {
  readonly authorities: Authorities;
  /** The roots of the agents' certificates, as the operator's people see and replace them. */
  readonly roots: Roots;
  /** The keys that vouch for wipes. */
  readonly wipeKeys: WipeKeys;
  /** The way into leases. */
  readonly gateway: Gateway;
  /** The way to their screens. */
  readonly screens: Screens;
  /** Terminals in them. */
  readonly terminals: Terminals;
  /** What was recorded of sessions. */
  readonly recordings: Recordings;
  /** The ways among machines of one lease. */
  readonly ranks: LeaseRankLines;
  readonly #options: TunnelsOptions;
  readonly #connections: Connections;
  readonly #viewers: Viewers;
  readonly #peers: Peers;
  /** Connections and sessions live on when somebody sets the wall clock. */
  readonly #steady: SteadyClock;
  /** When each node last told of leases that stopped. */
  readonly #toldMs = new Map<string, number>();
  /** Names this process among those of one database, for as long as it runs. */
  readonly #process: string;
  #listener: AgentListener | undefined;
  #unlisten: (() => Promise<void>) | undefined;
  #address: AgentAddress | null = null;

  constructor(options: TunnelsOptions) {
    this.#options = options;
    const { database, clock, log, config, fleet } = options;
    const keys = { database, clock, secrets: openSecretBox(config.secretFile), newId: createIdSource(() => clock.nowMs()) };
    this.authorities = new Authorities(keys);
    this.roots = new Roots({ database, audit: options.audit, authorities: this.authorities, nowMs: () => clock.nowMs() });
    this.#process = keys.newId();
    this.#steady = new SteadyClock(clock);
    this.#connections = new Connections({ presence: fleet.presence, clock: this.#steady, log, process: this.#process });
    this.#connections.onEvent((nodeId, name, fields) => this.#heard(nodeId, name, fields));
    this.#peers = new Peers({ local: this.#connections, presence: fleet.presence, database, clock: this.#steady, log, process: this.#process, line: new PeerLine({ authorities: this.authorities, clock }) });
    this.ranks = new LeaseRankLines({ link: this.#peers, clock: this.#steady, log });
    this.wipeKeys = new WipeKeys(keys);
    const random = (target: Uint8Array): void => void randomFillSync(target);
    this.gateway = new Gateway({ link: this.#peers, authorities: new SshAuthorities(keys), clock: this.#steady, log, random });
    const tickets = new Tickets({ database, clock, random });
    this.#viewers = new Viewers({ database, clock, log, newId: keys.newId });
    this.screens = new Screens(this.gateway, tickets, this.#viewers, log);
    this.recordings = new Recordings({ link: this.#connections, database, secrets: keys.secrets, clock, log, audit: options.audit });
    this.#connections.onEvent((nodeId, name) => {
      if (name === 'recordings') void this.recordings.fetch(nodeId);
    });
    this.terminals = new Terminals(this.gateway, tickets, keys.newId);
  }

  /** Who may enter and see leases is asked there. */
  useLeases(leases: LeaseDoor): void {
    this.gateway.useLeases(leases);
    this.recordings.useLeases(leases);
  }

  get link(): NodeLink {
    return this.#peers;
  }

  /** Where agents reach this server; null while that is switched off. */
  get address(): AgentAddress | null {
    return this.#address;
  }

  /** Makes the keys at a first start, and listens where an address is set. @throws TandemError secret_unreadable, setting_invalid. */
  async start(): Promise<void> {
    await this.authorities.start();
    this.#unlisten = await this.#options.database.listen(ROOTS_CHANNEL, () => this.#useRoots());
    await this.#connections.start();
    await this.#peers.start();
    this.gateway.start();
    this.#viewers.start();
    const { config, fleet, log, root, version } = this.#options;
    if (config.agentAddress === null) return;
    const release = await packAgent(this.#options.agentFolder ?? join(root, 'agent'));
    const { host, port } = config.agentAddress;
    const identity = this.authorities.server([host]);
    const listener = new AgentListener({
      host, port, identity, log, binaries: new NodeBinaries({ root, cache: config.cache }), release: () => release, address: () => this.#address!,
      peer: (socket) => void this.#peers.take(socket),
      session: (socket) => void this.#connections.carried.take(socket),
      agent: (socket) => void shakeHands(socket, { authorities: this.authorities, connections: this.#connections, process: this.#process, presence: fleet.presence, enrolments: fleet.enrolments, clock: this.#steady, log, serverVersion: version, release: () => release }),
    });
    this.#address = { host, port: await listener.listen(), pin: identity.pin };
    this.#listener = listener;
    // The port may have been left to the machine to choose.
    if (config.peerAddress !== 'off') await this.#peers.reachableAt(config.peerAddress ?? { host, port: this.#address.port });
  }

  /** Roots have changed, here or in another process: connections from now on are by those that are. */
  #useRoots(): void {
    const { config, log } = this.#options;
    this.authorities.reload()
      .then(() => config.agentAddress && this.#listener?.useIdentity(this.authorities.server([config.agentAddress.host])))
      .catch((error: Error) => log.warn({ reason: error.message }, 'the roots of agents could not be read anew'));
  }

  /** What nodes tell beside inventory and health. */
  #heard(nodeId: string, name: string, { stopped, without }: Message): void {
    const told: unknown = name === 'leases' ? stopped : name === 'cards' ? without : undefined;
    if (!Array.isArray(told)) return;
    const { fleet, log } = this.#options;
    const nowMs = this.#steady.monotonicMs();
    const key = `${name} ${nodeId}`;
    if (nowMs - (this.#toldMs.get(key) ?? Number.NEGATIVE_INFINITY) < BETWEEN_MS) return;
    this.#toldMs.set(key, nowMs);
    const ids = told.slice(0, MOST_STOPPED).filter((id): id is string => typeof id === 'string' && isUuid(id));
    (name === 'leases' ? fleet.stoppedOn(nodeId, ids) : fleet.withoutCards(nodeId, ids))
      .catch((error: Error) => log.warn({ node: nodeId, reason: error.message }, 'what a node says of its leases could not be noted'));
  }

  async stop(): Promise<void> {
    this.#listener?.stopAccepting();
    await this.#unlisten?.();
    this.ranks.stop();
    await this.gateway.stop();
    await this.#viewers.stop();
    await this.recordings.settled();
    await this.#connections.stop();
    await this.#peers.stop();
    await this.#listener?.close();
  }
}

export function createTunnels(options: TunnelsOptions): Tunnels {
  return new Tunnels(options);
}
