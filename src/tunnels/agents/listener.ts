import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { isIP, type AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { SESSION_PROTOCOL } from '../../../agent/src/wire/index.ts';
import { TandemError } from '../../base/index.ts';
import type { ServerIdentity } from '../ca/authorities.ts';
import { frontDesk, type FrontDeskOptions } from './front-desk.ts';

export interface ListenerOptions extends FrontDeskOptions {
  readonly host: string;
  readonly port: number;
  readonly identity: ServerIdentity;
  /** Takes a connection that speaks the agents' protocol. */
  readonly agent: (socket: TLSSocket) => void;
  /** Takes a connection of another process of this server. */
  readonly peer: (socket: TLSSocket) => void;
  /** Takes a connection that is to carry one session. */
  readonly session: (socket: TLSSocket) => void;
}

/** What an agent says in ALPN; whoever says something else is a machine that fetches the agent. */
export const AGENT_PROTOCOL = 'tandem-agent';
/** What another process of the same server says. */
export const PEER_PROTOCOL = 'tandem-server';
const HANDSHAKE_MS = 10_000;
const MOST_CONNECTIONS = 20_000;

/** The TLS listener of its own that agents connect to. */
export class AgentListener {
  readonly #options: ListenerOptions;
  readonly #tls: Server;
  readonly #http: HttpServer;
  readonly #sockets = new Set<TLSSocket>();

  constructor(options: ListenerOptions) {
    this.#options = options;
    const { identity, log } = options;
    this.#http = createHttpServer({ headersTimeout: HANDSHAKE_MS, requestTimeout: HANDSHAKE_MS, maxHeaderSize: 8_192 }, frontDesk(options));
    this.#tls = createServer({ ...contextOf(identity), requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3', ALPNProtocols: [AGENT_PROTOCOL, SESSION_PROTOCOL, PEER_PROTOCOL, 'http/1.1'], handshakeTimeout: HANDSHAKE_MS }, (socket) => this.#take(socket));
    this.#tls.maxConnections = MOST_CONNECTIONS;
    this.#tls.on('tlsClientError', (error) => log.debug({ reason: error.message }, 'a connection to the agents\' listener did not come about'));
  }

  /** @returns the port it listens on. @throws TandemError port_taken, setting_invalid. */
  async listen(): Promise<number> {
    const { host, port } = this.#options;
    try {
      // A name, or an address that is not this machine's own (behind a NAT), is for those who connect.
      if (isIP(host) === 0) await this.#bind(port, undefined);
      else await this.#bind(port, host).catch((error: NodeJS.ErrnoException) => (error.code === 'EADDRNOTAVAIL' ? this.#bind(port, undefined) : Promise.reject(error)));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new TandemError('setting_invalid', { params: { name: 'TANDEM_AGENT_ADDRESS', reason: code === 'EADDRINUSE' ? `the port ${port} is taken by another program` : message }, cause: error });
    }
    return (this.#tls.address() as AddressInfo).port;
  }

  /** Other keys and roots for connections from now on: the ones that are there stay. */
  useIdentity(identity: ServerIdentity): void {
    this.#tls.setSecureContext({ ...contextOf(identity), minVersion: 'TLSv1.3' });
  }

  stopAccepting(): void {
    this.#tls.close();
  }

  async close(): Promise<void> {
    this.stopAccepting();
    this.#http.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
  }

  #bind(port: number, host: string | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#tls.once('error', reject);
      this.#tls.listen({ port, ...(host !== undefined && { host }) }, () => {
        this.#tls.off('error', reject);
        resolve();
      });
    });
  }

  #take(socket: TLSSocket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.setNoDelay(true);
    if (socket.alpnProtocol === AGENT_PROTOCOL) this.#options.agent(socket);
    else if (socket.alpnProtocol === PEER_PROTOCOL) this.#options.peer(socket);
    else if (socket.alpnProtocol === SESSION_PROTOCOL) this.#options.session(socket);
    else this.#http.emit('connection', socket);
  }
}

function contextOf({ key, certificate, roots }: ServerIdentity) {
  return { key, cert: certificate, ca: [...roots] };
}
