import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  `create table hooks (
    organisation_id uuid not null references organisations (id),
    id uuid primary key,
    project_id uuid references projects (id),
    name text not null check (length(name) between 1 and 100),
    url text not null,
    secret bytea not null,
    deadline_ms int not null check (deadline_ms between 50 and 10000),
    on_failure text not null check (on_failure in ('open', 'closed')),
    enabled boolean not null default true,
    created_at timestamptz not null
  )`,
  `create index hooks_of on hooks (organisation_id, created_at)`,
];

export const hooks: Migration = {
  name: '0011-hooks',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
