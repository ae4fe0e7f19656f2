import type { Clock } from '../../base/index.ts';
import type { DeadlineLimits, Deadlines, Watched } from '../deadlines.ts';
import { Stopped } from '../remote/exchange.ts';
import type { Attempt } from './attempt.ts';
import type { Call } from './call.ts';
import type { Delivery } from './delivery.ts';

/**
 * Watches one attempt from its start to its end: the client's leaving, and the deadlines. A deadline is only looked at when it is due,
 * so that a token costs no move of a timer.
 */
export class Watch implements Watched {
  place = -1;
  dueMs: number;
  readonly #call: Call;
  readonly #attempt: Attempt;
  readonly #delivery: Delivery | null;
  readonly #deadlines: Deadlines;
  readonly #clock: Clock;
  readonly #limits: DeadlineLimits;
  /** Bytes of a whole answer when it was looked at last; -1: never. */
  #received = -1;
  /**
   * A function and not this object with a `handleEvent`: Node keeps such objects in a table of its own, which made each young
   * collection take 17 ms instead of 2 (docs/how/models.md says why).
   */
  readonly #left = (): void => {
    if (!this.#attempt.leave()) this.#attempt.stop(new Stopped('client_left', ''));
  };

  constructor(call: Call, attempt: Attempt, delivery: Delivery | null, tools: { readonly deadlines: Deadlines; readonly clock: Clock }) {
    this.#call = call;
    this.#attempt = attempt;
    this.#delivery = delivery;
    this.#deadlines = tools.deadlines;
    this.#clock = tools.clock;
    this.#limits = call.alias.limits.deadlines;
    if (delivery) delivery.watch = this;
    this.dueMs = Math.min(this.#wholeDueMs, attempt.startedMs + (delivery ? this.#limits.firstTokenMs : this.#limits.headMs));
  }

  /** From the first word on the gaps between words count, and no more the wait for the first one. */
  begun(): void {
    this.dueMs = Math.min(this.#wholeDueMs, this.#clock.monotonicMs() + this.#limits.gapMs);
  }

  /** Runs the attempt; `end` must follow. @throws Stopped when it was ended from this side. */
  run(): Promise<void> {
    const { signal } = this.#call;
    if (signal.aborted) return Promise.reject(new Stopped('client_left', ''));
    signal.addEventListener('abort', this.#left);
    if (this.#attempt.watched) this.#deadlines.watch(this);
    return this.#attempt.run();
  }

  end(): void {
    this.#deadlines.unwatch(this);
    this.#call.signal.removeEventListener('abort', this.#left);
  }

  expire(): void {
    const nowMs = this.#clock.monotonicMs();
    const delivery = this.#delivery;
    if (nowMs >= this.#wholeDueMs) return this.#attempt.stop(new Stopped('deadline', 'finish its answer'));
    if (!delivery) return this.#expireWhole(nowMs);
    const gapDueMs = delivery.paused ? nowMs + this.#limits.gapMs : delivery.lastMs + this.#limits.gapMs;
    if (!delivery.begun || gapDueMs <= nowMs) return this.#attempt.stop(new Stopped('deadline', delivery.begun ? 'go on with its answer' : 'begin its answer'));
    this.dueMs = Math.min(this.#wholeDueMs, gapDueMs);
    this.#deadlines.watch(this);
  }

  /** Of a whole answer nothing has come, or it has stopped coming, or it goes on: that is looked at once in a gap, not at each byte. */
  #expireWhole(nowMs: number): void {
    const { firstTextMs, received } = this.#attempt;
    if (firstTextMs === 0) return this.#attempt.stop(new Stopped('deadline', 'send the head of its answer'));
    if (received === this.#received) return this.#attempt.stop(new Stopped('deadline', 'go on with its answer'));
    this.#received = received;
    this.dueMs = Math.min(this.#wholeDueMs, nowMs + this.#limits.gapMs);
    this.#deadlines.watch(this);
  }

  get #wholeDueMs(): number {
    return this.#call.startedMs + this.#call.coldStartMs + this.#limits.wholeMs;
  }
}
