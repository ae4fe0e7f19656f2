import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  `create table provider_orders (
    organisation_id uuid not null references organisations (id),
    id uuid primary key,
    request_key text not null check (length(request_key) between 1 and 100),
    provider text not null,
    offer text not null,
    ordered_by text not null,
    ceiling numeric(38, 0) not null check (ceiling >= 0),
    currency text not null,
    per_hour numeric(38, 0) not null check (per_hour >= 0),
    minimum_ms bigint not null,
    period_ms bigint not null check (period_ms > 0),
    wanted text not null default 'have' check (wanted in ('have', 'released')),
    observed text not null default 'asked' check (observed in ('asked', 'delivering', 'ready', 'reinstalling', 'failed', 'leaving', 'gone')),
    reason text,
    fault text,
    estimate_at timestamptz,
    sent_at timestamptz,
    unclear boolean not null default false,
    machine_id text,
    turn int not null default 0,
    reinstall boolean not null default false,
    needed_until timestamptz,
    billed_since timestamptz,
    deletable_at timestamptz,
    paid_until timestamptz,
    release_at timestamptz,
    delivered_at timestamptz,
    left_at timestamptz,
    gone_at timestamptz,
    failures int not null default 0,
    next_at timestamptz not null,
    fence bigint not null default 0,
    lock_token uuid,
    lock_until timestamptz,
    created_at timestamptz not null,
    unique (organisation_id, request_key)
  )`,
  // One order for one machine, whatever any process believes.
  `create unique index provider_orders_machine on provider_orders (provider, machine_id) where machine_id is not null and observed <> 'gone'`,
  `create index provider_orders_due on provider_orders (next_at) where observed <> 'gone'`,
  `create index provider_orders_of on provider_orders (organisation_id, id desc)`,

  // Of no organisation: machines of the operator's accounts that nobody here ordered.
  `create table provider_orphans (
    provider text not null,
    machine_id text not null,
    tag text,
    name text not null,
    offer text not null,
    state text not null,
    per_hour numeric(38, 0),
    currency text,
    billed_since timestamptz,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    primary key (provider, machine_id)
  )`,
  // Who has which of one's own machines.
  `create table provider_claims (
    provider text not null,
    machine_id text not null,
    tag text not null,
    at timestamptz not null,
    primary key (provider, machine_id),
    unique (provider, tag)
  )`,
];

/** Orders of whole machines at providers, and what is billed there without one. */
export const providers: Migration = {
  name: '0019-providers',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
