import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

const STATEMENTS = [
  `create table lease_job_ranks (
    organisation_id uuid not null references organisations (id),
    lease_id uuid not null,
    rank int not null,
    machine_id text not null,
    state text not null default 'waiting' check (state in ('waiting', 'running', 'ended', 'cut', 'lost', 'failed')),
    exit_code int,
    reason text,
    started_at timestamptz,
    ended_at timestamptz,
    away_since timestamptz,
    sealed_log bytea,
    log_from bigint,
    log_total bigint,
    primary key (lease_id, rank)
  )`,
  `alter table lease_job_ranks alter column sealed_log set storage external`,
  `alter table lease_jobs add column set_off_at timestamptz`,
  `alter table lease_jobs add column failed_rank int`,
  `alter table lease_jobs add column stop_until timestamptz`,
];

/** Jobs over several machines: how each of them does, whether all have set off, and what ended the others. */
export const jobRanks: Migration = {
  name: '0040-job-ranks',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};
