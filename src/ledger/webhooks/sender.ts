import { Agent } from 'undici';
import { isTandemError, printable, type Clock } from '../../base/index.ts';
import { checkUrl, createConnector, type EgressPolicy, type Resolve } from '../../base/egress/index.ts';
import { signedHeaders } from './signature.ts';

const CONNECT_MS = 5_000;
/** A receiver is to take the message and answer; it works on it afterwards. */
const ANSWER_MS = 10_000;
const IDLE_SOCKET_MS = 4_000;

export interface SenderOptions {
  readonly policy: EgressPolicy;
  readonly clock: Clock;
  /** Tests answer for names here. */
  readonly resolve?: Resolve;
}

export interface WebhookMessage {
  readonly url: string;
  /** `whsec_…`; two while one is replaced by the other. */
  readonly secrets: readonly string[];
  /** The same at every try. */
  readonly id: string;
  /** JSON text; its bytes are signed. */
  readonly body: string;
}

/** What became of one try. `problem` is a sentence's part for people; it holds no content of the reply. */
export type Sent = { readonly taken: true; readonly status: number } | { readonly taken: false; readonly status: number | null; readonly problem: string };

/**
 * Posts signed messages to addresses that somebody entered. The address is checked at every try: what it says, every
 * address that its name has now, and the one that the socket reports. Redirects are not followed.
 */
export class WebhookSender {
  readonly #options: SenderOptions;
  readonly #agent: Agent;

  constructor(options: SenderOptions) {
    this.#options = options;
    const { policy, resolve } = options;
    this.#agent = new Agent({
      connect: createConnector({ policy, connectTimeoutMs: CONNECT_MS, ...(resolve && { resolve }) }),
      connections: 4, pipelining: 1, keepAliveTimeout: IDLE_SOCKET_MS, headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS,
    });
  }

  /** One try. Never throws: a receiver that fails is an answer too. Any status from 200 to 299 takes the message. */
  async send(message: WebhookMessage, stop?: AbortSignal): Promise<Sent> {
    const { clock, policy } = this.#options;
    const late = new AbortController();
    const done = new AbortController();
    const waiting = clock.sleep(ANSWER_MS, done.signal).then(() => late.abort(new Error('late')), () => {});
    try {
      const url = checkUrl(message.url, policy);
      const { statusCode, body } = await this.#agent.request({
        origin: url.origin, path: url.pathname + url.search, method: 'POST', body: message.body,
        headers: { 'content-type': 'application/json', 'user-agent': 'tandem-webhooks/1', ...signedHeaders(message.secrets, message.id, clock.nowMs(), message.body) },
        signal: stop === undefined ? late.signal : AbortSignal.any([late.signal, stop]),
      });
      await body.dump({ limit: 16_384 });
      if (statusCode >= 200 && statusCode < 300) return { taken: true, status: statusCode };
      return { taken: false, status: statusCode, problem: `it answered ${statusCode}` };
    } catch (error) {
      return { taken: false, status: null, problem: late.signal.aborted ? `it did not answer within ${ANSWER_MS / 1_000} s` : problemOf(error) };
    } finally {
      done.abort();
      await waiting;
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

function problemOf(error: unknown): string {
  if (isTandemError(error)) return error.message;
  const code = (error as { code?: unknown }).code;
  return printable(`it cannot be reached (${typeof code === 'string' ? code : 'unknown reason'})`);
}
