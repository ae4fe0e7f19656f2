import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../base/index.ts';
import type { Principal } from '../../access/index.ts';
import type { Authenticate } from '../caller/authenticate.ts';

export const LIVE_TYPES = ['usage', 'keys', 'budgets', 'prices', 'models'] as const;
export type LiveType = (typeof LIVE_TYPES)[number];

interface Stream {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly organisationId: string;
  /** Types told since the last write: a burst becomes one line each. */
  readonly pending: Set<LiveType>;
  lastWriteMs: number;
}

export interface LiveOptions {
  readonly authenticate: Authenticate;
  readonly clock: Clock;
  readonly heartbeatMs: number;
}

/** How often open streams are looked at: what changed is told, and an ended session is cut off, within this. */
const TICK_MS = 500;
/** A reader that lets this much pile up is cut off; its EventSource connects again and reads everything anew. */
const MAX_BUFFERED_BYTES = 65_536;

/**
 * The open streams of /api/live. They carry no data, only what kind of thing changed for the caller's
 * organisation; the console reads again what it shows. One timer serves all streams.
 */
export class LiveStreams {
  readonly #streams = new Set<Stream>();
  readonly #options: LiveOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#streams.size;
  }

  open(request: IncomingMessage, response: ServerResponse, requestId: string, principal: Principal): void {
    response.on('error', () => {});
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no', 'x-request-id': requestId });
    const stream: Stream = { request, response, organisationId: principal.organisationId, pending: new Set(), lastWriteMs: 0 };
    this.#write(stream, 'heartbeat');
    this.#streams.add(stream);
    response.once('close', () => this.#forget(stream));
    this.#timer ??= setInterval(() => void this.tick(), TICK_MS);
  }

  /** Something of this kind changed; `null` for the organisation means: for everyone. */
  tell(organisationId: string | null, type: LiveType): void {
    for (const stream of this.#streams) {
      if (organisationId === null || stream.organisationId === organisationId) stream.pending.add(type);
    }
  }

  /** One look at every stream: is its caller still known, what is there to tell, is a heartbeat due. */
  async tick(): Promise<void> {
    await Promise.all([...this.#streams].map((stream) => this.#look(stream)));
  }

  /** Ends every stream: their clients connect again, to whoever listens then. */
  close(): void {
    for (const stream of this.#streams) stream.response.end();
  }

  async #look(stream: Stream): Promise<void> {
    try {
      await this.#options.authenticate(stream.request, false);
    } catch {
      // The session or key has ended, or cannot be checked any more: both end the stream.
      stream.response.end();
      this.#forget(stream);
      return;
    }
    if (stream.response.destroyed) return;
    if (stream.response.writableLength > MAX_BUFFERED_BYTES) {
      stream.response.destroy();
      return;
    }
    for (const type of stream.pending) this.#write(stream, type);
    stream.pending.clear();
    if (this.#options.clock.monotonicMs() - stream.lastWriteMs >= this.#options.heartbeatMs) this.#write(stream, 'heartbeat');
  }

  #write(stream: Stream, type: LiveType | 'heartbeat'): void {
    stream.lastWriteMs = this.#options.clock.monotonicMs();
    stream.response.write(`data: ${JSON.stringify({ type, at: new Date(this.#options.clock.nowMs()).toISOString() })}\n\n`);
  }

  #forget(stream: Stream): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
