import type { Clock } from './clock.ts';

/** A wall clock that was set is followed by at most so much of the time that went by: an hour of change takes days. */
const SLEW = 0.01;

/**
 * The wall clock as it was at the start of this process, going on by its monotonic clock: somebody who sets the wall clock ends no lease early
 * and none late, and cuts no session. A small difference is made up slowly.
 */
export class SteadyClock implements Clock {
  readonly #clock: Clock;
  #atMs: number;
  #monotonicMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#atMs = clock.nowMs();
    this.#monotonicMs = clock.monotonicMs();
  }

  /** Whole milliseconds, as of every clock: ids are made of them. */
  nowMs(): number {
    const monotonicMs = this.#clock.monotonicMs();
    const passed = monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
    this.#atMs += passed;
    const off = this.#clock.nowMs() - this.#atMs;
    this.#atMs += Math.sign(off) * Math.min(Math.abs(off), passed * SLEW);
    return Math.floor(this.#atMs);
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(delayMs, signal);
  }

  /** By how much the wall clock is ahead of this one; negative: behind. */
  offMs(): number {
    return this.#clock.nowMs() - this.nowMs();
  }
}
