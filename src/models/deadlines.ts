import type { Clock } from '../base/index.ts';

/** How long each part of a call may take, in milliseconds. */
export interface DeadlineLimits {
  /** Opening a connection to a backend. */
  readonly connectMs: number;
  /** From sending a streamed request to its first event. */
  readonly firstTokenMs: number;
  /** Between two pieces of a streamed answer. */
  readonly gapMs: number;
  /** The whole call. */
  readonly wholeMs: number;
}

/** Generous: they end what hangs, not what is slow. A 70B model on one busy GPU may take a minute to its first token. */
export const DEFAULT_DEADLINES: DeadlineLimits = { connectMs: 10_000, firstTokenMs: 300_000, gapMs: 120_000, wholeMs: 1_800_000 };

/** One thing that must not wait for ever. `dueMs` is on the clock's monotonic scale and may be moved at any time. */
export interface Watched {
  dueMs: number;
  expire(): void;
}

const SWEEP_MS = 250;

/**
 * Watches the deadlines of all running calls by one sweep every 250 ms: a timer for each call, moved on each
 * token, would cost more than the calls' own work.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #watched = new Set<Watched>();
  #sweeping = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  watch(watched: Watched): void {
    this.#watched.add(watched);
    if (!this.#sweeping) void this.#sweep();
  }

  unwatch(watched: Watched): void {
    this.#watched.delete(watched);
  }

  /** Runs while there is anything to watch; ends by itself, so that it never keeps a process alive. */
  async #sweep(): Promise<void> {
    this.#sweeping = true;
    while (this.#watched.size > 0) {
      await this.#clock.sleep(SWEEP_MS);
      const nowMs = this.#clock.monotonicMs();
      for (const watched of this.#watched) {
        if (watched.dueMs > nowMs) continue;
        this.#watched.delete(watched);
        watched.expire();
      }
    }
    this.#sweeping = false;
  }
}
