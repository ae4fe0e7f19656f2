/** Part of an `AbortSignal`, which is one of them: whether somebody has left, and who is to be told. */
export interface LeavingSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

const NOBODY: readonly (() => void)[] = [];

/**
 * Whether a caller has left, as a signal that costs nothing while nobody asks: an `AbortController` for each call, and two listeners on it,
 * took a fiftieth of a call. `signalOf` makes a real one of it for those who need one.
 */
export class Leaving implements LeavingSignal {
  aborted = false;
  reason: unknown = undefined;
  /** Mostly there is one listener, or none; a list that is pushed to takes room for 17. */
  #listeners: readonly (() => void)[] = NOBODY;
  #real: AbortController | undefined;

  /** Tells those who listen, once. */
  leave(reason: Error): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listeners = this.#listeners;
    this.#listeners = NOBODY;
    this.#real?.abort(reason);
    for (const listener of listeners) listener();
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.aborted) this.#listeners = this.#listeners.length === 0 ? [listener] : [...this.#listeners, listener];
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const alone = this.#listeners.length === 1 && this.#listeners[0] === listener;
    this.#listeners = alone ? NOBODY : this.#listeners.filter((other) => other !== listener);
  }

  /** The same as an AbortSignal. */
  get real(): AbortSignal {
    if (this.#real === undefined) {
      this.#real = new AbortController();
      if (this.aborted) this.#real.abort(this.reason);
    }
    return this.#real.signal;
  }
}

/** An AbortSignal that aborts with the given one. */
export function signalOf(signal: LeavingSignal): AbortSignal {
  if (signal instanceof Leaving) return signal.real;
  if (signal instanceof AbortSignal) return signal;
  throw new TypeError('neither an AbortSignal nor Leaving');
}
