import type { ReplySink } from '../reply-sink.ts';

/** Keeps one whole reply for a line of a batch, up to a bound. */
export class LineSink implements ReplySink {
  status = 0;
  headers: Readonly<Record<string, string>> = {};
  ended = false;
  /** The reply was larger than the bound: its end is gone. */
  cut = false;
  readonly #mostCharacters: number;
  #text = '';

  constructor(mostCharacters: number) {
    this.#mostCharacters = mostCharacters;
  }

  get started(): boolean {
    return this.status !== 0;
  }

  get text(): string {
    return this.#text;
  }

  head(status: number, headers: Record<string, string>): void {
    this.status = status;
    this.headers = headers;
  }

  write(chunk: string | Buffer): boolean {
    if (this.cut) return true;
    this.#text += chunk.toString();
    this.cut = this.#text.length > this.#mostCharacters;
    if (this.cut) this.#text = '';
    return true;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  end(chunk?: string | Buffer): void {
    if (chunk !== undefined) this.write(chunk);
    this.ended = true;
  }
}
