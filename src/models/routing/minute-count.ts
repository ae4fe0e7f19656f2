/** One second more than a minute: the second that runs is not whole. */
const SLOTS = 61;

/**
 * How much was counted in the last minute, by seconds: never less than what it was in any 60 s, and at most one
 * second's worth more. Fixed memory, and a few steps for each count.
 */
export class MinuteCount {
  readonly #slots = new Float64Array(SLOTS);
  #total = 0;
  #second = 0;

  add(nowMs: number, amount: number): void {
    this.#move(nowMs);
    this.#slots[this.#second % SLOTS]! += amount;
    this.#total += amount;
  }

  total(nowMs: number): number {
    this.#move(nowMs);
    return this.#total;
  }

  /** When so little is counted that `amount` more stays within `limit`; null: never. */
  roomAtMs(nowMs: number, amount: number, limit: number): number | null {
    if (amount > limit) return null;
    this.#move(nowMs);
    let left = this.#total;
    if (left + amount <= limit) return nowMs;
    for (let age = SLOTS - 1; age >= 0; age -= 1) {
      left -= this.#slots[(this.#second + SLOTS - age) % SLOTS]!;
      if (left + amount <= limit) return (this.#second - age + SLOTS) * 1000;
    }
    return null;
  }

  #move(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    // A clock that went back counts into the second that it was in: more is counted then, never less.
    const steps = Math.min(SLOTS, second - this.#second);
    for (let step = 1; step <= steps; step += 1) {
      const at = (second - steps + step) % SLOTS;
      this.#total -= this.#slots[at]!;
      this.#slots[at] = 0;
    }
    if (steps > 0) this.#second = second;
  }
}
