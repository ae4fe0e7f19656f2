import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  // A secret that was replaced signs beside its successor for a while.
  ...['hooks', 'webhook_endpoints', 'usage_feeds'].map((table) => `alter table ${table} add column previous_secret bytea, add column previous_until timestamptz`),
  `alter table hooks add column asked bigint not null default 0, add column failed bigint not null default 0`,
  `create table hook_failures (
    organisation_id uuid not null references organisations (id),
    id uuid primary key,
    hook_id uuid not null references hooks (id) on delete cascade,
    call_id uuid not null,
    stage text not null check (stage in ('request', 'reply')),
    problem text not null,
    at timestamptz not null
  )`,
  `create index hook_failures_of on hook_failures (hook_id, id desc)`,
  `create table call_annotations (
    organisation_id uuid not null references organisations (id),
    id uuid not null,
    annotations jsonb not null,
    at timestamptz not null,
    primary key (organisation_id, id)
  )`,
  `create index call_annotations_age on call_annotations (at)`,
  `create table contribution_losses (
    organisation_id uuid not null references organisations (id),
    project_id uuid not null references projects (id),
    reason text not null check (reason in ('too_many', 'too_large', 'failed')),
    calls bigint not null,
    last_at timestamptz not null,
    primary key (project_id, reason)
  )`,
];

/** Rotation of signing secrets, how hooks do, what hooks noted about calls, and how many contributions were not kept. */
export const outgoing: Migration = {
  name: '0015-outgoing',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
