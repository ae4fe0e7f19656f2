import { isDatabaseAway } from '../db/index.ts';
import type { Clock, Logger } from '../base/index.ts';
import { Phases } from './phases.ts';

export interface WaitOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** How long it is waited for. */
  readonly waitMs: number;
  /** Ends the waiting, as when somebody stops the server. */
  readonly signal: AbortSignal;
  /** Told once, when the waiting begins. */
  readonly say: (text: string) => void;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Opens what needs the database. Where the database is away, or goes away meanwhile, what was opened is closed again, and all of it is opened anew
 * once there is a database: a server that starts beside its database, or while that restarts, need not be started again by anybody.
 * @param phases of the server: takes what is opened, so that a stop at any moment closes it.
 * @throws what opening threw last, when the time is over; at once, what is no absence of the database.
 */
export async function waitForDatabase<T>(phases: Phases, open: (phases: Phases) => Promise<T>, { clock, log, waitMs, signal, say }: WaitOptions): Promise<T> {
  let opened = new Phases(log, clock);
  // Each part has its own time to stop.
  phases.add('rooms', 300_000, () => opened.stopAll());
  const untilMs = clock.monotonicMs() + waitMs;
  for (let tries = 0; ; tries += 1) {
    try {
      return await open(opened);
    } catch (error) {
      if (signal.aborted || !isDatabaseAway(error) || clock.monotonicMs() >= untilMs) throw error;
      const reason = (error as Error).message.replace(/\.$/, '');
      if (tries === 0) say(`${reason}. Waiting for it, ${Math.round(waitMs / 1_000)} s at most (TANDEM_DATABASE_WAIT_SECONDS)...`);
      log.debug({ reason }, 'the database is away; what was opened is closed, and opened again when it is there');
      await opened.stopAll();
      opened = new Phases(log, clock);
      await clock.sleep(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tries, Math.max(0, untilMs - clock.monotonicMs())), signal);
    }
  }
}
