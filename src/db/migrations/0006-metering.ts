import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

/** Service tiers: price lists for `priority` and `flex`, and which of them a call ran on. */
export const metering: Migration = {
  name: '0006-metering',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};

const STATEMENTS = [
  `alter table price_versions drop constraint price_versions_tier_check`,
  `alter table price_versions add constraint price_versions_tier_check check (tier in ('standard', 'contributor', 'priority', 'flex'))`,
  `alter table usage_events add column service_tier text not null default 'default'`,
];
