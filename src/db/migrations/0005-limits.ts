import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

/** Limits on requests, tokens and parallel calls with their slices; webhooks and what is sent to them; alerts of budgets. */
export const limits: Migration = {
  name: '0005-limits',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};

const STATEMENTS = [
  `create table limits (
    organisation_id uuid not null references organisations (id),
    id uuid primary key,
    scope_kind text not null check (scope_kind in ('organisation', 'project', 'key')),
    scope_id uuid not null,
    successors uuid[] not null default '{}',
    subject_kind text check (subject_kind in ('project', 'key', 'model', 'user', 'tag')),
    subject text check (subject is null or subject_kind in ('model', 'user', 'tag')),
    metric text not null check (metric in ('requests', 'tokens', 'parallel')),
    amount bigint not null check (amount >= 0),
    created_at timestamptz not null,
    removed_at timestamptz
  )`,
  `create unique index limits_one on limits (organisation_id, scope_kind, scope_id, subject_kind, subject, metric) nulls not distinct where removed_at is null`,
  // No row outlives its minute by long, but for those of parallel calls; none is read by organisation.
  `create table limit_windows (
    organisation_id uuid not null,
    limit_id uuid not null references limits (id),
    counted text not null,
    window_start timestamptz not null,
    amount bigint not null,
    leased bigint not null check (leased >= 0),
    last_grant bigint not null default 0,
    primary key (limit_id, counted, window_start)
  )`,
  `create table limit_slices (
    organisation_id uuid not null,
    limit_id uuid not null,
    counted text not null,
    window_start timestamptz not null,
    epoch_id uuid not null references epochs (id),
    amount bigint not null check (amount >= 0),
    primary key (limit_id, counted, window_start, epoch_id)
  )`,
  `create index limit_slices_epoch on limit_slices (epoch_id)`,
  `create index limit_windows_start on limit_windows (window_start)`,
  `create index limit_slices_start on limit_slices (window_start)`,
  `create table webhook_endpoints (
    organisation_id uuid not null references organisations (id),
    id uuid primary key,
    url text not null,
    secret bytea not null,
    events text[] not null,
    created_at timestamptz not null,
    removed_at timestamptz
  )`,
  `create index webhook_endpoints_organisation on webhook_endpoints (organisation_id) where removed_at is null`,
  `create table webhook_deliveries (
    organisation_id uuid not null references organisations (id),
    id uuid primary key,
    endpoint_id uuid not null references webhook_endpoints (id),
    event text not null,
    subject text not null,
    body text not null,
    created_at timestamptz not null,
    due_at timestamptz not null,
    attempts int not null default 0,
    delivered_at timestamptz,
    given_up_at timestamptz,
    last_status int,
    last_problem text,
    unique (endpoint_id, subject)
  )`,
  `create index webhook_deliveries_due on webhook_deliveries (due_at) where delivered_at is null and given_up_at is null`,
  `alter table budgets add column alert_shares int[] not null default '{}'`,
  `create table budget_alerts (
    organisation_id uuid not null references organisations (id),
    budget_id uuid not null references budgets (id),
    window_start timestamptz not null,
    share int not null,
    spent numeric(38, 0) not null,
    amount numeric(38, 0) not null,
    at timestamptz not null,
    primary key (budget_id, window_start, share)
  )`,
];
