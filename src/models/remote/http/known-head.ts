import type { ResponseHead } from './response-head.ts';

/** A larger head is read each time. */
const MOST_BYTES = 1024;

/**
 * The head of a backend's reply that was read last. The heads of streams differ by their `date` at most, so that one which came within
 * the same second is the same to the byte, and reading it again would say the same.
 */
export class KnownHead {
  readonly #bytes = Buffer.allocUnsafeSlow(MOST_BYTES);
  #length = 0;
  #head: ResponseHead | null = null;

  /** What these bytes were read as; null: they are others. */
  find(bytes: Buffer, from: number, to: number): ResponseHead | null {
    return to - from === this.#length && bytes.compare(this.#bytes, 0, this.#length, from, to) === 0 ? this.#head : null;
  }

  /** Many replies may get this head from now on, so it is not to be changed any more. */
  keep(bytes: Buffer, from: number, to: number, head: ResponseHead): void {
    if (to - from > MOST_BYTES) return;
    this.#length = bytes.copy(this.#bytes, 0, from, to);
    Object.freeze(head.headers);
    this.#head = head;
  }
}
