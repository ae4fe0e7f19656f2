import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

/** Which process keeps a job over several machines, and until when it need not say so again. */
export const keptJobs: Migration = {
  name: '0041-kept-jobs',
  async up(tx) {
    await sql.raw('alter table lease_jobs add column kept_by text').execute(tx);
    await sql.raw('alter table lease_jobs add column kept_until timestamptz').execute(tx);
  },
};
