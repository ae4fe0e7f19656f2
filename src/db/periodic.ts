import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { Clock, Logger } from '../base/index.ts';
import { isDatabaseLost, ofDatabase } from './away.ts';
import type { Database } from './database.ts';

/** Work that repeats and is safe to repeat. */
export interface PeriodicTask {
  readonly name: string;
  readonly everyMs: number;
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Runs tasks again and again: all at once at first, then each at its own times, one every `everyMs`. Each runs in one process at a time:
 * whoever gets its advisory lock. A task that fails is logged and tried again at its next turn.
 */
export function startPeriodic(tasks: readonly PeriodicTask[], options: { database: Database; clock: Clock; log: Logger }): { stop(): Promise<void> } {
  const { database, clock, log } = options;
  const stopping = new AbortController();
  const locks = new Locks(database.pool);
  const startMs = clock.monotonicMs();
  const loops = tasks.map(async (task, index) => {
    const phaseMs = task.everyMs * phase(index);
    while (!stopping.signal.aborted) {
      try {
        await runOnce(locks, task, stopping.signal);
      } catch (error) {
        // That the database is away is said once, by the channel, and not by each task each second.
        if (!stopping.signal.aborted) log[isDatabaseLost(error) ? 'debug' : 'warn']({ task: task.name, reason: (error as Error).message }, 'a periodic task failed');
      }
      await clock.sleep(untilTurnMs(clock.monotonicMs() - startMs, task.everyMs, phaseMs), stopping.signal).catch(() => {});
    }
  });
  return {
    async stop() {
      stopping.abort(new Error('the server is stopping'));
      await Promise.all(loops);
    },
  };
}

/**
 * Where in its interval a task's turns lie, as a share of it. Begun together, tasks that repeat every second would stay together, and calls
 * that come just then would wait for all of them: steps of the golden ratio keep any number of them apart.
 */
function phase(index: number): number {
  return (index * 0.618_033_988_749_895) % 1;
}

/** How long until the first turn after `nowMs`, of those that repeat every `everyMs` from `phaseMs` on. More than 0, at most `everyMs`. */
export function untilTurnMs(nowMs: number, everyMs: number, phaseMs: number): number {
  const sinceMs = (nowMs - phaseMs) % everyMs;
  return sinceMs < 0 ? -sinceMs : everyMs - sinceMs;
}

async function runOnce(locks: Locks, task: PeriodicTask, signal: AbortSignal): Promise<void> {
  const lock = createHash('sha256').update(`periodic:${task.name}`).digest().readInt32BE();
  const session = await locks.open();
  try {
    if (!(await locks.ask(session, 'pg_try_advisory_lock', lock))) return;
    try {
      await task.run(signal);
    } finally {
      await locks.ask(session, 'pg_advisory_unlock', lock);
    }
  } finally {
    locks.close(session);
  }
}

interface Session {
  readonly client: pg.PoolClient;
  users: number;
  /** Settles with the query that was sent last: a connection takes one at a time. */
  last: Promise<void>;
  /** After an error nobody new comes in, and the connection is not used again: it may still hold a lock. */
  doubtful: boolean;
}

/**
 * The one connection that holds the locks of all tasks. With one for each, as many tasks as the pool has connections would take them
 * all and wait for one more to work with.
 */
class Locks {
  readonly #pool: pg.Pool;
  #current: Session | undefined;
  #connecting: Promise<void> | undefined;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async open(): Promise<Session> {
    for (;;) {
      const current = this.#current;
      if (current && !current.doubtful) {
        current.users += 1;
        return current;
      }
      this.#connecting ??= this.#connect().finally(() => {
        this.#connecting = undefined;
      });
      await this.#connecting;
    }
  }

  async ask(session: Session, call: 'pg_try_advisory_lock' | 'pg_advisory_unlock', lock: number): Promise<boolean> {
    const answer = session.last.then(() => session.client.query<{ yes: boolean }>(`select ${call}($1, $2) as yes`, [0x7a6d, lock]));
    session.last = answer.then(() => {}, () => {});
    try {
      return (await answer).rows[0]!.yes;
    } catch (error) {
      session.doubtful = true;
      throw error;
    }
  }

  close(session: Session): void {
    session.users -= 1;
    if (session.users > 0) return;
    if (this.#current === session) this.#current = undefined;
    session.client.release(session.doubtful);
  }

  async #connect(): Promise<void> {
    this.#current = { client: await this.#pool.connect().catch((error: unknown) => { throw ofDatabase(error); }), users: 0, last: Promise.resolve(), doubtful: false };
  }
}
