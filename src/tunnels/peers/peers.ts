import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { joinStreams, textOf, WireError, wholeOf, type Message, type Session, type SessionHandlers, type WireStream } from '../../../agent/src/wire/index.ts';
import { isTandemError, TandemError, type Clock, type Logger } from '../../base/index.ts';
import type { Database } from '../../db/index.ts';
import type { NodeCommand, NodeLink, NodeStream, Presence } from '../../fleet/index.ts';
import { told, type Connections, type StartClaim } from '../agents/connections.ts';
import type { PeerLine } from './peer-line.ts';
import { ProcessList, type ProcessAddress } from './process-list.ts';

export interface PeersOptions {
  readonly local: Connections;
  readonly presence: Presence;
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  /** This process. */
  readonly process: string;
  readonly line: PeerLine;
}

/** A node that another process has the connection of. */
interface Remote {
  readonly name: string;
  readonly process: string;
  readonly outdated: boolean;
}

const LOOK_MS = 5_000;
const ASK_MS = 30_000;
/** For the way there and back, beyond what the node itself may take. */
const WAY_MS = 2_000;
const GIVE_WAY_MS = 8_000;

/**
 * Nodes of all processes of one server: a question to a node goes to the process that its agent is connected to, and from there to the
 * agent. With one process it is that process's connections and nothing else.
 */
export class Peers implements NodeLink {
  readonly #options: PeersOptions;
  readonly #list: ProcessList;
  readonly #listeners = new Set<(nodeId: string, connected: boolean) => void>();
  readonly #sessions = new Map<string, Promise<Session>>();
  readonly #taken = new Set<Session>();
  readonly #stopping = new AbortController();
  #remote: ReadonlyMap<string, Remote> = new Map();
  #refreshing: Promise<void> = Promise.resolve();
  #stale = false;
  #unlisten: (() => Promise<void>) | undefined;
  #loop: Promise<void> | undefined;

  constructor(options: PeersOptions) {
    this.#options = options;
    this.#list = new ProcessList(options);
    options.local.onChange((nodeId, connected) => this.#tell(nodeId, connected));
    options.local.useElsewhere((nodeId, claim) => this.#giveWay(nodeId, claim));
  }

  async start(): Promise<void> {
    this.#unlisten = await this.#options.presence.onMove(() => void this.#refresh());
    await this.#refresh();
    this.#loop = this.#keep();
  }

  /** From now on other processes find this one. */
  async reachableAt(address: ProcessAddress): Promise<void> {
    await this.#list.add(address);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the server is stopping'));
    await this.#unlisten?.();
    await this.#loop;
    await this.#refreshing;
    await this.#list.remove().catch(() => {});
    for (const session of this.#taken) session.close('stopping', 'the server process is stopping');
    for (const dialled of this.#sessions.values()) await dialled.then((session) => session.close('stopping', 'the server process is stopping'), () => {});
  }

  isConnected(nodeId: string): boolean {
    if (this.#options.local.has(nodeId)) return this.#options.local.isConnected(nodeId);
    return this.#remote.get(nodeId)?.outdated === false;
  }

  async ask(nodeId: string, command: NodeCommand, params: Readonly<Record<string, unknown>>, deadlineMs = ASK_MS): Promise<unknown> {
    const { local } = this.#options;
    const remote = this.#remote.get(nodeId);
    if (local.has(nodeId) || remote === undefined) return local.ask(nodeId, command, params, deadlineMs);
    try {
      return (await this.#askPeer(remote.process, 'ask', { node: nodeId, command, params, deadlineMs }, deadlineMs + WAY_MS))['answer'];
    } catch (error) {
      throw told(unreachable(error), remote.name);
    }
  }

  async open(nodeId: string, kind: NodeStream, params: Readonly<Record<string, unknown>>): Promise<Duplex> {
    const { local } = this.#options;
    const remote = this.#remote.get(nodeId);
    if (local.has(nodeId) || remote === undefined) return local.open(nodeId, kind, params);
    try {
      return (await this.#session(remote.process)).open('open', { node: nodeId, kind, params });
    } catch (error) {
      throw told(unreachable(error), remote.name);
    }
  }

  onChange(listener: (nodeId: string, connected: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Takes a connection that another process made. */
  async take(socket: TLSSocket): Promise<void> {
    const ended = Promise.withResolvers<void>();
    const session = await this.#options.line.take(socket, this.#handlers(ended.resolve));
    if (session === undefined) return;
    this.#taken.add(session);
    await ended.promise;
    this.#taken.delete(session);
  }

  #handlers(closed: () => void): SessionHandlers {
    return { answer: (name, params) => this.#answer(name, params), accept: (name, params, stream) => this.#accept(name, params, stream), event: () => {}, closed };
  }

  async #answer(name: string, params: Message): Promise<Message> {
    const { local } = this.#options;
    const nodeId = textOf(params, 'node', 64);
    switch (name) {
      case 'ask':
        return inWire(async () => ({ answer: await local.ask(nodeId, textOf(params, 'command', 64) as NodeCommand, params['params'] as Message, wholeOf(params, 'deadlineMs', 1, 3_600_000)) }));
      case 'give-way':
        await local.giveWay(nodeId, { instance: textOf(params, 'instance', 64), attempt: wholeOf(params, 'attempt') });
        return {};
      default:
        throw new WireError('unknown_command', 'this process does not know the question');
    }
  }

  async #accept(name: string, params: Message, stream: WireStream): Promise<void> {
    if (name !== 'open') throw new WireError('unknown_command', 'this process does not know such streams');
    const inner = await inWire(() => this.#options.local.open(textOf(params, 'node', 64), textOf(params, 'kind', 64) as NodeStream, params['params'] as Message));
    inner.on('error', (error: Error) => stream.destroy(error));
    stream.on('error', () => inner.destroy());
    joinStreams(stream, inner);
  }

  /** A process that is not there any more has nothing to make room with. */
  async #giveWay(nodeId: string, claim: StartClaim): Promise<void> {
    await this.#refresh();
    const remote = this.#remote.get(nodeId);
    if (remote === undefined) return;
    try {
      await this.#askPeer(remote.process, 'give-way', { node: nodeId, ...claim }, GIVE_WAY_MS);
    } catch (error) {
      if (error instanceof WireError && (error.code === 'quarantined' || error.code === 'replaced')) throw error;
      this.#options.log.info({ node: nodeId, process: remote.process }, 'the process that the node was connected to does not answer');
    }
  }

  async #askPeer(process: string, name: string, params: Message, deadlineMs: number): Promise<Message> {
    const late = new AbortController();
    const done = new AbortController();
    // The time to connect counts: a process whose machine is gone takes long to be known as such.
    const tooLate = this.#options.clock.sleep(deadlineMs, done.signal).then(() => {
      late.abort(new Error('late'));
      throw new WireError('timeout', 'the other process did not answer in time');
    });
    tooLate.catch(() => {});
    try {
      return await (await Promise.race([this.#session(process), tooLate])).ask(name, params, late.signal);
    } finally {
      done.abort(new Error('done'));
    }
  }

  /** One connection to each process, made when it is first needed. */
  #session(process: string): Promise<Session> {
    const known = this.#sessions.get(process);
    if (known !== undefined) return known;
    const forget = (): void => {
      if (this.#sessions.get(process) === dialled) this.#sessions.delete(process);
    };
    const address = this.#list.live.get(process);
    const dialled: Promise<Session> = address === undefined ? Promise.reject(new WireError('closed', 'that process is gone')) : this.#options.line.dial(address, this.#handlers(forget));
    this.#sessions.set(process, dialled);
    dialled.catch(forget);
    return dialled;
  }

  /** What was told while this read is read once more, so the last word is never missed. */
  #refresh(): Promise<void> {
    if (this.#stale) return this.#refreshing;
    this.#stale = true;
    this.#refreshing = this.#refreshing.then(async () => {
      this.#stale = false;
      await this.#list.look();
      const { local, presence, process } = this.#options;
      const found = await presence.whereabouts();
      const before = this.#remote;
      const elsewhere = found.filter((one) => one.process !== process && this.#list.live.has(one.process));
      this.#remote = new Map(elsewhere.map(({ id, name, process: at, outdated }) => [id, { name, process: at, outdated }]));
      for (const { id, connectedAtMs } of elsewhere) local.movedAway(id, connectedAtMs);
      for (const [id, { outdated }] of this.#remote) if (before.get(id)?.outdated !== outdated && !local.has(id)) this.#tell(id, !outdated);
      for (const id of before.keys()) if (!this.#remote.has(id) && !local.has(id)) this.#tell(id, false);
    }).catch((error: unknown) => this.#options.log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'where nodes are connected could not be read'));
    return this.#refreshing;
  }

  async #keep(): Promise<void> {
    const { clock } = this.#options;
    const frames = new WeakMap<Session, number>();
    while (!this.#stopping.signal.aborted) {
      await clock.sleep(LOOK_MS, this.#stopping.signal).catch(() => {});
      if (this.#stopping.signal.aborted) return;
      await this.#list.seen().catch(() => {});
      await this.#refresh();
      for (const dialled of this.#sessions.values()) {
        const session = await dialled.catch(() => undefined);
        if (session === undefined) continue;
        // The ping of the look before was not answered: whoever waits there is told, and the next question connects anew.
        if (frames.get(session) === session.framesIn) session.close('silent', 'the other process does not answer');
        frames.set(session, session.framesIn);
        void session.ping();
      }
    }
  }

  #tell(nodeId: string, connected: boolean): void {
    for (const listener of this.#listeners) listener(nodeId, connected);
  }
}

/** This house's errors about a node, as the wire carries them. */
async function inWire<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // Who asked puts the wire's own words into the house's.
    if (isTandemError(error) && error.cause instanceof WireError) throw error.cause;
    if (!isTandemError(error)) throw error;
    throw new WireError('closed', 'the node is not connected to that process');
  }
}

/** A process that cannot be reached is a node that cannot be. */
function unreachable(error: unknown): unknown {
  return error instanceof WireError || error instanceof TandemError ? error : new WireError('closed', 'the process that the node is connected to cannot be reached');
}
