import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  `alter table backends add column kind text not null default 'openai-compatible', add column options jsonb not null default '{}'`,
  // The context that a key is sealed under names its backend, so a key that moves here stays readable.
  `create table backend_keys (
    organisation_id uuid not null,
    id uuid primary key,
    backend_id uuid not null,
    label text not null,
    sealed_key bytea not null,
    requests_per_minute integer check (requests_per_minute > 0),
    tokens_per_minute integer check (tokens_per_minute > 0),
    parallel integer check (parallel > 0),
    created_at timestamptz not null,
    updated_at timestamptz not null,
    unique (backend_id, label),
    foreign key (organisation_id, backend_id) references backends (organisation_id, id) on delete cascade
  )`,
  `insert into backend_keys select organisation_id, id, id, 'default', sealed_key, null, null, null, created_at, updated_at from backends where sealed_key is not null`,
  `alter table model_aliases
    add column goal text not null default 'weights',
    add column regions jsonb not null default '[]',
    add column limits jsonb not null default '{}',
    alter column backend_id drop not null,
    alter column backend_model drop not null,
    alter column max_output_tokens drop not null`,
  // No reference to backends, as before: a target may be of the operator's file.
  `create table model_targets (
    organisation_id uuid not null,
    alias text not null,
    position integer not null,
    backend_id uuid not null,
    backend_model text not null,
    weight integer not null check (weight >= 0),
    rank integer not null check (rank >= 0),
    region text,
    enabled boolean not null,
    context_tokens integer check (context_tokens > 0),
    max_output_tokens integer not null check (max_output_tokens > 0),
    cap_field text not null,
    can jsonb not null,
    primary key (organisation_id, alias, position),
    foreign key (organisation_id, alias) references model_aliases (organisation_id, name) on delete cascade
  )`,
  `create index model_targets_backend on model_targets (backend_id)`,
  `insert into model_targets select organisation_id, name, 0, backend_id, backend_model, 1, 0, null, true, context_tokens, max_output_tokens, 'max_tokens', '{}' from model_aliases`,
];

/** Names with several targets, backends with a kind and several keys. */
export const routing: Migration = {
  name: '0009-routing',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
