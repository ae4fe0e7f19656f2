import type { Clock } from '../../base/index.ts';
import { traceHeaders } from '../../base/trace.ts';
import { bareHost, createConnector, type EgressPolicy, type Resolve } from '../../base/egress/index.ts';
import { HealthRecord, type Health } from '../health.ts';
import type { BackendDialect, OutRequest } from '../neutral/dialect.ts';
import { BACKEND_DIALECTS } from '../dialects/dialects.ts';
import type { BackendWords } from './failure.ts';
import { ConnectionPool, type PoolOptions } from './http/pool.ts';
import type { ReplyControl, ReplyHandler } from './http/reply-handler.ts';
import { requestHead } from './http/request-writer.ts';

export interface RemoteOptions {
  readonly id: string;
  readonly name: string;
  /** The address that the API's paths are under, as in `https://api.example/v1`; without a path, `/v1`. */
  readonly url: string;
  readonly key: string | null;
  readonly policy: EgressPolicy;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  readonly resolve?: Resolve;
  /** What it speaks; absent: chat completions. */
  readonly dialect?: keyof typeof BACKEND_DIALECTS;
  /** Settings of the backend, for its dialect: a region, a version of the API. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Sockets at most; more calls wait for one. */
  readonly connections?: number;
  /** Opens its sockets in another way than by its address, which then is a name only. */
  readonly dial?: PoolOptions['connect'];
}

const CONNECTIONS = 1024;

/** A server that answers calls in one of the backends' dialects: a pool of kept sockets, its prepared headers, and how it has been doing. */
export class RemoteBackend {
  readonly id: string;
  readonly words: BackendWords;
  readonly dialect: BackendDialect;
  readonly settings: Readonly<Record<string, string>>;
  readonly #health: HealthRecord;
  readonly #pool: ConnectionPool;
  readonly #host: string;
  readonly #path: string;
  readonly #origin: string;
  readonly #key: string | null;
  readonly #headers: string[];
  /** The head that was written last, without headers of the request's own: most backends are asked at one path. */
  #written: { readonly method: string; readonly path: string; readonly head: string } | null = null;

  constructor(options: RemoteOptions) {
    const url = new URL(options.url);
    this.id = options.id;
    this.#health = new HealthRecord(options.clock);
    this.words = { name: options.name, hidden: [options.key ?? '', options.url, url.host, url.hostname] };
    this.dialect = BACKEND_DIALECTS[options.dialect ?? 'chat'];
    this.settings = options.settings ?? {};
    this.#key = options.key;
    this.#origin = url.origin;
    this.#path = url.pathname.replace(/\/+$/, '') || (this.dialect.basePath ?? '/v1');
    this.#headers = ['content-type', 'application/json', 'accept', 'application/json, text/event-stream', ...(this.dialect.headers ?? []), ...(options.key === null || this.dialect.sign ? [] : keyHeaders(this.dialect, options.key))];
    this.#host = url.host;
    this.#pool = new ConnectionPool({ connect: options.dial ?? dialler(options, url), connections: options.connections ?? CONNECTIONS, clock: options.clock });
  }

  /** Sends a request. The handler is called even when no connection can be made. */
  send(request: OutRequest, handler: ReplyHandler, signed: readonly string[] = []): void {
    const traced = traceHeaders();
    let head: string;
    try {
      head = request.headers.length + signed.length + traced.length === 0 ? this.#plainHead(request) : this.#head(request, [...this.#headers, ...request.headers, ...signed, ...traced]);
    } catch (error) {
      return handler.onResponseError(NO_CONTROL, error as Error);
    }
    this.#pool.send(head, request.method === 'GET' ? null : request.body, handler);
  }

  #plainHead(request: OutRequest): string {
    const { method, path } = request;
    if (this.#written?.path !== path || this.#written.method !== method) this.#written = { method, path, head: this.#head(request, this.#headers) };
    return this.#written.head;
  }

  #head({ method, path }: OutRequest, headers: readonly string[]): string {
    return requestHead(method, this.#host, this.#path + path, headers);
  }

  /** The headers that sign a request where a key alone is not enough; null: this dialect signs nothing. */
  sign(request: OutRequest, nowMs: number): Promise<readonly string[]> | null {
    if (!this.dialect.sign) return null;
    return this.dialect.sign(request, { url: new URL(this.#origin + this.#path + request.path), key: this.#key ?? '', options: this.settings, nowMs });
  }

  worked(): void {
    this.#health.worked();
  }

  /** `reason` is a sentence's part for operators. Refusals of a caller's own request do not count. */
  failed(reason: string): void {
    this.#health.failed(reason);
  }

  health(): Health {
    return this.#health.state();
  }

  /** Lets running replies end. */
  async close(): Promise<void> {
    await this.#pool.close();
  }

  /** Cuts what runs. */
  async destroy(): Promise<void> {
    await this.#pool.destroy();
  }
}

/** Opens sockets to an address, within what the egress policy lets. */
function dialler({ policy, connectTimeoutMs, resolve }: RemoteOptions, url: URL): PoolOptions['connect'] {
  const connect = createConnector({ policy, connectTimeoutMs, ...(resolve && { resolve }) });
  const to = { protocol: url.protocol, host: url.host, hostname: bareHost(url.hostname), port: url.port };
  return (place, done) => { connect(to, (...[error, socket]) => { done(error, socket); }, place); };
}

/** Of a request that was never sent. */
const NO_CONTROL: ReplyControl = { abort: () => {}, pause: () => {}, resume: () => {} };

function keyHeaders(dialect: BackendDialect, key: string): readonly string[] {
  return dialect.keyHeaders?.(key) ?? ['authorization', `Bearer ${key}`];
}
