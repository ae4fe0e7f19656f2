import type { Clock } from '../base/index.ts';

/** How long each part of a call may take, in milliseconds. */
export interface DeadlineLimits {
  /** Opening a connection to a backend. */
  readonly connectMs: number;
  /** From sending a request whose answer comes whole to the answer's head, which most backends send when they have all of it. */
  readonly headMs: number;
  /** From sending a streamed request to its first event. */
  readonly firstTokenMs: number;
  /** Between two pieces of an answer. */
  readonly gapMs: number;
  /** The whole call. */
  readonly wholeMs: number;
}

/**
 * Generous: they end what hangs, not what is slow. A 70B model on one busy GPU may take a minute to its first token. Clients of OpenAI
 * and Anthropic wait for ten minutes unless they are told otherwise (their SDKs' `timeout`), so a head that comes later is read by few.
 */
export const DEFAULT_DEADLINES: DeadlineLimits = { connectMs: 10_000, headMs: 600_000, firstTokenMs: 300_000, gapMs: 120_000, wholeMs: 1_800_000 };

/** One thing that must not wait for ever. `dueMs` is on the clock's monotonic scale and may be moved at any time. */
export interface Watched {
  dueMs: number;
  /** Where it stands among all that are watched; -1: it is not. Kept by `Deadlines` alone. */
  place: number;
  expire(): void;
}

const SWEEP_MS = 250;

/**
 * Watches the deadlines of all running calls by one sweep every 250 ms: a timer for each call, moved on each
 * token, would cost more than the calls' own work.
 *
 * A plain array, where what leaves is replaced by the last: a `Set` that is filled and emptied at this pace grows a
 * chain of outlived tables, and each keeps the calls of its time in memory until the next full collection. That made
 * a young collection three times as long.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #watched: Watched[] = [];
  #sweeping = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  watch(watched: Watched): void {
    if (watched.place !== -1) return;
    watched.place = this.#watched.push(watched) - 1;
    if (!this.#sweeping) void this.#sweep();
  }

  unwatch(watched: Watched): void {
    const { place } = watched;
    if (place === -1) return;
    watched.place = -1;
    const last = this.#watched.pop()!;
    if (last === watched) return;
    this.#watched[place] = last;
    last.place = place;
  }

  /** Runs while there is anything to watch; ends by itself, so that it never keeps a process alive. */
  async #sweep(): Promise<void> {
    this.#sweeping = true;
    while (this.#watched.length > 0) {
      await this.#clock.sleep(SWEEP_MS);
      const nowMs = this.#clock.monotonicMs();
      // What expires may watch again or end others: the list is looked at as it was.
      for (const watched of this.#watched.filter((one) => one.dueMs <= nowMs)) {
        if (watched.place === -1) continue;
        this.unwatch(watched);
        watched.expire();
      }
    }
    this.#sweeping = false;
  }
}
