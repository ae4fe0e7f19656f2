import type { Clock, Logger } from '../base/index.ts';

/** One thing that was started and how it is stopped. */
interface Phase {
  readonly name: string;
  readonly deadlineMs: number;
  readonly stop: () => Promise<void> | void;
  readonly abandon: (() => void) | undefined;
}

/**
 * What has been started, in order. Stopping goes backwards, each part within its deadline, and goes
 * on when one fails: a start that breaks half-way and a Ctrl-C take the same way out.
 */
export class Phases {
  readonly #phases: Phase[] = [];
  readonly #log: Logger;
  readonly #clock: Clock;
  #stopping: Promise<void> | undefined;

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** @param abandon for what goes on without us: ends it without waiting. */
  add(name: string, deadlineMs: number, stop: Phase['stop'], abandon?: () => void): void {
    this.#phases.push({ name, deadlineMs, stop, abandon });
  }

  /** Of a process that ends this very moment: what would go on without it is ended, and nothing is waited for. */
  abandonAll(): void {
    for (const { name, abandon } of this.#phases.toReversed()) {
      try {
        abandon?.();
      } catch (error) {
        this.#log.error({ part: name, reason: (error as Error).message }, 'a part could not be ended at once');
      }
    }
  }

  /** Stops everything, last started first. Called twice it is done once. */
  stopAll(): Promise<void> {
    this.#stopping ??= this.#stopBackwards();
    return this.#stopping;
  }

  async #stopBackwards(): Promise<void> {
    for (const phase of this.#phases.toReversed()) {
      const started = this.#clock.monotonicMs();
      const timer = new AbortController();
      try {
        const late = this.#clock.sleep(phase.deadlineMs, timer.signal).then(() => {
          throw new Error(`it took longer than ${phase.deadlineMs} ms`);
        });
        late.catch(() => {});
        await Promise.race([phase.stop(), late]);
        this.#log.debug({ part: phase.name, ms: Math.round(this.#clock.monotonicMs() - started) }, 'stopped');
      } catch (error) {
        this.#log.error({ part: phase.name, reason: (error as Error).message }, 'a part did not stop in order');
      } finally {
        timer.abort();
      }
    }
  }
}
