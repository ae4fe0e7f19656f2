/** Time and the machine, passed in, so that tests can say what they are. */
export interface Outside {
  /** UTC milliseconds. For what is written down, never for durations: a tenant may set the clock. */
  nowMs(): number;
  /** Milliseconds since the machine started, sleep included. It goes on whatever the clock is set to. */
  bootMs(): number;
  /** From 0 to below 1. */
  random(): number;
  /** Resolves after the time, or at once when the signal aborts. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
  log(message: string): void;
}

/** The wait of the real outside; also for tests that let real time pass. */
export function realWait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}
