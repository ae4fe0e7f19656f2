/** A part of a ring. */
export interface Slot {
  readonly bytes: Buffer;
  /** Where it ends in the ring. */
  readonly end: number;
}

/**
 * Memory that is used again, in the order in which it was taken: new memory for each piece of a fast stream costs more than the copy into it, since the
 * kernel clears it each time. None is taken before the first slot.
 */
export class Ring {
  readonly #size: number;
  #memory: Buffer | undefined;
  /** Where the oldest slot begins, and where the next one may. */
  #from = 0;
  #to = 0;
  #slots = 0;

  /** @param size bytes. */
  constructor(size: number) {
    this.#size = size;
  }

  /** @returns undefined where so much is not free in one piece. */
  take(length: number): Slot | undefined {
    if (this.#slots === 0) this.#from = this.#to = 0;
    const isWrapped = this.#slots > 0 && this.#to <= this.#from;
    const at = isWrapped ? (length <= this.#from - this.#to ? this.#to : undefined) : length <= this.#size - this.#to ? this.#to : length <= this.#from ? 0 : undefined;
    if (at === undefined) return undefined;
    this.#memory ??= Buffer.allocUnsafeSlow(this.#size);
    this.#to = at + length;
    this.#slots += 1;
    return { bytes: this.#memory.subarray(at, this.#to), end: this.#to };
  }

  /** The oldest one. */
  giveBack({ end }: Slot): void {
    this.#from = end;
    this.#slots -= 1;
  }
}
