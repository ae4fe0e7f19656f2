import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  `create table pools (
    organisation_id uuid not null references organisations (id),
    id uuid primary key,
    name text not null check (length(name) between 1 and 63),
    resource text check (length(resource) between 1 and 200),
    open_to text not null default 'own' check (open_to in ('own', 'all')),
    least_day text not null default 'others' check (least_day in ('others', 'always', 'never')),
    idle_minutes int check (idle_minutes > 0),
    created_at timestamptz not null,
    removed_at timestamptz
  )`,
  `create unique index pools_name on pools (organisation_id, name) where removed_at is null`,

  `create table leases (
    organisation_id uuid not null references organisations (id),
    id uuid primary key,
    project_id uuid not null references projects (id),
    key_id uuid,
    name text not null,
    asked_by text not null,
    request_key text not null check (length(request_key) between 1 and 100),
    request jsonb not null,
    wish jsonb not null,
    access text not null check (access in ('api', 'job', 'shell', 'root')),
    wanted text not null default 'run' check (wanted in ('run', 'end')),
    observed text not null default 'waiting' check (observed in ('waiting', 'reserved', 'granting', 'running', 'ending', 'wiping', 'ended')),
    reason text,
    wait_code text,
    wait_holders jsonb not null default '[]',
    forecast_at timestamptz,
    resource text not null,
    price jsonb not null,
    terms jsonb not null,
    quoted_at timestamptz not null,
    at_most numeric(38, 0),
    fence bigint not null default 0,
    starts_at timestamptz,
    minutes int check (minutes > 0),
    placed_at timestamptz,
    started_at timestamptz,
    ends_at timestamptz,
    stopped_at timestamptz,
    ended_at timestamptz,
    wall_minutes int not null default 0,
    paid_minutes int not null default 0,
    out_minutes int not null default 0,
    held_minutes int not null default 0,
    charged numeric(38, 0) not null default 0,
    outages jsonb not null default '[]',
    noticed jsonb not null default '[]',
    money_short boolean not null default false,
    idle_minutes int,
    used_at timestamptz,
    lock_token uuid,
    lock_until timestamptz,
    created_at timestamptz not null,
    unique (organisation_id, request_key)
  )`,
  `create index leases_live on leases (created_at) where observed <> 'ended'`,
  `create index leases_of on leases (organisation_id, id desc)`,

  `create table lease_machines (
    organisation_id uuid not null references organisations (id),
    lease_id uuid not null references leases (id),
    machine_id text not null,
    unit_ids jsonb not null,
    stage text not null default 'held' check (stage in ('held', 'granted', 'stopped', 'wiped', 'failed')),
    granted_until timestamptz,
    bound_at timestamptz,
    report jsonb,
    primary key (lease_id, machine_id)
  )`,
  `create index lease_machines_of on lease_machines (machine_id)`,

  // One holder of a unit at a time, whatever any process believes.
  `create table lease_units (
    organisation_id uuid not null references organisations (id),
    machine_id text not null,
    unit_id text not null,
    lease_id uuid not null references leases (id),
    primary key (machine_id, unit_id)
  )`,

  `create table lease_holds (
    organisation_id uuid not null references organisations (id),
    lease_id uuid not null references leases (id),
    from_minute int not null,
    to_minute int not null,
    amount numeric(38, 0) not null,
    windows jsonb not null,
    primary key (lease_id, from_minute)
  )`,

  `create table lease_events (
    organisation_id uuid not null references organisations (id),
    id uuid primary key,
    lease_id uuid not null references leases (id),
    at timestamptz not null,
    kind text not null,
    detail text not null default ''
  )`,
  `create index lease_events_of on lease_events (lease_id, id desc)`,

  // Machines stay with a tenant until its first day is over, after its lease has ended.
  `create table kept_machines (
    organisation_id uuid not null references organisations (id),
    machine_id text primary key,
    until timestamptz not null
  )`,

  `create table lease_quotas (
    organisation_id uuid not null references organisations (id),
    scope_kind text not null check (scope_kind in ('organisation', 'project')),
    scope_id uuid not null,
    nodes int,
    gpus int,
    leases int,
    primary key (scope_kind, scope_id)
  )`,
];

/** Who has which machine, for how long, and what for. */
export const leases: Migration = {
  name: '0016-leases',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
