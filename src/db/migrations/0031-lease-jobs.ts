import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  `create table lease_jobs (
    organisation_id uuid not null references organisations (id),
    lease_id uuid primary key,
    sealed_order bytea not null,
    keep_open boolean not null,
    state text not null default 'waiting' check (state in ('waiting', 'running', 'ended', 'cut', 'lost', 'failed')),
    exit_code int,
    reason text,
    started_at timestamptz,
    ended_at timestamptz,
    sealed_log bytea,
    log_from bigint,
    log_total bigint
  )`,
  `create index lease_jobs_open on lease_jobs (lease_id) where state in ('waiting', 'running')`,
  // Sealed bytes do not compress: TOAST need not try.
  `alter table lease_jobs alter column sealed_log set storage external`,
];

/** What leases run once, and the end of what it printed. */
export const leaseJobs: Migration = {
  name: '0031-lease-jobs',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
