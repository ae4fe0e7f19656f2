import type { LimitFigures } from '../ports.ts';
import type { ReplySink } from '../reply-sink.ts';

/**
 * Holds the end of a reply back until the response is kept: a client that has read the end can fetch the response and go on
 * from it, in any process.
 */
export class KeepingSink implements ReplySink {
  /** Resolves when the end was sent. */
  ended: Promise<void> = Promise.resolve();
  readonly #sink: ReplySink;
  readonly #keep: (end: string) => Promise<string>;

  /** @param keep keeps the response and gives back the end that is to be sent; it does not reject. */
  constructor(sink: ReplySink, keep: (end: string) => Promise<string>) {
    this.#sink = sink;
    this.#keep = keep;
  }

  get started(): boolean {
    return this.#sink.started;
  }

  limits(figures: LimitFigures): void {
    this.#sink.limits?.(figures);
  }

  head(status: number, headers: Record<string, string>): void {
    this.#sink.head(status, headers);
  }

  write(chunk: string | Buffer): boolean {
    return this.#sink.write(chunk);
  }

  drained(): Promise<void> {
    return this.#sink.drained();
  }

  end(chunk: string | Buffer = '', whole = true): void {
    this.ended = this.#keep(chunk.toString()).then((end) => { this.#sink.end(end, whole); });
  }
}

/** Keeps a whole reply as text, for a response that nobody waits for. */
export class TextSink implements ReplySink {
  started = false;
  readonly #told: Pick<ReplySink, 'limits'> | undefined;

  /** @param told who is to know what is left of the call's limits. */
  constructor(told?: Pick<ReplySink, 'limits'>) {
    this.#told = told;
  }

  limits(figures: LimitFigures): void {
    this.#told?.limits?.(figures);
  }

  head(): void {
    this.started = true;
  }

  write(): boolean {
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  end(): void {}
}
