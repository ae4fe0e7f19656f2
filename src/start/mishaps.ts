import type { Clock, Logger } from '../base/index.ts';

/** What went wrong where nobody waited for it, since the process began. */
export interface MishapReport {
  readonly count: number;
  /** The last one's message; null: there was none. */
  readonly last: string | null;
  /** ISO 8601, UTC. */
  readonly lastAt: string | null;
}

/** What of Node's `process` is listened to; a test gives an emitter of its own. */
export interface ErrorSource {
  on(event: 'uncaughtException' | 'unhandledRejection', listener: (error: unknown) => void): unknown;
  off(event: 'uncaughtException' | 'unhandledRejection', listener: (error: unknown) => void): unknown;
}

/**
 * Keeps the server up over errors that nobody caught. Node's own answer is to end the process, which breaks every call in flight over a
 * fault that mostly belongs to one of them. What such a call leaves behind in memory is at worst its hold, which the next start ends as the
 * log says. Each is logged with its stack, counted, and named by the doctor, since it is a fault of ours.
 */
export class Mishaps {
  readonly #source: ErrorSource;
  readonly #clock: Clock;
  readonly #log: Logger;
  #count = 0;
  #last: string | null = null;
  #lastAtMs = 0;

  constructor(source: ErrorSource, clock: Clock, log: Logger) {
    this.#source = source;
    this.#clock = clock;
    this.#log = log;
    source.on('uncaughtException', this.#thrown);
    source.on('unhandledRejection', this.#rejected);
  }

  report(): MishapReport {
    return { count: this.#count, last: this.#last, lastAt: this.#last === null ? null : new Date(this.#lastAtMs).toISOString() };
  }

  /** From here on Node does what it does. */
  stop(): void {
    this.#source.off('uncaughtException', this.#thrown);
    this.#source.off('unhandledRejection', this.#rejected);
  }

  readonly #thrown = (error: unknown): void => this.#note(error, 'thrown');
  readonly #rejected = (error: unknown): void => this.#note(error, 'rejected');

  #note(error: unknown, how: string): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#count += 1;
    this.#last = reason;
    this.#lastAtMs = this.#clock.nowMs();
    this.#log.error({ how, reason, stack: error instanceof Error ? error.stack : undefined }, 'an error that nobody caught; the server goes on. Report it with this line');
  }
}
