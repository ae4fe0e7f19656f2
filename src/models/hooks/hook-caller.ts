import { Agent } from 'undici';
import { isTandemError, type Clock } from '../../base/index.ts';
import { checkUrl, createConnector, type EgressPolicy, type Resolve } from '../../base/egress/index.ts';
import { signedHeaders } from '../../ledger/index.ts';
import type { ActiveHook } from './active-hooks.ts';
import { readAnswer, type HookAnswer } from './hook-answer.ts';

export interface HookCallerOptions {
  readonly policy: EgressPolicy;
  readonly clock: Clock;
  readonly resolve: Resolve;
}

/** What became of one question. `problem` is a part of a sentence; it holds nothing of what was sent or answered. */
export type Asked = { readonly answer: HookAnswer } | { readonly problem: string };

const MOST_BYTES = 16 * 1024 * 1024;
/** Longer than any hook's own deadline, which is what ends a question. */
const LONGEST_MS = 15_000;
const IDLE_SOCKET_MS = 4_000;

/**
 * Asks hooks, signed as webhooks are. The address is checked at every question: what it says, every address that its
 * name has now, and the one that the socket reports. Redirects are not followed.
 */
export class HookCaller {
  readonly #options: HookCallerOptions;
  readonly #agent: Agent;

  constructor(options: HookCallerOptions) {
    this.#options = options;
    const { policy, resolve } = options;
    this.#agent = new Agent({
      connect: createConnector({ policy, connectTimeoutMs: LONGEST_MS, resolve }),
      pipelining: 1, keepAliveTimeout: IDLE_SOCKET_MS, headersTimeout: LONGEST_MS, bodyTimeout: LONGEST_MS,
    });
  }

  /** One question within the hook's deadline. Never throws. @param left aborts when the caller has left. */
  async ask(hook: ActiveHook, stage: 'request' | 'reply', id: string, message: object, left: AbortSignal): Promise<Asked> {
    const { clock, policy } = this.#options;
    const secrets = hook.secrets(clock.nowMs());
    if (secrets.length === 0) return { problem: 'its secret cannot be opened' };
    const late = new AbortController();
    const done = new AbortController();
    const waiting = clock.sleep(hook.deadlineMs, done.signal).then(() => late.abort(new Error('late')), () => {});
    try {
      const url = checkUrl(hook.url, policy);
      const sent = JSON.stringify(message);
      const { statusCode, body } = await this.#agent.request({
        origin: url.origin, path: url.pathname + url.search, method: 'POST', body: sent, signal: AbortSignal.any([late.signal, left]),
        headers: { 'content-type': 'application/json', 'user-agent': 'tandem-hooks/1', ...signedHeaders(secrets, id, clock.nowMs(), sent) },
      });
      if (statusCode !== 200) {
        await body.dump({ limit: 16_384 });
        return { problem: `it answered ${statusCode}` };
      }
      const text = await bounded(body);
      const answer = text === undefined ? undefined : readAnswer(text, stage);
      return answer === undefined ? { problem: 'its answer has not the form of one' } : { answer };
    } catch (error) {
      if (late.signal.aborted) return { problem: `it did not answer within ${hook.deadlineMs} ms` };
      return { problem: isTandemError(error, 'url_not_allowed') ? 'its address may not be called' : 'it cannot be reached' };
    } finally {
      done.abort();
      await waiting;
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

/** Undefined: it is larger than what is read. */
async function bounded(body: AsyncIterable<Buffer>): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
