import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  `alter table organisations add column store boolean not null default true`,
  `alter table api_keys add column cache_seconds integer check (cache_seconds between 1 and 86400)`,
  `alter table projects add column store boolean not null default true`,
  // No reference to projects or keys: content outlives neither, but its row must not hold their removal up.
  `create table contents (
    organisation_id uuid not null references organisations (id),
    id text not null check (length(id) between 1 and 200),
    purpose text not null check (purpose in ('response', 'background', 'file', 'batch', 'contribution', 'feedback', 'cache')),
    kind text,
    project_id uuid not null,
    key_id uuid,
    belongs_to text,
    sealed_about bytea,
    bytes bigint not null check (bytes >= 0),
    whole boolean not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    primary key (organisation_id, id)
  )`,
  `create index contents_listed on contents (organisation_id, project_id, purpose, created_at, id)`,
  `create index contents_belongs_to on contents (organisation_id, belongs_to) where belongs_to is not null`,
  `create index contents_expires on contents (expires_at) where expires_at is not null`,
  `create table content_pieces (
    organisation_id uuid not null,
    content_id text not null,
    piece integer not null,
    sealed bytea not null,
    primary key (organisation_id, content_id, piece),
    foreign key (organisation_id, content_id) references contents (organisation_id, id) on delete cascade
  )`,
  // Sealed bytes do not compress: TOAST need not try.
  `alter table content_pieces alter column sealed set storage external`,
  `create table batches (
    organisation_id uuid not null references organisations (id),
    id text not null,
    project_id uuid not null,
    key_id uuid,
    member_id uuid,
    endpoint text not null,
    input_file_id text not null,
    state text not null check (state in ('validating', 'failed', 'in_progress', 'finalizing', 'completed', 'expired', 'cancelling', 'cancelled')),
    sealed_metadata bytea,
    faults jsonb not null default '[]',
    output_file_id text,
    error_file_id text,
    output_seconds bigint,
    total integer not null default 0,
    completed integer not null default 0,
    failed integer not null default 0,
    usage jsonb not null default '{}',
    created_at timestamptz not null,
    expires_at timestamptz not null,
    in_progress_at timestamptz,
    finalizing_at timestamptz,
    completed_at timestamptz,
    failed_at timestamptz,
    expired_at timestamptz,
    cancelling_at timestamptz,
    cancelled_at timestamptz,
    lease_owner uuid,
    lease_token bigint not null default 0,
    lease_until timestamptz,
    primary key (organisation_id, id)
  )`,
  `create index batches_open on batches (created_at) where state in ('validating', 'in_progress', 'finalizing', 'cancelling')`,
  `create index batches_listed on batches (organisation_id, project_id, created_at, id)`,
  `create table batch_lines (
    organisation_id uuid not null,
    batch_id text not null,
    line integer not null,
    sealed_request bytea,
    state text not null check (state in ('waiting', 'running', 'done', 'failed')),
    attempts integer not null default 0,
    call_ids uuid[] not null default '{}',
    epoch_id uuid,
    delivered boolean not null default false,
    sealed_result bytea,
    primary key (organisation_id, batch_id, line),
    foreign key (organisation_id, batch_id) references batches (organisation_id, id) on delete cascade
  )`,
  `create index batch_lines_open on batch_lines (organisation_id, batch_id, line) where state in ('waiting', 'running')`,
  `create table consents (
    organisation_id uuid not null references organisations (id),
    project_id uuid not null,
    text_version text not null,
    given_by text not null,
    given_at timestamptz not null,
    withdrawn_by text,
    withdrawn_at timestamptz,
    primary key (organisation_id, project_id)
  )`,
  `create table feedback (
    organisation_id uuid not null references organisations (id),
    id uuid not null,
    project_id uuid not null,
    key_id uuid,
    author text not null,
    event_id uuid not null,
    reply_id text not null,
    kind text not null,
    rating double precision check (rating between -1 and 1),
    outcome text,
    scenario text,
    resource text,
    content_id text,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (organisation_id, id),
    unique (organisation_id, event_id, author, kind)
  )`,
  `create index feedback_listed on feedback (organisation_id, project_id, created_at)`,
];

export const content: Migration = {
  name: '0008-content',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
