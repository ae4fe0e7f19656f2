import { createServer as createHttp, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps, type Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { TandemError, newId, type Logger } from '../../base/index.ts';
import { refuse } from '../errors/refuse.ts';
import { renderError } from '../errors/render.ts';
import { answerClientErrors, noteReply } from './client-errors.ts';
import { Lane } from '../lane/lane.ts';
import type { LaneReply } from '../lane/reply.ts';
import type { LaneRequest } from '../lane/request.ts';
import type { Limits } from './limits.ts';
import { readTls, reloadTls, type TlsFiles } from './tls-files.ts';

export type ServeModelApi = (request: IncomingMessage, response: ServerResponse, path: string, requestId: string) => void;

/** Calls of a model that came by the lane. */
export interface ServeLane {
  mayRead(request: LaneRequest): boolean;
  serve(request: LaneRequest, reply: LaneReply, requestId: string): void;
}

/** Connections that leave HTTP. */
export interface Upgrades {
  wants(request: IncomingMessage): boolean;
  take(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** No further work on any of them; each closes when it is done with what it does. */
  close(): void;
}

export interface RawServerOptions {
  readonly limits: Limits;
  readonly tls: TlsFiles | null;
  readonly maxBodyBytes: number;
  readonly log: Logger;
  readonly upgrades?: Upgrades;
  readonly lane?: ServeLane;
}

/**
 * Node's server with its bounds. Calls of the model API (/v1) go straight to their handler; the rest goes
 * to `rest`. Counts what is in flight, so that closing can wait for it.
 */
export class RawServer {
  readonly server: Server;
  readonly #options: RawServerOptions;
  readonly #stopWatching: () => void;
  readonly #lane: Lane | null;
  /** Connections that left HTTP, which the server itself no longer knows. */
  readonly #upgraded = new Set<Duplex>();
  #inFlight = 0;
  #draining = false;
  #whenIdle: (() => void) | undefined;

  constructor(options: RawServerOptions, modelApi: ServeModelApi, rest: RequestListener) {
    this.#options = options;
    const { limits, tls, log } = options;
    const settings = {
      maxHeaderSize: limits.maxHeaderBytes, headersTimeout: limits.headersMs, requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs, connectionsCheckingInterval: limits.checkMs,
      // Finds streaming clients whose machine is gone, which would otherwise never be noticed while nothing is sent.
      keepAlive: true, keepAliveInitialDelay: 30_000,
      // What is not wanted stays an ordinary request: some clients ask for HTTP/2 with every call. Older than 24.9, Node does not know this.
      shouldUpgradeCallback: (request: IncomingMessage) => options.upgrades?.wants(request) === true,
    };
    const listener: RequestListener = (request, response) => this.#take(request, response, modelApi, rest);
    if (tls) {
      const secure: HttpsServer = createHttps({ ...settings, ...readTls(tls), minVersion: 'TLSv1.2', handshakeTimeout: 10_000 }, listener);
      this.server = secure;
      this.#stopWatching = reloadTls(secure, tls, log);
    } else {
      this.server = createHttp(settings, listener);
      this.#stopWatching = () => {};
    }
    const { lane } = options;
    this.#lane = lane
      ? new Lane(this.server, tls ? 'secureConnection' : 'connection', {
        limits, log, maxBodyBytes: options.maxBodyBytes, draining: () => this.#draining, mayRead: (request) => lane.mayRead(request), serve: (request, reply) => lane.serve(request, reply, newId()),
        began: () => { this.#inFlight += 1; }, ended: this.#done,
      })
      : null;
    answerClientErrors(this.server, limits, log);
    if (options.upgrades && canChooseUpgrades()) this.server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.server.on('checkContinue', (request, response) => {
      // A body that is too large by its own word is refused without inviting it.
      if (!(Number(request.headers['content-length']) > options.maxBodyBytes)) response.writeContinue();
      this.server.emit('request', request, response);
    });
  }

  get draining(): boolean {
    return this.#draining;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Phase one of closing: no new connection, idle ones closed, further requests on open ones refused. */
  stopAccepting(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#stopWatching();
    if (this.server.listening) this.server.close();
    this.#options.upgrades?.close();
    this.server.closeIdleConnections();
    this.#lane?.closeIdle();
  }

  /** Phases two and three: waits for what is in flight, then breaks what is left. Returns how many were broken. */
  async drain(deadlineMs: number): Promise<number> {
    if (this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadlineMs);
        this.#whenIdle = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    const broken = this.#inFlight;
    this.server.closeAllConnections();
    this.#lane?.closeAll();
    for (const socket of this.#upgraded) socket.destroy();
    return broken;
  }

  #take(request: IncomingMessage, response: ServerResponse, modelApi: ServeModelApi, rest: RequestListener): void {
    noteReply(request.socket, response);
    this.#inFlight += 1;
    // Not `once`, which makes and unmakes a wrapper for every call: a reply closes once anyway.
    response.on('close', this.#done);
    const url = request.url ?? '';
    if (this.#draining) {
      this.#refuseDraining(request, response, url);
    } else if (url.startsWith('/v1/') || url === '/v1') {
      const query = url.indexOf('?');
      modelApi(request, response, query === -1 ? url : url.slice(0, query), newId());
    } else {
      rest(request, response);
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#inFlight += 1;
    this.#upgraded.add(socket);
    socket.on('close', () => {
      this.#upgraded.delete(socket);
      this.#done();
    });
    this.#options.upgrades!.take(request, socket, head);
  }

  readonly #done = (): void => {
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#whenIdle?.();
  };

  #refuseDraining(request: IncomingMessage, response: ServerResponse, url: string): void {
    const error = new TandemError('shutting_down', { retryAfterSeconds: 5 });
    const rendered = renderError(error, url.startsWith('/v1') ? 'openai' : 'tandem', newId(), this.#options.log);
    refuse(request, response, { ...rendered, headers: { ...rendered.headers, connection: 'close' } });
  }
}

/** Before 24.9 a listener for upgrades would get those that nobody here wants, too. */
function canChooseUpgrades(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 24 || (major === 24 && minor >= 9);
}
