import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

/** Entries of the books that are no calls, found without looking through the calls: bills and the overview say how many calls there were. */
export const otherEntries: Migration = {
  name: '0039-other-entries',
  async up(tx) {
    await sql.raw(`create index usage_events_others on usage_events (organisation_id, occurred_at, project_id, resource, key_id) where kind <> 'call'`).execute(tx);
  },
};
