/** Two signals within this time are one: a terminal sends Ctrl-C to the launcher and to us, and the launcher passes it on. */
const SAME_PRESS_MS = 700;

/**
 * Runs `stop` at the first SIGINT, SIGTERM or SIGHUP, and `force` at a later second one.
 * @returns removes the handlers.
 */
export function onStopSignal(stop: (signal: string) => void, force: () => void, monotonicMs: () => number): () => void {
  let firstAt: number | undefined;
  const handler = (signal: string) => {
    if (firstAt === undefined) {
      firstAt = monotonicMs();
      stop(signal);
    } else if (monotonicMs() - firstAt > SAME_PRESS_MS) {
      force();
    }
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, handler);
  return () => {
    for (const signal of signals) process.off(signal, handler);
  };
}
