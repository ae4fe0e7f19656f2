import { createServer as createHttp, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps, type Server as HttpsServer } from 'node:https';
import { TandemError, newId, type Logger } from '../../base/index.ts';
import { refuse } from '../errors/refuse.ts';
import { renderError } from '../errors/render.ts';
import { answerClientErrors, noteReply } from './client-errors.ts';
import type { Limits } from './limits.ts';
import { readTls, reloadTls, type TlsFiles } from './tls-files.ts';

export type ServeModelApi = (request: IncomingMessage, response: ServerResponse, path: string, requestId: string) => void;

export interface RawServerOptions {
  readonly limits: Limits;
  readonly tls: TlsFiles | null;
  readonly maxBodyBytes: number;
  readonly log: Logger;
}

/**
 * Node's server with its bounds. Calls of the model API (/v1) go straight to their handler; the rest goes
 * to `rest`. Counts what is in flight, so that closing can wait for it.
 */
export class RawServer {
  readonly server: Server;
  readonly #options: RawServerOptions;
  readonly #stopWatching: () => void;
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
    answerClientErrors(this.server, limits, log);
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
    this.server.closeIdleConnections();
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
