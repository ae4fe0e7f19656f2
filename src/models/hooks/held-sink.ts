import type { LimitFigures } from '../ports.ts';
import type { ReplySink } from '../reply-sink.ts';
import { annotated, type Annotations } from './annotations.ts';

/** What is held of one reply. */
const MOST_CHARACTERS = 16 * 1024 * 1024;

/**
 * Holds a reply back until its hooks have answered. One that is too large to hold goes on unasked where every hook lets it,
 * and is dropped where one does not.
 */
export class HeldSink implements ReplySink {
  started = false;
  /** It was too large to hold. */
  overflowed = false;
  ended = false;
  headers: Record<string, string> = {};
  readonly #sink: ReplySink;
  readonly #letsPass: boolean;
  readonly #most: number;
  #status = 0;
  #whole = true;
  #chunks: string[] = [];
  #characters = 0;

  /** @param letsPass whether a reply that is too large goes on unasked. */
  constructor(sink: ReplySink, letsPass: boolean, most = MOST_CHARACTERS) {
    this.#sink = sink;
    this.#letsPass = letsPass;
    this.#most = most;
  }

  get text(): string {
    return this.#chunks.join('');
  }

  limits(figures: LimitFigures): void {
    this.#sink.limits?.(figures);
  }

  head(status: number, headers: Record<string, string>): void {
    this.started = true;
    this.#status = status;
    this.headers = headers;
  }

  write(chunk: string | Buffer): boolean {
    if (this.overflowed) return this.#letsPass ? this.#sink.write(chunk) : true;
    const text = chunk.toString();
    this.#characters += text.length;
    this.#chunks.push(text);
    if (this.#characters <= this.#most) return true;
    this.overflowed = true;
    const held = this.text;
    this.#chunks = [];
    if (!this.#letsPass) return true;
    this.#sink.head(this.#status, annotated(this.headers, { hook: 'failed' }));
    return this.#sink.write(held);
  }

  drained(): Promise<void> {
    return this.overflowed && this.#letsPass ? this.#sink.drained() : Promise.resolve();
  }

  end(chunk?: string | Buffer, whole = true): void {
    if (chunk !== undefined) this.write(chunk);
    this.ended = true;
    this.#whole = whole;
    if (this.overflowed && this.#letsPass) this.#sink.end(undefined, whole);
  }

  /** Sends what was held, or what a hook put in its place. */
  release(text: string, annotations: Annotations): void {
    this.#sink.head(this.#status, annotated(this.headers, annotations));
    this.#sink.end(text, this.#whole);
  }
}
