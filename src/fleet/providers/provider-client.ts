import { Agent } from 'undici';
import { isTandemError, type Clock } from '../../base/index.ts';
import { checkUrl, createConnector, type EgressPolicy, type Resolve } from '../../base/egress/index.ts';
import { ProviderFault } from './fault.ts';

const CONNECT_MS = 10_000;
/** Some providers answer an order only when they have found a machine. */
const WHOLE_MS = 60_000;
/** A list of a few hundred machines with all their fields. */
const MOST_BYTES = 8 * 1024 * 1024;

export interface ClientOptions {
  readonly policy: EgressPolicy;
  readonly clock: Clock;
  /** Tests answer for names here. */
  readonly resolve?: Resolve;
}

export interface ProviderRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ProviderAnswer {
  readonly status: number;
  readonly text: string;
  /** What `retry-after` says, in milliseconds; null: nothing that can be read. */
  readonly retryAfterMs: number | null;
}

/** Calls providers' APIs: each address checked as every outgoing call is, nothing redirected, answers bounded in size and time. */
export class ProviderClient {
  readonly #options: ClientOptions;
  readonly #agent: Agent;

  constructor(options: ClientOptions) {
    this.#options = options;
    const { policy, resolve } = options;
    this.#agent = new Agent({
      connect: createConnector({ policy, connectTimeoutMs: CONNECT_MS, ...(resolve && { resolve }) }),
      connections: 4, pipelining: 1, keepAliveTimeout: 4_000, headersTimeout: WHOLE_MS, bodyTimeout: WHOLE_MS,
    });
  }

  /**
   * Any answer is returned, whatever its status.
   * @throws ProviderFault provider_down, unclear once the request may have been read there; refused when the address may not be called.
   */
  async send({ method, url: text, headers, body }: ProviderRequest): Promise<ProviderAnswer> {
    const { clock, policy } = this.#options;
    const late = new AbortController();
    const done = new AbortController();
    const waiting = clock.sleep(WHOLE_MS, done.signal).then(() => late.abort(new Error('late')), () => {});
    try {
      const url = checkUrl(text, policy);
      const answer = await this.#agent.request({
        origin: url.origin, path: url.pathname + url.search, method, headers: { 'user-agent': 'tandem-providers/1', ...headers }, ...(body !== undefined && { body }), signal: late.signal,
      });
      const bytes = await bounded(answer.body);
      return { status: answer.statusCode, text: bytes, retryAfterMs: retryAfter(answer.headers['retry-after'], clock.nowMs()) };
    } catch (error) {
      if (error instanceof ProviderFault) throw error;
      if (isTandemError(error)) throw new ProviderFault('refused', error.message);
      if (late.signal.aborted) throw new ProviderFault('provider_down', `it did not answer within ${WHOLE_MS / 1_000} s`, { unclear: true });
      const code = String((error as { code?: unknown }).code ?? 'unknown reason');
      // Nothing was sent on a connection that was never made.
      const unsent = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'].includes(code);
      throw new ProviderFault('provider_down', `it cannot be reached (${code})`, { unclear: !unsent });
    } finally {
      done.abort();
      await waiting;
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

async function bounded(body: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body) {
    bytes += part.length;
    if (bytes > MOST_BYTES) throw new ProviderFault('provider_down', `it answered with more than ${MOST_BYTES} bytes`, { unclear: true });
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function retryAfter(header: string | string[] | undefined, nowMs: number): number | null {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) return null;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}
