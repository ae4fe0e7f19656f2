import { Pool, type Dispatcher } from 'undici';
import type { Clock } from '../../base/index.ts';
import { createConnector, type EgressPolicy, type Resolve } from '../../base/egress/index.ts';
import { HealthRecord, type Health } from '../health.ts';
import type { BackendWords } from './failure.ts';

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
  /** Sockets at most; more calls wait for one. */
  readonly connections?: number;
}

const CONNECTIONS = 1024;

/** A server that speaks OpenAI's wire form: a pool of kept sockets, its prepared headers, and how it has been doing. */
export class RemoteBackend {
  readonly id: string;
  readonly words: BackendWords;
  readonly #health: HealthRecord;
  readonly #pool: Pool;
  readonly #path: string;
  readonly #chatPath: string;
  readonly #headers: string[];

  constructor(options: RemoteOptions) {
    const url = new URL(options.url);
    this.id = options.id;
    this.#health = new HealthRecord(options.clock);
    this.words = { name: options.name, hidden: [options.key ?? '', options.url, url.host, url.hostname] };
    this.#path = url.pathname.replace(/\/+$/, '') || '/v1';
    this.#chatPath = `${this.#path}/chat/completions`;
    this.#headers = ['content-type', 'application/json', 'accept', 'application/json, text/event-stream', ...(options.key === null ? [] : ['authorization', `Bearer ${options.key}`])];
    this.#pool = new Pool(url.origin, {
      connect: createConnector({ policy: options.policy, connectTimeoutMs: options.connectTimeoutMs, ...(options.resolve && { resolve: options.resolve }) }),
      connections: options.connections ?? CONNECTIONS,
      pipelining: 1,
      // Deadlines are watched by this room, for every call alike; a backend is not given up while it streams.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** Sends a chat. The handler is called even when no connection can be made. */
  chat(body: Buffer, handler: Dispatcher.DispatchHandler): void {
    this.#pool.dispatch({ method: 'POST', path: this.#chatPath, headers: this.#headers, body }, handler);
  }

  /** Asks for the list of models. */
  models(handler: Dispatcher.DispatchHandler): void {
    this.#pool.dispatch({ method: 'GET', path: `${this.#path}/models`, headers: this.#headers }, handler);
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
