import type { Clock, TandemError } from '../../base/index.ts';
import type { ReplyEnd, ReplyWriter } from '../neutral/dialect.ts';
import type { ReplyEvent } from '../neutral/reply.ts';
import type { ReplySink } from '../reply-sink.ts';

/** How much may be held back before there is anything to say. */
const MOST_HELD = 64 * 1024;
/** Progress is told after so many tokens, or so many bytes, which are as many tokens at most; or after so long. */
const PROGRESS_AMOUNT = 64;
const PROGRESS_MS = 1_000;

/** What a delivery asks of its call. */
interface DeliveryOwner {
  /** Something is to be said. The head of the reply; null: another attempt was faster, and this one is not heard. */
  begin(): Record<string, string> | null;
  /** Something was delivered; not told of each word. */
  progress(): void;
}

/**
 * One attempt's answer on its way to the caller. What opens a stream waits for the first text: until then nothing was delivered, and
 * another backend may be tried.
 */
export class Delivery {
  /** Whether anything of the answer was written. */
  begun = false;
  /** True while the caller does not keep up. */
  paused = false;
  /** Monotonic times. 0: there was no text yet. */
  firstTextMs = 0;
  lastMs: number;
  readonly #sink: ReplySink;
  readonly #writer: ReplyWriter;
  /** Set before the attempt runs. */
  owner!: DeliveryOwner;
  /** Told of the first word. */
  watch: { begun(): void } | null = null;
  readonly #clock: Clock;
  #held = '';
  #progressAmount = 0;
  #progressMs = Number.NEGATIVE_INFINITY;

  constructor(sink: ReplySink, writer: ReplyWriter, clock: Clock) {
    this.#sink = sink;
    this.#writer = writer;
    this.#clock = clock;
    this.lastMs = clock.monotonicMs();
  }

  /**
   * Events that came together leave in one write; none waits for another.
   * @param amount how much text the answer has by now, in bytes or tokens; 0: none.
   * @returns false when the caller reads more slowly than it is written to: wait for `drained`.
   */
  take(events: readonly ReplyEvent[], amount: number): boolean {
    const hasText = amount > 0;
    let out = '';
    for (const event of events) out += this.#writer.event(event);
    if (out === '') return true;
    if (!this.begun) {
      out = this.#held + out;
      if (!hasText && out.length < MOST_HELD) {
        this.#held = out;
        return true;
      }
      if (!this.#begin()) return true;
    }
    this.lastMs = this.#clock.monotonicMs();
    if (this.firstTextMs === 0 && hasText) this.firstTextMs = this.lastMs;
    const free = this.#sink.write(out);
    if (hasText) this.#progress(amount);
    return free;
  }

  /** What a call has used so far costs more to put together than a word does to pass on. */
  #progress(amount: number): void {
    if (amount - this.#progressAmount < PROGRESS_AMOUNT && this.lastMs - this.#progressMs < PROGRESS_MS) return;
    this.#progressAmount = amount;
    this.#progressMs = this.lastMs;
    this.owner.progress();
  }

  drained(): Promise<void> {
    return this.#sink.drained();
  }

  /** The clean end: only when the charge is in the log. */
  end(end: ReplyEnd): void {
    const tail = this.#writer.end(end);
    if (this.begun) {
      this.#sink.end(tail);
      return;
    }
    const held = this.#held;
    if (this.#begin()) this.#sink.end(held + tail);
  }

  /** The dialect's own error, after which nothing follows: never a clean end. */
  fail(error: TandemError): void {
    this.#sink.end(this.#writer.error(error), false);
  }

  #begin(): boolean {
    const headers = this.owner.begin();
    if (headers === null) return false;
    this.begun = true;
    this.watch?.begun();
    this.#held = '';
    // A wait that was named before has sent the head.
    if (!this.#sink.started) this.#sink.head(200, headers);
    return true;
  }
}
