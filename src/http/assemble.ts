import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import fastify, { type FastifyBaseLogger, type FastifyInstance, type RawServerDefault } from 'fastify';
import type { Clock, Logger } from '../base/index.ts';
import { TandemError, newId } from '../base/index.ts';
import type { Principal } from '../access/index.ts';
import type { Binding } from './api/handle.ts';
import { registerApi, type ApiOptions } from './api/register.ts';
import { parseJson } from './body/parse-json.ts';
import { readJsonBody } from './body/read.ts';
import { createAuthenticate, type Credentials } from './caller/authenticate.ts';
import { Peers } from './caller/peers.ts';
import { SameSite } from './caller/same-site.ts';
import { refuse } from './errors/refuse.ts';
import { renderError } from './errors/render.ts';
import type { CallError, GatewayDoor, ModelApi, ScreensDoor, TerminalsDoor } from './faces.ts';
import { LIMITS, type Limits } from './listen/limits.ts';
import { bind } from './listen/bind.ts';
import { RawServer, type Upgrades } from './listen/raw-server.ts';
import type { TlsFiles } from './listen/tls-files.ts';
import { leaseScreens } from './live/lease-screens.ts';
import { LeaseStreams, wantsLeaseStream } from './live/lease-streams.ts';
import { leaseTerminals } from './live/lease-terminals.ts';
import { LiveStreams } from './live/streams.ts';
import { Metrics, type MetricsSource } from './metrics/metrics.ts';
import { registerPages } from './pages/register.ts';
import { registerSystem, type Readiness } from './system/register.ts';
import { mayCall, serveLaneCall, serveModelApi } from './v1/entry.ts';
import { ResponseSockets, wantsSocket } from './v1/response-sockets.ts';

export interface ShellOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsFiles | null;
  readonly publicOrigin: string | null;
  readonly trustedProxies: readonly string[];
  readonly maxBodyBytes: number;
  /** Of an upload to /v1/files. */
  readonly maxFileBytes: number;
  readonly consoleFolder: string;
  readonly limits?: Partial<Limits>;
  readonly checkReplies?: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly credentials: Credentials;
  /** Rejects when a caller from before may no longer act: for streams. */
  readonly recheck: (principal: Principal) => Promise<void>;
  readonly onMiss?: ApiOptions['onMiss'];
  /** Routes outside the contract that browsers visit by themselves. */
  readonly browserRoutes?: (app: FastifyInstance, parts: { readonly peers: Peers; readonly sameSite: SameSite; readonly publicOrigin: string | null }) => void;
  readonly models: ModelApi;
  /** Streams into leases. */
  readonly gateway: Pick<GatewayDoor, 'enter'>;
  readonly screens: Pick<ScreensDoor, 'open'>;
  readonly terminals: Pick<TerminalsDoor, 'admit' | 'open'>;
  readonly bindings: readonly Binding[];
  readonly readiness: Readiness;
  /** Told of every call of the model API that is answered with an error. */
  readonly onCallError?: (call: CallError) => void;
  /** Made before `models`, when the calls are to be counted in it. */
  readonly metrics?: Metrics;
  readonly metricsSource: Omit<MetricsSource, 'http'>;
}

/** The running surface. */
export interface HttpServer {
  /** Starts to listen. @throws TandemError port_taken, setting_invalid */
  listen(): Promise<{ readonly url: string; readonly port: number }>;
  /** Phase one: nothing new is accepted, live streams end. */
  stopAccepting(): void;
  /** All phases: stop accepting, let what is in flight end within the deadline, break the rest. */
  close(drainMs?: number): Promise<{ readonly broken: number }>;
  readonly metrics: Metrics;
  readonly live: LiveStreams;
}

/** Puts the surface together out of its parts; what the parts do comes from the rooms behind. */
export async function assemble(options: ShellOptions): Promise<HttpServer> {
  const { log, clock } = options;
  const limits = { ...LIMITS, ...options.limits };
  const peers = new Peers(options.trustedProxies);
  const sameSite = new SameSite(peers, options.publicOrigin);
  const authenticate = createAuthenticate(options.credentials, sameSite);
  const live = new LiveStreams({ recheck: options.recheck, clock, heartbeatMs: limits.heartbeatMs });
  const metrics = options.metrics ?? new Metrics();
  metrics.watch({ ...options.metricsSource, http: () => ({ inFlight: raw?.inFlight ?? 0, liveStreams: live.size }) });
  const modelApi = { models: options.models, authenticate, maxBodyBytes: options.maxBodyBytes, maxFileBytes: options.maxFileBytes, log, refused: (code: string) => metrics.refused(code), onCallError: options.onCallError ?? (() => {}) };
  const readiness: Readiness = () => [{ name: 'accepting', problem: raw?.draining === true ? 'the server is stopping' : undefined }, ...options.readiness()];

  const sockets = new ResponseSockets({ ...modelApi, responses: options.models.responses });
  const leaseStreams = new LeaseStreams({ gateway: options.gateway, authenticate, log });
  const screens = leaseScreens(options.screens, { authenticate, sameSite, log });
  const terminals = leaseTerminals(options.terminals, { authenticate, sameSite, log });
  let raw: RawServer | undefined;
  const app: FastifyInstance = fastify({
    logger: false as unknown as FastifyBaseLogger & boolean,
    genReqId: () => newId(),
    routerOptions: { maxParamLength: 1_000, ignoreTrailingSlash: false },
    frameworkErrors: (error, request, reply) => {
      answerError(error, request, reply, log);
    },
    // The server itself answers what cannot be read, after the reply that runs; Fastify's own answer would come at once.
    clientErrorHandler: () => {},
    serverFactory: (handler) => {
      raw = new RawServer({
        limits, tls: options.tls, maxBodyBytes: options.maxBodyBytes, log, upgrades: firstOf([[wantsSocket, sockets], [wantsLeaseStream, leaseStreams], [screens.wants, screens], [terminals.wants, terminals]]),
        lane: { mayRead: (request) => mayCall(request, authenticate), serve: (request, reply, requestId) => serveLaneCall(request, reply, requestId, modelApi) },
      },
        (request, response, path, requestId) => void serveModelApi(request, response, path, requestId, modelApi), handler);
      return raw.server as RawServerDefault;
    },
  });
  shape(app, options.maxBodyBytes, log);
  registerSystem(app, { authenticate, peers, readiness, metrics });
  registerApi(app, options.bindings, { authenticate, peers, sameSite, live, publicOrigin: options.publicOrigin, checkReplies: options.checkReplies ?? false, onMiss: options.onMiss ?? (() => {}) });
  options.browserRoutes?.(app, { peers, sameSite, publicOrigin: options.publicOrigin });
  registerPages(app, options.consoleFolder);
  await app.ready();
  const shell = raw!;

  return {
    metrics, live,
    async listen() {
      const port = await bind(shell.server, options.host, options.port);
      const host = options.host.includes(':') ? `[${options.host}]` : options.host;
      return { port, url: options.publicOrigin ?? `${options.tls ? 'https' : 'http'}://${host}:${port}` };
    },
    stopAccepting() {
      shell.stopAccepting();
      live.close();
    },
    async close(drainMs = limits.drainMs) {
      shell.stopAccepting();
      live.close();
      const broken = await shell.drain(drainMs);
      await app.close();
      return { broken };
    },
  };
}

/** Connections that leave HTTP: for responses, or into a lease. */
function firstOf(ways: readonly (readonly [wants: Upgrades['wants'], way: { take(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>; close(): void }])[]): Upgrades {
  return {
    wants: (request) => ways.some(([wants]) => wants(request)),
    take: (request, socket, head) => void ways.find(([wants]) => wants(request))![1].take(request, socket, head),
    close: () => { for (const [, way] of ways) way.close(); },
  };
}

/** What all of Fastify's routes share: bodies, the request's id, errors. */
function shape(app: FastifyInstance, maxBodyBytes: number, log: Logger): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request, payload, done) => {
    // A form without content-length or transfer-encoding has no body, whatever type it names.
    readJsonBody(request.raw, maxBodyBytes).then((bytes) => done(null, bytes.length === 0 ? undefined : parseJson(bytes)), done).catch(done);
    void payload;
  });
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
    done();
  });
  app.setErrorHandler((error, request, reply) => {
    answerError(error, request, reply, log);
  });
}

/** Past Fastify, because a request that was refused half-way needs its connection closed with care. */
function answerError(error: unknown, request: { readonly id: string; readonly url: string; readonly raw: IncomingMessage }, reply: { hijack(): unknown; readonly raw: ServerResponse }, log: Logger): void {
  const rendered = renderError(asTandemError(error, request.url), 'tandem', request.id, log);
  reply.hijack();
  refuse(request.raw, reply.raw, rendered);
}

/** Fastify's own errors in our words; everything else as it is. */
function asTandemError(error: unknown, url: string): unknown {
  switch ((error as { code?: unknown } | null)?.code) {
    case 'FST_ERR_BAD_URL': return new TandemError('malformed_request', { params: { reason: 'the path is not validly encoded' } });
    case 'FST_ERR_ASYNC_CONSTRAINT':
    case 'FST_ERR_NOT_FOUND': return new TandemError('not_found', { params: { path: url } });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE': return new TandemError('unsupported_media_type', { params: { given: '(none)' } });
    case 'FST_ERR_CTP_EMPTY_JSON_BODY': return new TandemError('invalid_json', { params: { reason: 'it is empty' } });
    case 'FST_ERR_MAX_PARAM_LENGTH': return new TandemError('not_found', { params: { path: 'a path this long' } });
    default: return error;
  }
}
