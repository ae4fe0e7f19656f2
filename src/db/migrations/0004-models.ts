import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  `create table backends (
    id uuid primary key,
    organisation_id uuid not null references organisations (id),
    name text not null,
    url text not null,
    sealed_key bytea,
    enabled boolean not null default true,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (organisation_id, id),
    unique (organisation_id, name)
  )`,
  // No reference to backends: an alias may lead to one of the operator's file or to the local engine, which have no row.
  `create table model_aliases (
    organisation_id uuid not null references organisations (id),
    name text not null,
    backend_id uuid not null,
    backend_model text not null,
    context_tokens integer check (context_tokens > 0),
    max_output_tokens integer not null check (max_output_tokens > 0),
    created_at timestamptz not null,
    primary key (organisation_id, name)
  )`,
  `create index model_aliases_backend on model_aliases (backend_id)`,
  `create table idempotent_calls (
    organisation_id uuid not null references organisations (id),
    caller_id text not null,
    idempotency_key text not null,
    request_hash bytea not null check (length(request_hash) = 32),
    state text not null check (state in ('running', 'done', 'cut')),
    owner uuid not null,
    event_id uuid not null,
    sealed_reply bytea,
    created_at timestamptz not null,
    alive_at timestamptz not null default now(),
    expires_at timestamptz not null,
    primary key (organisation_id, caller_id, idempotency_key)
  )`,
  `create index idempotent_calls_expires on idempotent_calls (expires_at)`,
  `create index idempotent_calls_running on idempotent_calls (owner) where state = 'running'`,
];

export const models: Migration = {
  name: '0004-models',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
