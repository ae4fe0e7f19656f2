import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  // A model that is served from the fleet: what is wanted of it.
  `create table servings (
    organisation_id uuid not null references organisations (id),
    id uuid primary key,
    project_id uuid not null references projects (id),
    name text not null check (length(name) between 1 and 200),
    model text not null,
    engine text not null,
    settings jsonb not null,
    lease jsonb not null,
    min_replicas int not null check (min_replicas >= 0),
    max_replicas int not null check (max_replicas between 1 and 100 and max_replicas >= min_replicas),
    idle_minutes int check (idle_minutes > 0),
    cold text not null check (cold in ('wait', 'refuse')),
    at_most numeric(38, 0),
    context_tokens int,
    max_output_tokens int not null,
    asked_by text not null,
    wanted text not null default 'run' check (wanted in ('run', 'stop')),
    replicas int not null default 0,
    reason text,
    scaled_at timestamptz,
    busy_at timestamptz,
    called_at timestamptz,
    created_at timestamptz not null,
    stopped_at timestamptz
  )`,
  `create unique index servings_name on servings (organisation_id, name) where stopped_at is null`,

  // One engine on one lease.
  `create table serving_replicas (
    organisation_id uuid not null references organisations (id),
    id uuid primary key,
    serving_id uuid not null references servings (id),
    number int not null,
    lease_id uuid,
    node_id uuid,
    wanted text not null default 'run' check (wanted in ('run', 'drain', 'end')),
    observed text not null default 'asked' check (observed in ('asked', 'leasing', 'preparing', 'loading', 'ready', 'draining', 'ending', 'ended')),
    reason text,
    figures jsonb,
    failures int not null default 0,
    asked_at timestamptz not null,
    leased_at timestamptz,
    ready_at timestamptz,
    draining_at timestamptz,
    ended_at timestamptz,
    split_minutes int not null default 0,
    settled_at timestamptz,
    unique (serving_id, number)
  )`,
  `create index serving_replicas_live on serving_replicas (serving_id) where observed <> 'ended'`,
  `create index serving_replicas_unsettled on serving_replicas (asked_at) where settled_at is null`,

  // A started minute of a replica's lease, and what it cost. Minutes without a token stand by themselves.
  `create table replica_minutes (
    organisation_id uuid not null references organisations (id),
    replica_id uuid not null references serving_replicas (id),
    serving_id uuid not null,
    at timestamptz not null,
    cost numeric(38, 0) not null,
    tokens bigint not null,
    primary key (replica_id, at)
  )`,
  `create index replica_minutes_of on replica_minutes (serving_id, at)`,

  // A call's part of the minutes that made its tokens. The parts of a minute are together what it cost.
  `create table token_shares (
    organisation_id uuid not null references organisations (id),
    event_id uuid not null,
    replica_id uuid not null,
    serving_id uuid not null,
    at timestamptz not null,
    tokens bigint not null,
    cost numeric(38, 0) not null,
    charge numeric(38, 0) not null,
    primary key (event_id, replica_id, at)
  )`,
  `create index token_shares_of on token_shares (serving_id, at)`,
];

/** Models served from the fleet: replicas on leases, and their minutes split over tokens. */
export const serving: Migration = {
  name: '0028-serving',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
