import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { TandemError, newId, type Logger } from '../../base/index.ts';
import { failed, inRequestSpan, type Span } from '../../base/trace.ts';
import { demand } from '../../access/index.ts';
import { parseJson } from '../body/parse-json.ts';
import type { Authenticate } from '../caller/authenticate.ts';
import { knownError, renderError } from '../errors/render.ts';
import type { CallError, ResponsesDoor } from '../faces.ts';
import { answerRaw } from '../listen/client-errors.ts';
import { callErrorOf } from './call-error.ts';
import { SocketSink } from './socket-sink.ts';

export interface ResponseSocketOptions {
  readonly responses: ResponsesDoor;
  readonly authenticate: Authenticate;
  readonly maxBodyBytes: number;
  readonly log: Logger;
  readonly refused: (code: string) => void;
  readonly onCallError: (call: CallError) => void;
}

const PATH = '/v1/responses';
/** A client that answers no ping within this is gone. */
const PING_MS = 30_000;
/** Close codes of RFC 6455: the server goes away; a message is not what was agreed on. */
const GOING_AWAY = 1001;
const UNSUPPORTED = 1003;

/** True for a request that asks for a WebSocket at the one path that has them. */
export function wantsSocket({ url, headers }: Pick<IncomingMessage, 'url' | 'headers'>): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket' && (url === PATH || url?.startsWith(`${PATH}?`) === true);
}

/**
 * Responses over WebSockets, as OpenAI's API has them: each message is a `response.create`, each event of its response a message back, one
 * response at a time. The key is checked at the opening and again with every turn.
 */
export class ResponseSockets {
  readonly #options: ResponseSocketOptions;
  readonly #server: WebSocketServer;
  readonly #open = new Set<Connection>();
  #pings: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(options: ResponseSocketOptions) {
    this.#options = options;
    this.#server = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: options.maxBodyBytes });
  }

  /** Takes a connection over from the HTTP server. */
  async take(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    const requestId = newId();
    const mayOpen = await inRequestSpan(`GET ${PATH}`, request.headers, () => ({ 'http.request.method': 'GET', 'tandem.request.id': requestId }), (span) => this.#mayOpen(request, socket, requestId, span));
    if (!mayOpen) return;
    this.#server.handleUpgrade(request, socket, head, (open) => {
      const connection = new Connection(open, request, this.#options);
      this.#open.add(connection);
      open.on('close', () => this.#open.delete(connection));
      this.#pings ??= setInterval(() => { for (const one of this.#open) one.ping(); }, PING_MS).unref();
      if (this.#closing) connection.close();
    });
  }

  async #mayOpen(request: IncomingMessage, socket: Duplex, requestId: string, span: Span | null): Promise<boolean> {
    const { authenticate, log } = this.#options;
    try {
      if (this.#closing) throw new TandemError('shutting_down', { retryAfterSeconds: 5 });
      demand(await authenticate(request, true), 'models.call');
      return true;
    } catch (error) {
      noteRefusal(this.#options, request, requestId, error, span, null);
      answerRaw(socket, renderError(error, 'openai', requestId, log));
      return false;
    }
  }

  /** No further turns: idle connections close at once, the others after their turn. */
  close(): void {
    this.#closing = true;
    clearInterval(this.#pings);
    for (const connection of this.#open) connection.close();
  }
}

/** What is known of a turn before it is checked. */
interface Asked {
  model: unknown;
}

/** Notes an error as the HTTP path does: for the figures, in the trace, and among the failed calls. */
function noteRefusal({ refused, onCallError, authenticate }: ResponseSocketOptions, request: IncomingMessage, requestId: string, error: unknown, span: Span | null, model: unknown): void {
  const { code } = knownError(error, requestId);
  failed(span, code);
  refused(code);
  void callErrorOf(request, PATH, requestId, error, authenticate, model).then((call) => call && onCallError(call));
}

class Connection {
  readonly #socket: WebSocket;
  readonly #request: IncomingMessage;
  readonly #options: ResponseSocketOptions;
  readonly #session: ReturnType<ResponsesDoor['session']>;
  readonly #left = new AbortController();
  #busy = false;
  #closing = false;
  #alive = true;

  constructor(socket: WebSocket, request: IncomingMessage, options: ResponseSocketOptions) {
    this.#socket = socket;
    this.#request = request;
    this.#options = options;
    this.#session = options.responses.session();
    socket.on('message', (data, isBinary) => {
      if (isBinary) socket.close(UNSUPPORTED, 'messages are JSON texts');
      else void this.#take(Buffer.from(data as Buffer));
    });
    socket.on('pong', () => { this.#alive = true; });
    socket.on('close', () => this.#left.abort(new Error('the client left')));
    socket.on('error', () => socket.terminate());
  }

  ping(): void {
    if (!this.#alive) return this.#socket.terminate();
    this.#alive = false;
    this.#socket.ping();
  }

  close(): void {
    this.#closing = true;
    if (!this.#busy) this.#socket.close(GOING_AWAY, 'the server is stopping');
  }

  async #take(message: Buffer): Promise<void> {
    const requestId = newId();
    // Each turn is a request of its own, in the trace that the opening named.
    await inRequestSpan(`WS ${PATH}`, this.#request.headers, () => ({ 'tandem.request.id': requestId }), (span) => this.#answer(message, requestId, span));
  }

  async #answer(message: Buffer, requestId: string, span: Span | null): Promise<void> {
    if (this.#busy) return this.#refuse(new TandemError('invalid_request', { params: { reason: 'A response is being made on this connection; send the next request after its end.' } }), requestId, span, null);
    this.#busy = true;
    const asked: Asked = { model: null };
    try {
      await this.#turn(message, requestId, asked);
    } catch (error) {
      this.#refuse(error, requestId, span, asked.model);
    } finally {
      this.#busy = false;
      if (this.#closing) this.close();
    }
  }

  /** @param noted told which model is asked for, for what is noted of a failure. */
  async #turn(message: Buffer, requestId: string, noted: Asked): Promise<void> {
    const principal = await this.#options.authenticate(this.#request, true);
    demand(principal, 'models.call');
    const asked = parseJson(message, true);
    if (typeof asked !== 'object' || asked === null) throw new TandemError('invalid_request', { param: 'body', params: { reason: 'body must be a JSON object.' } });
    const { type, ...body } = asked as Record<string, unknown>;
    if (type !== 'response.create') throw new TandemError('invalid_request', { param: 'type', params: { reason: 'type must be response.create.' } });
    noted.model = body['model'];
    const call = { principal, body, requestId, headers: this.#request.headers, idempotencyKey: null, receipt: false, signal: this.#left.signal };
    await this.#options.responses.turn(call, new SocketSink(this.#socket), this.#session);
  }

  /** The error of a turn, in the form that OpenAI's clients read over WebSockets. */
  #refuse(error: unknown, requestId: string, span: Span | null, model: unknown): void {
    noteRefusal(this.#options, this.#request, requestId, error, span, model);
    const { status, body } = renderError(error, 'openai', requestId, this.#options.log);
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify({ type: 'error', status, ...JSON.parse(body) as object }));
  }
}
