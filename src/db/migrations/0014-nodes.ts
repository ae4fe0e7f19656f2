import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  // Keys of this installation, each for one purpose: of no organisation.
  `create table authorities (
    id uuid primary key,
    purpose text not null check (purpose in ('agent-ca', 'agent-server', 'ssh-user', 'ssh-host')),
    public_key bytea not null,
    private_key bytea not null,
    certificate bytea,
    created_at timestamptz not null,
    retired_at timestamptz
  )`,
  `create index authorities_of on authorities (purpose, created_at)`,

  `create table nodes (
    organisation_id uuid not null references organisations (id),
    id uuid primary key,
    name text not null check (length(name) between 1 and 63),
    pool text not null check (length(pool) between 1 and 63),
    identity bytea not null,
    machine text,
    platform text not null,
    stand_in boolean not null default false,
    inventory jsonb not null default '{}',
    inventory_at timestamptz,
    approved_inventory jsonb,
    approved_at timestamptz,
    approved_by text,
    wanted text not null default 'serve' check (wanted in ('serve', 'cordon', 'drain', 'maintain', 'remove')),
    wanted_reason text,
    wanted_by text,
    wanted_at timestamptz,
    deadline_at timestamptz,
    quarantined_at timestamptz,
    quarantine_reason text,
    health text not null default 'unknown' check (health in ('unknown', 'ok', 'degraded', 'sick')),
    health_reasons jsonb not null default '[]',
    agent_version text,
    protocol int,
    boot text,
    connected_at timestamptz,
    last_seen_at timestamptz,
    certificate_expires_at timestamptz,
    usable_at timestamptz,
    created_at timestamptz not null,
    removed_at timestamptz
  )`,
  `create unique index nodes_name on nodes (organisation_id, name) where removed_at is null`,
  `create unique index nodes_identity on nodes (identity)`,

  `create table node_enrolments (
    organisation_id uuid not null references organisations (id),
    id uuid primary key,
    token_hash bytea not null unique,
    pool text not null,
    node_name text,
    created_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    node_id uuid references nodes (id)
  )`,
  `create index node_enrolments_of on node_enrolments (organisation_id, created_at)`,

  `create table node_events (
    organisation_id uuid not null references organisations (id),
    id uuid primary key,
    node_id uuid not null references nodes (id),
    at timestamptz not null,
    kind text not null,
    detail text not null default ''
  )`,
  `create index node_events_of on node_events (node_id, id desc)`,
];

/** Machines that run the agent, and the keys by which they and this installation know each other. */
export const nodes: Migration = {
  name: '0014-nodes',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
