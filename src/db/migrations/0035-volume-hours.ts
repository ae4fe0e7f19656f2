import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  // Since when hours are counted, how many of them are in the books, and when the last one was; null: it goes on, or all of it is there.
  `alter table volumes add column metered_from timestamptz`,
  `alter table volumes add column metered_hours int not null default 0 check (metered_hours >= 0)`,
  `alter table volumes add column metered_until timestamptz`,
  `alter table volumes add column charged numeric(38, 0) not null default 0 check (charged >= 0)`,
  `create index leases_volume on leases (keep_volume_id) where keep_volume_id is not null`,
];

/** How far volumes are paid. */
export const volumeHours: Migration = {
  name: '0035-volume-hours',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
