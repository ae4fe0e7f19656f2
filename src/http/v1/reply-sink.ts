import type { LimitFigures } from '../../ledger/index.ts';
import type { CallReply } from '../exchange.ts';
import type { ReplySink } from '../faces.ts';
import { rateLimitHeaders, type HeaderDialect } from './rate-limit-headers.ts';

/** A client that takes nothing for this long is cut off: it holds memory and a backend. */
const STALLED_MS = 60_000;

const ignore = () => {};

/**
 * Where `models` writes a reply. The head waits for the first bytes of the body, so that a whole reply goes
 * out in one write with its length; a stream's head goes out by itself when nothing follows at once.
 * After the client has left, everything written is dropped in silence: the signal says it to who works.
 */
export class ResponseSink implements ReplySink {
  /** True once `head` was called: from then on the writer ends the reply itself. */
  started = false;
  readonly #response: CallReply;
  readonly #id: readonly string[];
  readonly #dialect: HeaderDialect;
  #limits: LimitFigures | undefined;
  #status = 0;
  #headers: string[] | undefined;

  /** @param dialect whose names the headers of limits go by. */
  constructor(response: CallReply, requestId: string, dialect: HeaderDialect = 'openai') {
    this.#dialect = dialect;
    this.#response = response;
    // Anthropic's SDKs read the call's id from another header.
    this.#id = dialect === 'anthropic' ? ['x-request-id', requestId, 'request-id', requestId] : ['x-request-id', requestId];
    // A write that races the client's leaving raises an error event that nobody else would take.
    response.on('error', ignore);
  }

  limits(figures: LimitFigures): void {
    this.#limits = figures;
  }

  head(status: number, headers: Readonly<Record<string, string>>): void {
    if (this.started) throw new Error('the head of this reply was already given');
    this.started = true;
    this.#status = status;
    const flat = [...this.#id];
    let streams = false;
    for (const name in headers) {
      const value = headers[name]!;
      flat.push(name, value);
      if (name === 'content-type' && value.startsWith('text/event-stream')) streams = true;
    }
    if (this.#limits !== undefined) flat.push(...rateLimitHeaders(this.#limits, this.#dialect));
    if (streams) {
      flat.push('x-accel-buffering', 'no');
      process.nextTick(flushHead, this);
    }
    this.#headers = flat;
  }

  /** False when the client reads slower than this: wait for `drained`. */
  write(chunk: string | Uint8Array): boolean {
    if (this.#response.destroyed) return true;
    this.#sendHead();
    return this.#response.write(chunk);
  }

  /** Resolves when the client has taken what was written, or has left. One that stalls is cut off. */
  drained(): Promise<void> {
    const response = this.#response;
    if (response.destroyed || !response.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => response.destroy(), STALLED_MS);
      const done = () => {
        clearTimeout(timer);
        response.off('drain', done);
        response.off('close', done);
        resolve();
      };
      response.on('drain', done);
      response.on('close', done);
    });
  }

  end(chunk?: string | Uint8Array): void {
    const response = this.#response;
    if (response.destroyed || response.writableEnded) return;
    if (this.#headers && chunk !== undefined) {
      // A text goes out in one write with its head; bytes would take two.
      const length = typeof chunk === 'string' ? Buffer.byteLength(chunk) : chunk.length;
      if (!this.#headers.includes('content-length')) this.#headers.push('content-length', String(length));
    }
    this.#sendHead();
    response.end(chunk);
  }

  /** Breaks the connection: for a writer that failed after the head, when nothing honest is left to send. */
  cut(): void {
    this.#response.destroy();
  }

  flush(): void {
    if (this.#headers && !this.#response.destroyed) {
      this.#sendHead();
      this.#response.flushHeaders();
    }
  }

  #sendHead(): void {
    if (!this.#headers) return;
    this.#response.writeHead(this.#status, this.#headers);
    this.#headers = undefined;
  }
}

function flushHead(sink: ResponseSink): void {
  sink.flush();
}
