import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { Clock, Logger } from '../base/index.ts';
import type { Database } from './database.ts';

/** Work that repeats and is safe to repeat. */
export interface PeriodicTask {
  readonly name: string;
  readonly everyMs: number;
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Runs tasks again and again, each in one process at a time: whoever gets its advisory lock. A task
 * that fails is logged and tried again at its next turn.
 */
export function startPeriodic(tasks: readonly PeriodicTask[], options: { database: Database; clock: Clock; log: Logger }): { stop(): Promise<void> } {
  const { database, clock, log } = options;
  const stopping = new AbortController();
  const loops = tasks.map(async (task) => {
    while (!stopping.signal.aborted) {
      try {
        await runOnce(database.pool, task, stopping.signal);
      } catch (error) {
        if (!stopping.signal.aborted) log.warn({ task: task.name, reason: (error as Error).message }, 'a periodic task failed');
      }
      await clock.sleep(task.everyMs, stopping.signal).catch(() => {});
    }
  });
  return {
    async stop() {
      stopping.abort(new Error('the server is stopping'));
      await Promise.all(loops);
    },
  };
}

async function runOnce(pool: pg.Pool, task: PeriodicTask, signal: AbortSignal): Promise<void> {
  const client = await pool.connect();
  const lock = createHash('sha256').update(`periodic:${task.name}`).digest().readInt32BE();
  try {
    const { rows } = await client.query<{ got: boolean }>('select pg_try_advisory_lock($1, $2) as got', [0x7a6d, lock]);
    if (!rows[0]!.got) return;
    try {
      await task.run(signal);
    } finally {
      await client.query('select pg_advisory_unlock($1, $2)', [0x7a6d, lock]);
    }
  } finally {
    client.release();
  }
}
