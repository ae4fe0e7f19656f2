import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

/** Leases whose card on a machine is broken or gone. */
export const brokenCards: Migration = {
  name: '0037-broken-cards',
  async up(tx) {
    await sql.raw('alter table lease_machines add column card_broken boolean not null default false').execute(tx);
  },
};
