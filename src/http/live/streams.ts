import type { ServerResponse } from 'node:http';
import type { Clock } from '../../base/index.ts';
import type { Principal } from '../../access/index.ts';

export const LIVE_TYPES = ['usage', 'sight', 'keys', 'budgets', 'limits', 'prices', 'models', 'leases', 'nodes'] as const;
export type LiveType = (typeof LIVE_TYPES)[number];

interface Stream {
  readonly response: ServerResponse;
  readonly principal: Principal;
  /** Types told since the last write: a burst becomes one line each. */
  readonly pending: Set<LiveType>;
  lastWriteMs: number;
  checkedMs: number;
}

export interface LiveOptions {
  /** Rejects when the caller's key or session may no longer act. */
  readonly recheck: (principal: Principal) => Promise<void>;
  readonly clock: Clock;
  readonly heartbeatMs: number;
}

/** How often open streams are looked at: what changed is told, and an ended session is cut off, within this. */
const TICK_MS = 500;
/** Without any notice of a change, each caller is checked again this often. */
const RECHECK_MS = 10_000;
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
  /** Keys, sessions or members changed since the last look. */
  #accessChanged = false;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#streams.size;
  }

  open(response: ServerResponse, requestId: string, principal: Principal): void {
    response.on('error', () => {});
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no', 'x-request-id': requestId });
    const stream: Stream = { response, principal, pending: new Set(), lastWriteMs: 0, checkedMs: this.#options.clock.monotonicMs() };
    this.#write(stream, 'heartbeat');
    this.#streams.add(stream);
    response.once('close', () => this.#forget(stream));
    this.#timer ??= setInterval(() => void this.tick(), TICK_MS);
  }

  /** Something of this kind changed; `null` for the organisation means: for everyone. */
  tell(organisationId: string | null, type: LiveType): void {
    for (const stream of this.#streams) {
      if (organisationId === null || stream.principal.organisationId === organisationId) stream.pending.add(type);
    }
  }

  /** Somebody's rights changed: every stream's caller is checked again at the next look. */
  accessChanged(): void {
    this.#accessChanged = true;
  }

  /** One look at every stream: may its caller still act, what is there to tell, is a heartbeat due. */
  async tick(): Promise<void> {
    const changed = this.#accessChanged;
    this.#accessChanged = false;
    await Promise.all([...this.#streams].map((stream) => this.#look(stream, changed)));
  }

  /** Ends every stream: their clients connect again, to whoever listens then. */
  close(): void {
    for (const stream of this.#streams) stream.response.end();
  }

  async #look(stream: Stream, changed: boolean): Promise<void> {
    if (!(await this.#mayGoOn(stream, changed))) {
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

  /** False when the key or session has ended, or cannot be checked any more. */
  async #mayGoOn(stream: Stream, changed: boolean): Promise<boolean> {
    const { clock, recheck } = this.#options;
    const { expiresAtMs } = stream.principal;
    if (expiresAtMs !== null && expiresAtMs <= clock.nowMs()) return false;
    if (!changed && clock.monotonicMs() - stream.checkedMs < RECHECK_MS) return true;
    stream.checkedMs = clock.monotonicMs();
    return recheck(stream.principal).then(() => true, () => false);
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
