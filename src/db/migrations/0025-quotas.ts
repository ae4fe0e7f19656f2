import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  // The operator's quota for an organisation stands beside the organisation's own, and the smaller one holds.
  `alter table lease_quotas
    add column id uuid not null default gen_random_uuid(),
    add column by_operator boolean not null default false,
    add column spend numeric(38, 0) check (spend >= 0),
    add column set_by text not null default '',
    add column created_at timestamptz not null default now(),
    drop constraint lease_quotas_pkey,
    add primary key (scope_kind, scope_id, by_operator)`,
  `create unique index lease_quotas_id on lease_quotas (id)`,

  // Machines that were ordered by one command; with a time, they are given back unless all of them came by then.
  `alter table provider_orders
    add column group_id uuid,
    add column all_by timestamptz`,
  `create index provider_orders_group on provider_orders (group_id) where group_id is not null`,
];

/** Quotas as people set them, and orders of several machines. */
export const quotas: Migration = {
  name: '0025-quotas',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
