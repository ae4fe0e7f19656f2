import type { Duplex } from 'node:stream';
import { SESSIONS_SINCE, WireError, type Message, type Session } from '../../../agent/src/wire/index.ts';
import { TandemError, type Clock, type Logger } from '../../base/index.ts';
import { RESYNC } from '../../db/index.ts';
import type { KnownNode, NodeCommand, NodeLink, NodeStream, Presence } from '../../fleet/index.ts';
import { ARRIVAL_MS, Carried } from './carried.ts';
import { Connection, readHealth, type ConnectionFacts } from './connection.ts';

export interface ConnectionsOptions {
  readonly presence: Presence;
  readonly clock: Clock;
  readonly log: Logger;
  /** Which server process this is. */
  readonly process: string;
}

/** One start of an agent and the number of its connection, as a connecting agent says them. */
export interface StartClaim {
  readonly instance: string;
  readonly attempt: number;
}

/** What a node tells beside answers, for whoever listens: `name` and fields, unchecked. */
export type NodeEventListener = (nodeId: string, name: string, fields: Message) => void;

const LOOK_MS = 1_000;
const PING_EVERY_LOOKS = 5;
const HEARD_EVERY_LOOKS = 10;
const SILENT_MS = 20_000;
const LIVE_ANSWER_MS = 3_000;
const ASK_MS = 30_000;

/** The agents that are connected to this process. */
export class Connections implements NodeLink {
  /** Sessions that have a connection of their own. */
  readonly carried: Carried;
  readonly #options: ConnectionsOptions;
  readonly #byNode = new Map<string, Connection>();
  readonly #admitting = new Map<string, Promise<unknown>>();
  readonly #changeListeners = new Set<(nodeId: string, connected: boolean) => void>();
  readonly #eventListeners = new Set<NodeEventListener>();
  readonly #stopping = new AbortController();
  #loops: Promise<unknown> | undefined;
  #unlisten: (() => Promise<void>) | undefined;
  #elsewhere: (nodeId: string, claim: StartClaim) => Promise<void> = async () => {};

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.carried = new Carried(options.clock, options.log);
  }

  get size(): number {
    return this.#byNode.size;
  }

  async start(): Promise<void> {
    this.#unlisten = await this.#options.presence.onChange((nodeId) => void this.#dropUnwelcome(nodeId));
    this.#loops = Promise.all([this.#watch(), this.#keepWritten()]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the server is stopping'));
    await this.#unlisten?.();
    await this.#loops;
    this.carried.cutAll();
    const open = [...this.#byNode.values()];
    for (const { facts } of open) facts.session.close('stopping', 'the server is stopping');
    await Promise.all(open.map((connection) => this.#gone(connection, 'the server stopped')));
  }

  /**
   * Whether a node may connect as it asks to. A second connection takes the place of one that is dead or of the same start of the
   * agent; when the first one is alive and of another start, somebody has a copy of the key, and both are quarantined.
   * @throws WireError quarantined, replaced.
   */
  admit<T>(node: KnownNode, claim: StartClaim, take: () => Promise<T>): Promise<T> {
    const before = this.#admitting.get(node.id) ?? Promise.resolve();
    const admitted = before.catch(() => {}).then(async () => {
      await this.giveWay(node.id, claim);
      await this.#elsewhere(node.id, claim);
      return take();
    });
    const settled = admitted.catch(() => {}).finally(() => {
      if (this.#admitting.get(node.id) === settled) this.#admitting.delete(node.id);
    });
    this.#admitting.set(node.id, settled);
    return admitted;
  }

  /**
   * A connection that is here makes room for a new one, here or at another process.
   * @throws WireError quarantined, replaced.
   */
  async giveWay(nodeId: string, claim: StartClaim): Promise<void> {
    const live = this.#byNode.get(nodeId);
    if (live !== undefined) await this.#resolveDouble(live, claim);
  }

  /** @param elsewhere asks the process that the node is connected to, where that is another one, to make room. */
  useElsewhere(elsewhere: (nodeId: string, claim: StartClaim) => Promise<void>): void {
    this.#elsewhere = elsewhere;
  }

  /** The node was connected to another process later than here, and this connection is what is left of the earlier one. */
  movedAway(nodeId: string, connectedAtMs: number): void {
    const connection = this.#byNode.get(nodeId);
    if (connection !== undefined && connection.facts.connectedAtMs < connectedAtMs) connection.facts.session.close('replaced', 'the agent has connected to another server process');
  }

  /** Whether the node's connection is at this process, whatever it may be asked. */
  has(nodeId: string): boolean {
    return this.#byNode.has(nodeId);
  }

  /** Takes an admitted connection. The session's `closed` is to call `left`. */
  add(facts: ConnectionFacts, certificateExpiresAtMs: number): Connection {
    const connection = new Connection(facts, certificateExpiresAtMs, this.#options.clock.monotonicMs());
    this.#byNode.set(facts.node.id, connection);
    this.#tell(facts.node.id, !facts.outdated);
    return connection;
  }

  left(session: Session, nodeId: string, error: Error | undefined): void {
    const connection = this.#byNode.get(nodeId);
    if (connection?.facts.session !== session) return;
    void this.#gone(connection, error?.message ?? 'closed');
  }

  renewed(nodeId: string, session: Session, expiresAtMs: number): void {
    const connection = this.#byNode.get(nodeId);
    if (connection?.facts.session === session) connection.certificateExpiresAtMs = expiresAtMs;
  }

  /** What a node told by itself. */
  heard(nodeId: string, session: Session, name: string, fields: Message): void {
    const connection = this.#byNode.get(nodeId);
    if (connection?.facts.session !== session) return;
    if (name === 'inventory') {
      // The first one is waited for by a person who has just pasted a line.
      if (connection.tellInventory(fields)) void this.#write(connection);
    } else if (name === 'health') {
      connection.tellHealth(readHealth(fields));
    } else {
      for (const listener of this.#eventListeners) listener(nodeId, name, fields);
    }
  }

  isConnected(nodeId: string): boolean {
    const connection = this.#byNode.get(nodeId);
    return connection !== undefined && !connection.facts.outdated;
  }

  async ask(nodeId: string, command: NodeCommand, params: Readonly<Record<string, unknown>>, deadlineMs = ASK_MS): Promise<unknown> {
    const { facts } = this.#working(nodeId, command);
    return this.#ask(facts, command, params, deadlineMs).catch((error: unknown) => { throw told(error, facts.node.name); });
  }

  async open(nodeId: string, kind: NodeStream, params: Readonly<Record<string, unknown>>): Promise<Duplex> {
    const { facts } = this.#working(nodeId, kind);
    try {
      // A file goes to the agent itself, and no session of a lease is it.
      const carried = kind === 'cache' ? undefined : await this.#carry(facts, { ...params, kind });
      return carried ?? facts.session.open(kind, params);
    } catch (error) {
      throw told(error, facts.node.name);
    }
  }

  onChange(listener: (nodeId: string, connected: boolean) => void): () => void {
    this.#changeListeners.add(listener);
    return () => void this.#changeListeners.delete(listener);
  }

  onEvent(listener: NodeEventListener): () => void {
    this.#eventListeners.add(listener);
    return () => void this.#eventListeners.delete(listener);
  }

  async #ask({ session }: ConnectionFacts, command: NodeCommand, params: Message, deadlineMs: number): Promise<Message> {
    const late = new AbortController();
    const done = new AbortController();
    void this.#options.clock.sleep(deadlineMs, done.signal).then(() => late.abort(new Error('late')), () => {});
    try {
      return await session.ask(command, params, late.signal);
    } finally {
      done.abort(new Error('done'));
    }
  }

  /** A session over a connection of its own, which the node makes. Undefined: the agent is older than that, or nothing but its one connection gets through. */
  async #carry(facts: ConnectionFacts, params: Message): Promise<Duplex | undefined> {
    if (facts.protocol < SESSIONS_SINCE) return undefined;
    const { id, name } = facts.node;
    const arrival = this.carried.expect({ nodeId: id, publicKey: facts.publicKey });
    try {
      const asked = this.#ask(facts, 'session.carry', { ...params, token: arrival.token }, ARRIVAL_MS);
      return await Promise.race([arrival.socket, asked.then(() => arrival.socket)]);
    } catch (error) {
      if (!(error instanceof WireError) || error.code !== 'no_carrier') throw error;
      this.#options.log.warn({ node: id, name, reason: error.message }, 'a session goes over the agent\'s connection, and will end with it');
      return undefined;
    } finally {
      arrival.forget();
    }
  }

  #working(nodeId: string, what: string): Connection {
    const connection = this.#byNode.get(nodeId);
    if (connection === undefined || (connection.facts.outdated && what !== 'update')) throw new TandemError('node_unreachable', { params: { name: connection?.facts.node.name ?? nodeId } });
    return connection;
  }

  async #resolveDouble(live: Connection, claim: StartClaim): Promise<void> {
    const { facts } = live;
    // What only this start of the agent can know shows that nobody has a copy of its key. A later connection of it may have been quicker than this one.
    if (claim.instance === facts.instance && claim.attempt < facts.attempt && !facts.session.over) throw new WireError('replaced', 'the agent has a later connection already');
    if (!(claim.instance === facts.instance && claim.attempt > facts.attempt) && (await this.#isAlive(live))) {
      const reason = 'two live connections with one identity';
      this.#options.log.warn({ node: facts.node.id }, reason);
      await this.#options.presence.quarantine(facts.node.id, reason);
      facts.session.close('quarantined', reason);
      throw new WireError('quarantined', reason);
    }
    facts.session.close('replaced', 'the agent has connected again');
  }

  async #isAlive({ facts }: Connection): Promise<boolean> {
    if (facts.session.over) return false;
    const done = new AbortController();
    const late = this.#options.clock.sleep(LIVE_ANSWER_MS, done.signal).then(() => false, () => false);
    const alive = await Promise.race([facts.session.ping().then(() => true), late]);
    done.abort(new Error('done'));
    return alive;
  }

  async #gone(connection: Connection, reason: string): Promise<void> {
    const { node, connectedAtMs } = connection.facts;
    if (this.#byNode.get(node.id) === connection) {
      this.#byNode.delete(node.id);
      this.#tell(node.id, false);
    }
    await this.#guarded(this.#options.presence.disconnected(node.id, this.#options.process, connectedAtMs, reason));
  }

  #tell(nodeId: string, connected: boolean): void {
    for (const listener of this.#changeListeners) listener(nodeId, connected);
  }

  /** One loop looks at all of them: a timer each would be thousands. It waits for nothing but time, so that no slow database holds pings back. */
  async #watch(): Promise<void> {
    const { clock } = this.#options;
    for (let look = 1; !this.#stopping.signal.aborted; look += 1) {
      await clock.sleep(LOOK_MS, this.#stopping.signal).catch(() => {});
      const now = clock.monotonicMs();
      for (const connection of this.#byNode.values()) {
        const { session } = connection.facts;
        if (connection.quietForMs(now) > SILENT_MS) session.close('silent', 'nothing was heard of it');
        else if (connection.certificateExpiresAtMs < clock.nowMs()) session.close('expired', 'its certificate has expired');
        else if (look % PING_EVERY_LOOKS === 0) void session.ping();
      }
    }
  }

  /** What nodes have told since the last time. One after the other: a thousand nodes must not take the connections that calls need. */
  async #keepWritten(): Promise<void> {
    const { clock, presence } = this.#options;
    for (let look = 1; !this.#stopping.signal.aborted; look += 1) {
      await clock.sleep(LOOK_MS, this.#stopping.signal).catch(() => {});
      for (const connection of this.#byNode.values()) if (connection.untold) await this.#write(connection);
      if (look % HEARD_EVERY_LOOKS === 0) await this.#guarded(presence.heard([...this.#byNode.keys()]));
    }
  }

  async #write(connection: Connection): Promise<void> {
    const { inventory, health } = connection.take();
    const { id } = connection.facts.node;
    if (health !== undefined) await this.#guarded(this.#options.presence.health(id, health));
    if (inventory !== undefined) await this.#guarded(this.#options.presence.inventory(id, inventory));
  }

  /** One node was changed, or any may have been while nobody listened. */
  async #dropUnwelcome(nodeId: string): Promise<void> {
    const here = new Set([...this.#byNode.keys(), ...this.carried.nodes]);
    const asked = nodeId === RESYNC ? [...here] : [nodeId].filter((id) => here.has(id));
    if (asked.length === 0) return;
    await this.#guarded(this.#options.presence.stillWelcome(asked).then((welcome) => {
      for (const id of asked) {
        if (welcome.has(id)) continue;
        this.carried.cut(id);
        this.#byNode.get(id)?.facts.session.close('removed', 'the node was removed or quarantined');
      }
    }));
  }

  /** The database may be away for a while; the connection stays. */
  async #guarded(work: Promise<unknown>): Promise<void> {
    await work.catch((error: unknown) => this.#options.log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'the state of a node could not be written'));
  }
}

/** What the wire says, in the house's words. */
export function told(error: unknown, name: string): unknown {
  if (!(error instanceof WireError)) return error;
  if (error.code === 'closed' || error.code === 'timeout') return new TandemError('node_unreachable', { params: { name }, cause: error });
  return new TandemError('node_refused', { params: { name, reason: error.message }, detail: error.code, cause: error });
}
