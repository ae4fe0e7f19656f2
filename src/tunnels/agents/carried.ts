import { createHash, randomBytes } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { readLine } from '../../../agent/src/wire/index.ts';
import type { Clock, Logger } from '../../base/index.ts';

/** Whose connection is awaited: only this key may come with the token. */
export interface Carrying {
  readonly nodeId: string;
  readonly publicKey: Buffer;
}

interface Awaited extends Carrying {
  readonly untilMs: number;
  take(socket: TLSSocket): void;
}

/** A session that was asked for and has not arrived. */
export interface Arrival {
  /** For the node, once. */
  readonly token: string;
  readonly socket: Promise<TLSSocket>;
  /** Nobody waits any more: the token is worth nothing then. */
  forget(): void;
}

const TOKEN_BYTES = 32;
const TOKEN_LENGTH = 43;
/** From the question to the connection. A carrier may have to be started first. */
export const ARRIVAL_MS = 20_000;
const TOKEN_MS = 5_000;
const KEEP_ALIVE_MS = 15_000;

/**
 * Connections that carry one session each. A node is told a token over its agent's connection and dials with it: the token is known here by its
 * hash, for one use, some seconds, and the key of that node alone. Such a connection is no agent, and can do nothing but carry that session.
 */
export class Carried {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #awaited = new Map<string, Awaited>();
  readonly #open = new Map<TLSSocket, string>();

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Nodes that carry something here. */
  get nodes(): ReadonlySet<string> {
    return new Set([...this.#open.values(), ...[...this.#awaited.values()].map(({ nodeId }) => nodeId)]);
  }

  /** Waits for one connection of a node. */
  expect(carrying: Carrying): Arrival {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const hash = hashOf(token);
    const { promise, resolve } = Promise.withResolvers<TLSSocket>();
    this.#awaited.set(hash, { ...carrying, untilMs: this.#clock.monotonicMs() + ARRIVAL_MS, take: resolve });
    return { token, socket: promise, forget: () => void this.#awaited.delete(hash) };
  }

  /** Takes a connection that says it carries a session. Never throws: one that is not awaited is closed without a word. */
  async take(socket: TLSSocket): Promise<void> {
    try {
      const awaited = this.#awaitedBy(socket, await readLine(socket, TOKEN_LENGTH, AbortSignal.timeout(TOKEN_MS)));
      if (typeof awaited === 'string') {
        this.#log.info({ from: socket.remoteAddress, reason: awaited }, 'a connection for a session was refused');
        return void socket.destroy();
      }
      this.#open.set(socket, awaited.nodeId);
      socket.on('close', () => this.#open.delete(socket));
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      socket.write('ok\n');
      awaited.take(socket);
    } catch {
      socket.destroy();
    }
  }

  /** Cuts what a node carries: it was removed, or is not believed any more. */
  cut(nodeId: string): void {
    for (const [hash, awaited] of this.#awaited) if (awaited.nodeId === nodeId) this.#awaited.delete(hash);
    for (const [socket, node] of this.#open) if (node === nodeId) socket.destroy();
  }

  cutAll(): void {
    this.#awaited.clear();
    for (const socket of this.#open.keys()) socket.destroy();
  }

  /** A token that was shown is used up by that, whoever showed it. */
  #awaitedBy(socket: TLSSocket, token: string): Awaited | string {
    const hash = hashOf(token);
    const awaited = this.#awaited.get(hash);
    this.#awaited.delete(hash);
    if (awaited === undefined) return 'its token is not known, or was used';
    if (awaited.untilMs <= this.#clock.monotonicMs()) return 'its token is too old';
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined || !socket.authorized) return `its certificate is not valid (${String(socket.authorizationError ?? 'there is none')})`;
    return certificate.publicKey.export({ type: 'spki', format: 'der' }).equals(awaited.publicKey) ? awaited : 'its key is not that of the node';
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
