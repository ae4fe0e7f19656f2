import type { LeavingSignal } from '../../base/index.ts';
import type { LimitFigures } from '../ports.ts';
import type { ReplySink } from '../reply-sink.ts';

/** A reply as it is kept: what a client read, in the pieces in which it came. */
export interface KeptReply {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly chunks: readonly string[];
}

interface Reader {
  readonly sink: ReplySink;
  readonly signal: LeavingSignal;
}

/**
 * One reply that several callers read: the one who asked first, and those who asked the same while it ran. Each
 * reads it from its beginning at its own pace. The last piece is held back until `release`, so that it can be kept
 * before anybody takes the reply for whole.
 */
export class SharedReply implements ReplySink {
  /** Aborts when every reader has left. */
  readonly signal: AbortSignal;
  readonly #allLeft = new AbortController();
  readonly #chunks: string[] = [];
  #limits: LimitFigures | undefined;
  #status = 0;
  #headers: Record<string, string> = {};
  #tail: string | undefined;
  #ended = false;
  #whole = true;
  #released = false;
  #failure: { readonly error: unknown } | undefined;
  #readers = 0;
  /** Readers that have everything there is. While there is one, the writer need not wait. */
  #caughtUp = 0;
  #waiting: (() => void)[] = [];
  #drains: (() => void)[] = [];

  constructor() {
    this.signal = this.#allLeft.signal;
  }

  /** Makes this a reply that was kept: its readers get all of it. */
  replay(kept: KeptReply): void {
    this.#chunks.push(...kept.chunks);
    this.#ended = true;
    this.head(kept.status, { ...kept.headers, 'idempotent-replayed': 'true' });
    this.release();
  }

  get started(): boolean {
    return this.#status !== 0;
  }

  limits(figures: LimitFigures): void {
    this.#limits = figures;
  }

  head(status: number, headers: Record<string, string>): void {
    this.#status = status;
    this.#headers = headers;
    this.#wake();
  }

  write(chunk: string | Buffer): boolean {
    this.#chunks.push(chunk.toString());
    const free = this.#caughtUp > 0;
    this.#wake();
    return free;
  }

  drained(): Promise<void> {
    if (this.#caughtUp > 0 || this.#readers === 0) return Promise.resolve();
    return new Promise((resolve) => { this.#drains.push(resolve); });
  }

  end(chunk?: string | Buffer, whole = true): void {
    this.#tail = chunk?.toString();
    this.#whole = whole;
    this.#ended = true;
  }

  /** The reply when it is whole. Undefined for one that ended with an error inside, or not at all. */
  kept(): KeptReply | undefined {
    if (!this.#ended || !this.#whole) return undefined;
    return { status: this.#status, headers: this.#headers, chunks: this.#tail === undefined ? this.#chunks : [...this.#chunks, this.#tail] };
  }

  /** Lets the readers have the end. */
  release(): void {
    if (this.#tail !== undefined) this.#chunks.push(this.#tail);
    this.#tail = undefined;
    this.#released = true;
    this.#wake();
  }

  /** Ends the reply for readers that have read nothing of it, by this error. */
  fail(error: unknown): void {
    this.#failure = { error };
    this.#wake();
  }

  /** Copies the reply to one reader, to its end or until that reader leaves. @throws what the call threw, when it did before it began. */
  async read(reader: Reader): Promise<void> {
    const { sink, signal } = reader;
    let at = 0;
    this.#readers += 1;
    const onLeft = () => this.#wake();
    signal.addEventListener('abort', onLeft);
    try {
      for (;;) {
        if (signal.aborted) return;
        if (this.started && !sink.started && this.#limits !== undefined) sink.limits?.(this.#limits);
        if (this.started && !sink.started) sink.head(this.#status, this.#headers);
        while (at < this.#chunks.length && !signal.aborted) {
          const last = this.#released && at === this.#chunks.length - 1;
          const chunk = this.#chunks[at]!;
          at += 1;
          if (last) {
            sink.end(chunk, this.#whole);
            return;
          }
          if (!sink.write(chunk)) await untilLeft(sink.drained(), signal);
        }
        if (signal.aborted) return;
        if (this.#released && at === this.#chunks.length) {
          if (sink.started) sink.end();
          return;
        }
        if (this.#failure) throw this.#failure.error;
        await this.#more();
      }
    } finally {
      signal.removeEventListener('abort', onLeft);
      this.#readers -= 1;
      if (this.#readers === 0) this.#allLeft.abort(new Error('every reader left'));
      this.#free();
    }
  }

  /** Resolves at the next piece, at the end, or when a reader leaves. */
  async #more(): Promise<void> {
    this.#caughtUp += 1;
    this.#free();
    await new Promise<void>((resolve) => { this.#waiting.push(resolve); });
    this.#caughtUp -= 1;
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #free(): void {
    for (const resolve of this.#drains.splice(0)) resolve();
  }
}

async function untilLeft(drained: Promise<void>, signal: LeavingSignal): Promise<void> {
  if (signal.aborted) return;
  let stop = () => {};
  const left = new Promise<void>((resolve) => {
    stop = resolve;
    signal.addEventListener('abort', stop);
  });
  await Promise.race([drained, left]);
  signal.removeEventListener('abort', stop);
}
