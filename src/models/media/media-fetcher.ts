import { Agent } from 'undici';
import { TandemError, isTandemError, type Clock } from '../../base/index.ts';
import { checkUrl, createConnector, type EgressPolicy, type Resolve } from '../../base/egress/index.ts';

export interface MediaFetcherOptions {
  readonly policy: EgressPolicy;
  readonly clock: Clock;
  readonly resolve?: Resolve;
  /** Tests lower it. */
  readonly mostBytes?: number;
}

export interface Media {
  readonly mediaType: string;
  /** Base64. */
  readonly data: string;
}

const CONNECT_MS = 5_000;
const WHOLE_MS = 20_000;
const MOST_REDIRECTS = 3;
/** What Gemini and Bedrock take in one request at most. */
const MOST_BYTES = 20 * 1024 * 1024;
const TYPES = /^(image\/(png|jpeg|gif|webp|heic|heif)|application\/pdf|text\/(plain|csv|html|markdown))$/;

/**
 * Fetches images and documents for backends that take bytes only. Addresses come from callers, so each one, each redirect and each
 * socket passes the egress check; bytes, time and redirects are bounded. Nothing is kept.
 */
export class MediaFetcher {
  readonly #options: MediaFetcherOptions;
  readonly #agent: Agent;

  constructor(options: MediaFetcherOptions) {
    this.#options = options;
    const { policy, resolve } = options;
    this.#agent = new Agent({ connect: createConnector({ policy, connectTimeoutMs: CONNECT_MS, ...(resolve && { resolve }) }), connections: 16, pipelining: 1, keepAliveTimeout: 4_000 });
  }

  /** @throws TandemError invalid_request saying why; what `signal` aborts with. */
  async fetch(address: string, signal: AbortSignal): Promise<Media> {
    const { clock } = this.#options;
    const late = new AbortController();
    const done = new AbortController();
    const watch = clock.sleep(WHOLE_MS, done.signal).then(() => late.abort(new Error('late')), () => {});
    try {
      return await this.#follow(address, AbortSignal.any([signal, late.signal]));
    } catch (error) {
      if (signal.aborted) throw error;
      throw unreadable(late.signal.aborted ? `it did not come within ${WHOLE_MS / 1_000} s` : reasonOf(error));
    } finally {
      done.abort();
      await watch;
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #follow(address: string, signal: AbortSignal): Promise<Media> {
    let at = address;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
      const url = checkUrl(at, this.#options.policy);
      const { statusCode, headers, body } = await this.#agent.request({ origin: url.origin, path: url.pathname + url.search, method: 'GET', headers: { accept: 'image/*, application/pdf, text/*', 'user-agent': 'tandem-media/1' }, signal });
      const location = headers['location'];
      if (statusCode >= 300 && statusCode < 400 && typeof location === 'string') {
        await body.dump({ limit: 16_384 });
        at = new URL(location, url).href;
        continue;
      }
      if (statusCode !== 200) {
        await body.dump({ limit: 16_384 });
        throw new Unreadable(`its server answered ${statusCode}`);
      }
      const mediaType = String(headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase().replace('image/jpg', 'image/jpeg');
      if (!TYPES.test(mediaType)) {
        // Destroying it tells an error to nobody.
        body.on('error', () => {}).destroy();
        throw new Unreadable('it is neither an image (PNG, JPEG, GIF, WebP, HEIC) nor a PDF or text');
      }
      return { mediaType, data: await this.#read(body) };
    }
    throw new Unreadable(`it was redirected more than ${MOST_REDIRECTS} times`);
  }

  async #read(body: AsyncIterable<Buffer>): Promise<string> {
    const most = this.#options.mostBytes ?? MOST_BYTES;
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > most) throw new Unreadable(`it is larger than ${Math.floor(most / 1024 / 1024)} MB`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('base64');
  }
}

class Unreadable extends Error {}

function reasonOf(error: unknown): string {
  if (error instanceof Unreadable) return error.message;
  return isTandemError(error, 'url_not_allowed') ? 'its address may not be called from here' : 'its server cannot be reached';
}

function unreadable(reason: string): TandemError {
  return new TandemError('invalid_request', { params: { reason: `An image or file that is named by a URL cannot be read: ${reason}. Send it as inline data instead.` } });
}
