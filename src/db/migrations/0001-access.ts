import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

/** Organisations, who belongs to them, how they sign in, and the audit trail. */
export const access: Migration = {
  name: '0001-access',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};

const ROLE = `text not null check (role in ('owner', 'admin', 'developer', 'viewer'))`;
// References carry the organisation, so that a row can never name another organisation's row.
const OF_ORGANISATION = 'organisation_id uuid not null references organisations (id)';
const REF = (column: string, table: string) => `foreign key (organisation_id, ${column}) references ${table} (organisation_id, id)`;

const STATEMENTS = [
  `create table organisations (
    id uuid primary key,
    name text not null,
    slug text not null unique,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    billing text not null check (billing in ('postpaid', 'prepaid')),
    created_at timestamptz not null
  )`,
  `create table projects (
    id uuid primary key,
    ${OF_ORGANISATION},
    name text not null,
    name_folded text not null,
    slug text not null,
    tier text not null check (tier in ('standard', 'contributor')),
    created_at timestamptz not null,
    archived_at timestamptz,
    unique (organisation_id, id),
    unique (organisation_id, slug)
  )`,
  `create unique index projects_name on projects (organisation_id, name_folded) where archived_at is null`,
  `create table members (
    id uuid primary key,
    ${OF_ORGANISATION},
    email text not null check (email = lower(email)),
    name text not null,
    role ${ROLE},
    oidc_issuer text,
    oidc_subject text,
    created_at timestamptz not null,
    removed_at timestamptz,
    unique (organisation_id, id),
    check ((oidc_issuer is null) = (oidc_subject is null))
  )`,
  `create unique index members_email on members (organisation_id, email) where removed_at is null`,
  `create unique index members_oidc on members (oidc_issuer, oidc_subject, organisation_id) where removed_at is null and oidc_issuer is not null`,
  `create table service_accounts (
    id uuid primary key,
    ${OF_ORGANISATION},
    project_id uuid,
    name text not null,
    role ${ROLE},
    created_at timestamptz not null,
    disabled_at timestamptz,
    unique (organisation_id, id),
    ${REF('project_id', 'projects')}
  )`,
  `create table invitations (
    id uuid primary key,
    ${OF_ORGANISATION},
    email text not null check (email = lower(email)),
    role ${ROLE},
    token_hash bytea not null unique check (length(token_hash) = 32),
    invited_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    accepted_at timestamptz,
    revoked_at timestamptz
  )`,
  `create unique index invitations_open on invitations (organisation_id, email) where accepted_at is null and revoked_at is null`,
  `create table api_keys (
    id uuid primary key,
    ${OF_ORGANISATION},
    project_id uuid,
    name text not null,
    prefix text not null,
    hash bytea not null unique check (length(hash) = 32),
    role ${ROLE},
    owner_kind text not null check (owner_kind in ('member', 'service-account')),
    owner_id uuid not null,
    models jsonb,
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    replaced_by uuid,
    last_used_at timestamptz,
    unique (organisation_id, id),
    ${REF('project_id', 'projects')},
    ${REF('replaced_by', 'api_keys')}
  )`,
  `create table sessions (
    id uuid primary key,
    ${OF_ORGANISATION},
    token_hash bytea not null unique check (length(token_hash) = 32),
    member_id uuid,
    key_id uuid,
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    check ((member_id is null) <> (key_id is null)),
    ${REF('member_id', 'members')},
    ${REF('key_id', 'api_keys')}
  )`,
  `create index sessions_expires on sessions (expires_at)`,
  `create table sign_in_links (
    id uuid primary key,
    ${OF_ORGANISATION},
    token_hash bytea not null unique check (length(token_hash) = 32),
    member_id uuid,
    key_id uuid,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    check ((member_id is null) <> (key_id is null)),
    ${REF('member_id', 'members')},
    ${REF('key_id', 'api_keys')}
  )`,
  `create index sign_in_links_expires on sign_in_links (expires_at)`,
  `create table oidc_sign_ins (
    state_hash bytea primary key check (length(state_hash) = 32),
    ${OF_ORGANISATION},
    expires_at timestamptz not null
  )`,
  `create index oidc_sign_ins_expires on oidc_sign_ins (expires_at)`,
  `create table audit_events (
    ${OF_ORGANISATION},
    sequence bigint not null check (sequence > 0),
    id uuid not null,
    at timestamptz not null,
    actor_kind text not null,
    actor_id uuid,
    actor_label text not null,
    action text not null,
    resource_kind text not null,
    resource_id text,
    change jsonb not null,
    previous_hash bytea not null,
    hash bytea not null,
    primary key (organisation_id, sequence)
  )`,
  `create table audit_heads (
    organisation_id uuid primary key references organisations (id),
    sequence bigint not null,
    hash bytea not null,
    updated_at timestamptz not null default now()
  )`,
];
