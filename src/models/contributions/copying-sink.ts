import type { LimitFigures } from '../ports.ts';
import type { ReplySink } from '../reply-sink.ts';

/** Passes a reply on as it is and keeps a copy of its text, up to a bound. */
export class CopyingSink implements ReplySink {
  readonly #sink: ReplySink;
  readonly #mostCharacters: number;
  readonly #extra: Readonly<Record<string, string>>;
  #chunks: string[] = [];
  #characters = 0;
  status = 0;
  headers: Record<string, string> = {};
  /** The copy is of the whole reply, which ended well. */
  whole = false;

  /** @param extra headers of the reply, which the copy is without. */
  constructor(sink: ReplySink, mostCharacters: number, extra: Readonly<Record<string, string>> = {}) {
    this.#sink = sink;
    this.#extra = extra;
    this.#mostCharacters = mostCharacters;
  }

  get started(): boolean {
    return this.#sink.started;
  }

  /** The copy; undefined when the reply was too large, or did not end well. */
  get chunks(): readonly string[] | undefined {
    return this.whole && this.#characters <= this.#mostCharacters ? this.#chunks : undefined;
  }

  /** The reply ended well, and was too large to copy. */
  get tooLarge(): boolean {
    return this.whole && this.#characters > this.#mostCharacters;
  }

  limits(figures: LimitFigures): void {
    this.#sink.limits?.(figures);
  }

  head(status: number, headers: Record<string, string>): void {
    this.status = status;
    this.headers = headers;
    this.#sink.head(status, { ...headers, ...this.#extra });
  }

  write(chunk: string | Buffer): boolean {
    this.#copy(chunk);
    return this.#sink.write(chunk);
  }

  drained(): Promise<void> {
    return this.#sink.drained();
  }

  end(chunk?: string | Buffer, whole = true): void {
    if (chunk !== undefined) this.#copy(chunk);
    this.whole = whole && this.status === 200;
    this.#sink.end(chunk, whole);
  }

  #copy(chunk: string | Buffer): void {
    const text = chunk.toString();
    this.#characters += text.length;
    if (this.#characters <= this.#mostCharacters) this.#chunks.push(text);
    else this.#chunks = [];
  }
}
