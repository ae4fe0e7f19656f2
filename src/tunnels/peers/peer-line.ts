import type { TLSSocket } from 'node:tls';
import { dialTrusted } from '../../../agent/src/connection/dial.ts';
import { agree, readHello, refuseHello, sendHello, Session, WireError, wholeOf, type Message, type SessionHandlers } from '../../../agent/src/wire/index.ts';
import type { Clock } from '../../base/index.ts';
import type { Authorities } from '../ca/authorities.ts';
import { keyHash } from '../ca/certificate.ts';
import { PEER_PROTOCOL } from '../agents/listener.ts';

export interface PeerLineOptions {
  readonly authorities: Pick<Authorities, 'peer' | 'pin' | 'roots'>;
  readonly clock: Clock;
}

/** The versions of what processes ask each other: they run different releases while a server is brought up to date. */
const VERSIONS = { least: 1, most: 1 };
const HELLO_MS = 5_000;
/** Another process asks for many nodes at a time. */
const LIMITS = { streams: 8_192, questions: 4_096 };

/**
 * Connections between processes of one server. Both ends hold the server's one key and show certificates for it: whoever holds it can
 * play the server towards agents anyway, and nobody else is let in.
 */
export class PeerLine {
  readonly #options: PeerLineOptions;

  constructor(options: PeerLineOptions) {
    this.#options = options;
  }

  /** @throws Error, WireError when the other process is not there, is not one of this server, or is of another release. */
  async dial(address: { readonly host: string; readonly port: number }, handlers: SessionHandlers): Promise<Session> {
    const { authorities } = this.#options;
    const socket = await dialTrusted(address, { ...authorities.peer(), roots: authorities.roots() }, PEER_PROTOCOL);
    try {
      if (!this.#isOwnKey(socket)) throw new WireError('no_identity', 'the process that answers does not hold the key of this server');
      sendHello(socket, { versions: VERSIONS });
      const { rest } = await this.#hello(socket);
      return this.#session(socket, 'agent', handlers, rest);
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  /** Takes a connection that says it is another process's. Undefined: it was refused. */
  async take(socket: TLSSocket, handlers: SessionHandlers): Promise<Session | undefined> {
    try {
      if (!socket.authorized || !this.#isOwnKey(socket)) throw new WireError('no_identity', 'only processes of this server are let in here');
      const { hello, rest } = await this.#hello(socket);
      const versions = hello['versions'] as Message;
      if (!('protocol' in agree(VERSIONS, { least: wholeOf(versions, 'least'), most: wholeOf(versions, 'most') }))) throw new WireError('other_release', 'the two processes have no version of the protocol in common');
      sendHello(socket, { versions: VERSIONS });
      return this.#session(socket, 'server', handlers, rest);
    } catch (error) {
      const [code, reason] = error instanceof WireError ? [error.code, error.message] : ['failed', 'the connection could not be taken'];
      if (!socket.destroyed) refuseHello(socket, code, reason);
      return undefined;
    }
  }

  #session(socket: TLSSocket, side: 'server' | 'agent', handlers: SessionHandlers, rest: Buffer): Session {
    const session = new Session({ socket, side, handlers, limits: LIMITS });
    if (rest.length > 0) session.receive(rest);
    socket.resume();
    return session;
  }

  async #hello(socket: TLSSocket): ReturnType<typeof readHello> {
    const late = new AbortController();
    const done = new AbortController();
    void this.#options.clock.sleep(HELLO_MS, done.signal).then(() => late.abort(new Error('late')), () => {});
    try {
      return await readHello(socket, late.signal);
    } finally {
      done.abort(new Error('done'));
    }
  }

  #isOwnKey(socket: TLSSocket): boolean {
    const shown = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' });
    return shown !== undefined && keyHash(shown).toString('base64') === this.#options.authorities.pin;
  }
}
