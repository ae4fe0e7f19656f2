import { isTandemError, type Clock, type Logger } from '../../base/index.ts';

export interface KeepRunningOptions {
  readonly isRunning: () => boolean;
  readonly startAgain: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends the watch; a start in progress is undone by `startAgain` itself. */
  readonly signal: AbortSignal;
}

const LOOK_EVERY_MS = 500;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Looks twice a second whether the database still runs, and starts it again when it does not (the
 * kernel's out-of-memory killer takes it first). Never gives up: each pause doubles, to 30 s.
 * Resolves once the signal aborts.
 */
export async function keepRunning({ isRunning, startAgain, clock, log, signal }: KeepRunningOptions): Promise<void> {
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      await clock.sleep(isRunning() ? LOOK_EVERY_MS : 0, signal);
      if (isRunning()) continue;
      log.error('the embedded database ended by itself; starting it again');
      await startAgain();
      pauseMs = FIRST_PAUSE_MS;
    } catch (error) {
      if (signal.aborted) return;
      log.error({ code: isTandemError(error) ? error.code : 'internal', reason: error instanceof Error ? error.message : String(error) }, 'the embedded database cannot be started again yet');
      await clock.sleep(pauseMs, signal).catch(() => {});
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }
}
