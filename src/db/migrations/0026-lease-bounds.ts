import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  // Each unit that a lease has may use so much; null: its share of the machine.
  `alter table pools add column limits jsonb`,
  `alter table pools add column network text not null default 'internet' check (network in ('internet', 'none'))`,
  `alter table pools add column network_allow jsonb not null default '[]'`,
  `alter table pools add column resolvers jsonb not null default '[]'`,
  // What the machine says really bounds it.
  `alter table lease_machines add column bounds jsonb`,
];

/** What leases may use of their machines, and reach from them. */
export const leaseBounds: Migration = {
  name: '0026-lease-bounds',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
