import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

/** When a project's content was purged last, and since when and by whose word it pays for attempts that did not deliver. */
export const purgesAndAttempts: Migration = {
  name: '0042-purges-and-attempts',
  async up(tx) {
    await sql.raw('alter table projects add column content_purged_at timestamptz').execute(tx);
    await sql.raw('alter table projects add column pays_attempts_at timestamptz').execute(tx);
    await sql.raw('alter table projects add column pays_attempts_by text').execute(tx);
  },
};
