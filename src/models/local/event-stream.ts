/** A one-reader stream that is pushed into. What is pushed before the reader asks is kept. */
export class EventStream<T> implements AsyncIterable<T> {
  #kept: T[] = [];
  #ended = false;
  #error: unknown = undefined;
  #failed = false;
  #wake: (() => void) | undefined;

  push(item: T): void {
    if (this.#ended) return;
    this.#kept.push(item);
    this.#wake?.();
  }

  /** What was pushed is still read; then the reader's loop ends. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** What was pushed is still read; then the reader's loop throws. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#error = error;
    this.#failed = true;
    this.end();
  }

  get ended(): boolean {
    return this.#ended;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    for (;;) {
      const batch = this.#kept;
      this.#kept = [];
      yield* batch;
      if (this.#kept.length > 0) continue;
      if (this.#failed) throw this.#error;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
