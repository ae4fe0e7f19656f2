import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  `create table volumes (
    organisation_id uuid not null references organisations (id),
    id uuid primary key,
    project_id uuid not null references projects (id),
    name text not null check (length(name) between 1 and 63),
    machine_id text not null,
    state text not null check (state in ('new', 'in-use', 'kept', 'removing', 'removed', 'lost')),
    reason text,
    lease_id uuid,
    files bigint,
    bytes bigint,
    days int not null check (days between 1 and 365),
    made_by text not null,
    created_at timestamptz not null,
    kept_at timestamptz,
    expires_at timestamptz,
    ended_at timestamptz
  )`,
  `create unique index volumes_name on volumes (project_id, name) where ended_at is null`,
  `create index volumes_on on volumes (machine_id) where ended_at is null`,

  // What a lease's home was before, and what it becomes.
  `alter table leases add column from_volume_id uuid`,
  `alter table leases add column keep_volume_id uuid`,
];

/** Homes of leases that are kept on their machine. */
export const volumes: Migration = {
  name: '0027-volumes',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
