import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, createWebSocketStream, type WebSocket } from 'ws';
import { TandemError, isUuid, newId, type Logger } from '../../base/index.ts';
import type { Authenticate } from '../caller/authenticate.ts';
import type { SameSite } from '../caller/same-site.ts';
import { renderError } from '../errors/render.ts';
import type { ScreensDoor } from '../faces.ts';
import { answerRaw } from '../listen/client-errors.ts';

export interface LeaseScreensOptions {
  readonly screens: Pick<ScreensDoor, 'open'>;
  readonly authenticate: Authenticate;
  readonly sameSite: Pick<SameSite, 'demand'>;
  readonly log: Logger;
}

/** What is spoken, and how the ticket is said beside it: browsers let a WebSocket carry nothing else, and an address is kept in logs. */
const PROTOCOL = 'tandem-screen';
const TICKET = /^ticket\.([\w-]{20,128})$/;
const PATH = /^\/api\/leases\/([^/?]{1,64})\/screen$/;
const PING_MS = 20_000;
/** What a browser may say at once: a clipboard, not a film. */
const MOST_BYTES = 1_048_576;
/** Close codes of RFC 6455: the server goes away. */
const GOING_AWAY = 1001;

/** True for a request that asks for a lease's screen. */
export function wantsLeaseScreen({ url, headers }: Pick<IncomingMessage, 'url' | 'headers'>): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket' && PATH.test(url ?? '');
}

/**
 * Screens of leases in browsers: RFB over a WebSocket. The caller is checked as for any other page, then where the page comes from, then the
 * ticket, which is used up by it.
 */
export class LeaseScreens {
  readonly #options: LeaseScreensOptions;
  readonly #server: WebSocketServer;
  readonly #open = new Set<WebSocket>();
  #pings: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(options: LeaseScreensOptions) {
    this.#options = options;
    this.#server = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: MOST_BYTES, handleProtocols: () => PROTOCOL });
  }

  /** Takes a connection over from the HTTP server. */
  async take(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    const { screens, authenticate, sameSite, log } = this.#options;
    try {
      if (this.#closing) throw new TandemError('shutting_down', { retryAfterSeconds: 5 });
      const id = PATH.exec(request.url ?? '')![1]!;
      const principal = await authenticate(request, false);
      sameSite.demand(request);
      if (!isUuid(id)) throw new TandemError('resource_not_found', { params: { kind: 'lease', id, verb: 'leases' } });
      const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());
      const ticket = offered.map((one) => TICKET.exec(one)?.[1]).find((one) => one !== undefined);
      if (ticket === undefined || !offered.includes(PROTOCOL)) throw new TandemError('ticket_invalid');
      const { stream, join } = await screens.open(principal, id, ticket);
      if (socket.destroyed) return void stream.destroy();
      this.#server.handleUpgrade(request, socket, head, (open) => {
        this.#keep(open);
        void join(createWebSocketStream(open));
      });
    } catch (error) {
      answerRaw(socket, renderError(error, 'tandem', newId(), log));
    }
  }

  /** Screens do not hold up the end of the server. */
  close(): void {
    this.#closing = true;
    clearInterval(this.#pings);
    for (const open of this.#open) open.close(GOING_AWAY, 'the server is stopping');
    for (const open of this.#open) open.terminate();
  }

  /** Behind proxies that cut what is silent, a still picture is not. */
  #keep(open: WebSocket): void {
    this.#open.add(open);
    open.on('close', () => this.#open.delete(open));
    open.on('error', () => open.terminate());
    this.#pings ??= setInterval(() => { for (const one of this.#open) one.ping(); }, PING_MS).unref();
  }
}
