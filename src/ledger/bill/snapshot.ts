import { sql } from 'kysely';
import type { Database, Executor } from '../../db/index.ts';

/** Reads that must fit together: all of them see the database as it was at the first. Nothing can be written. */
export function snapshot<T>(database: Pick<Database, 'unscoped'>, reason: string, work: (executor: Executor) => Promise<T>): Promise<T> {
  return database.unscoped(reason).transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(async (executor) => {
    // Sums over a month of a large organisation group some hundred thousand rows: in Postgres' default of 4 MB they spill to disk.
    await sql`set local work_mem = '64MB'`.execute(executor);
    return work(executor);
  });
}
