import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  // Where an item is kept that a later request names by its id alone.
  `create table response_items (
    organisation_id uuid not null,
    project_id uuid not null,
    item_id text not null check (length(item_id) between 1 and 200),
    response_id text not null,
    primary key (organisation_id, project_id, item_id, response_id),
    foreign key (organisation_id, response_id) references contents (organisation_id, id) on delete cascade
  )`,
  `create index response_items_of on response_items (organisation_id, response_id)`,
  // No reference to contents: a content is replaced as the job goes on, and a job whose content was purged ends by itself.
  `create table response_jobs (
    organisation_id uuid not null references organisations (id),
    id text not null,
    project_id uuid not null,
    key_id uuid,
    member_id uuid,
    streamed boolean not null,
    state text not null check (state in ('queued', 'running')),
    created_at timestamptz not null,
    lease_owner uuid,
    lease_token bigint not null default 0,
    lease_until timestamptz,
    primary key (organisation_id, id)
  )`,
  `create index response_jobs_queued on response_jobs (created_at) where state = 'queued'`,
  `create index response_jobs_running on response_jobs (lease_until) where state = 'running'`,
];

export const responses: Migration = {
  name: '0010-responses',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
