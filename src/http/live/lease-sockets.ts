import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { TandemError, isUuid, newId, type Logger } from '../../base/index.ts';
import type { Principal } from '../../access/index.ts';
import type { Authenticate } from '../caller/authenticate.ts';
import type { SameSite } from '../caller/same-site.ts';
import { renderError } from '../errors/render.ts';
import { answerRaw } from '../listen/client-errors.ts';

export interface LeaseSocketOptions {
  readonly authenticate: Authenticate;
  readonly sameSite: Pick<SameSite, 'demand'>;
  readonly log: Logger;
}

/** A way into leases by WebSocket. */
export interface LeaseSocketKind {
  /** What is spoken. */
  readonly protocol: string;
  /** Its first group is the lease's id. */
  readonly path: RegExp;
  /** What a browser may say at once. */
  readonly mostBytes: number;
  /** Goes on with an open socket, which is paused. What it throws closes the socket, in words. */
  opened(principal: Principal, leaseId: string, ticket: string, socket: WebSocket): Promise<void>;
}

/** The ticket is said beside the protocol: browsers let a WebSocket carry nothing else, and an address is kept in logs. */
const TICKET = /^ticket\.([\w-]{20,128})$/;
const PING_MS = 20_000;
/** Close codes of RFC 6455: the server goes away; and from 4000 on ours, where 4403 is what HTTP says by 403. */
const GOING_AWAY = 1001;
const OWN_CODES = 4_000;
/** Of a close frame, after its code. */
const MOST_REASON_BYTES = 123;

/**
 * WebSockets of browsers into leases. The caller is checked as for any other page, then where the page comes from; both are refused by HTTP, so
 * that another site's page learns nothing. What is refused later, such as a used ticket, is told by the code and the reason of the socket's end,
 * which are all that a page is let see.
 */
export class LeaseSockets {
  readonly #options: LeaseSocketOptions;
  readonly #kind: LeaseSocketKind;
  readonly #server: WebSocketServer;
  readonly #open = new Set<WebSocket>();
  #pings: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(kind: LeaseSocketKind, options: LeaseSocketOptions) {
    this.#kind = kind;
    this.#options = options;
    this.#server = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: kind.mostBytes, handleProtocols: () => kind.protocol });
  }

  /** True for a request that asks for this. */
  readonly wants = ({ url, headers }: Pick<IncomingMessage, 'url' | 'headers'>): boolean => headers.upgrade?.toLowerCase() === 'websocket' && this.#kind.path.test(url ?? '');

  /** Takes a connection over from the HTTP server. */
  async take(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    const { authenticate, sameSite, log } = this.#options;
    const { path, protocol } = this.#kind;
    try {
      if (this.#closing) throw new TandemError('shutting_down', { retryAfterSeconds: 5 });
      const principal = await authenticate(request, false);
      sameSite.demand(request);
      const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());
      if (!offered.includes(protocol)) throw new TandemError('ticket_invalid');
      const ticket = offered.map((one) => TICKET.exec(one)?.[1]).find((one) => one !== undefined);
      if (socket.destroyed) return;
      this.#server.handleUpgrade(request, socket, head, (open) => {
        this.#keep(open);
        open.pause();
        void this.#go(principal, path.exec(request.url ?? '')![1]!, ticket, open);
      });
    } catch (error) {
      answerRaw(socket, renderError(error, 'tandem', newId(), log));
    }
  }

  /** They do not hold up the end of the server. */
  close(): void {
    this.#closing = true;
    clearInterval(this.#pings);
    for (const open of this.#open) open.close(GOING_AWAY, 'the server is stopping');
    for (const open of this.#open) open.terminate();
  }

  async #go(principal: Principal, id: string, ticket: string | undefined, open: WebSocket): Promise<void> {
    try {
      if (!isUuid(id)) throw new TandemError('resource_not_found', { params: { kind: 'lease', id, verb: 'leases' } });
      if (ticket === undefined) throw new TandemError('ticket_invalid');
      await this.#kind.opened(principal, id, ticket, open);
    } catch (error) {
      refuseSocket(open, error, this.#options.log);
    }
  }

  /** Behind proxies that cut what is silent, a still picture is not. */
  #keep(open: WebSocket): void {
    this.#open.add(open);
    open.on('close', () => this.#open.delete(open));
    open.on('error', () => open.terminate());
    this.#pings ??= setInterval(() => { for (const one of this.#open) one.ping(); }, PING_MS).unref();
  }
}

/** Ends an open socket with what went wrong: `code: message`, as much of it as fits. */
export function refuseSocket(open: WebSocket, error: unknown, log: Logger): void {
  const { status, body } = renderError(error, 'tandem', newId(), log);
  const { error: { code, message } } = JSON.parse(body) as { error: { code: string; message: string } };
  // A socket that is paused would never see the other side's answer to the close.
  open.resume();
  open.close(OWN_CODES + status, cutTo(`${code}: ${message}`, MOST_REASON_BYTES));
}

/** A text of at most so many bytes, with no half letter at its end. */
function cutTo(text: string, bytes: number): string {
  let cut = Buffer.from(text).subarray(0, bytes).toString();
  while (Buffer.byteLength(cut) > bytes || cut.endsWith('\ufffd')) cut = cut.slice(0, -1);
  return cut;
}
