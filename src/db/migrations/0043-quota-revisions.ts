import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

/** Rises whenever a quota is set or more of it is used: who has counted before that counts again. */
export const quotaRevisions: Migration = {
  name: '0043-quota-revisions',
  async up(tx) {
    await sql.raw('alter table lease_quotas add column revision bigint not null default 0').execute(tx);
  },
};
