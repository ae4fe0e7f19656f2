import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

/** What the pages Requests, Latency and Spend read: sums that follow the usage events, and the calls that were answered with an error. */
export const plainSight: Migration = {
  name: '0007-plain-sight',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};

const SUM = 'numeric(38, 0) not null';
const COUNT = 'bigint not null';
const FIGURES = `requests ${COUNT},
    failed ${COUNT},
    charge ${SUM},
    charge_known ${SUM},
    cost ${SUM},
    cost_unknown ${COUNT},
    input ${SUM},
    cache_read ${SUM},
    cache_write ${SUM},
    output ${SUM},
    reasoning ${SUM},
    audio ${SUM},
    image ${SUM}`;

const STATEMENTS = [
  // How far each log is in the sums below. No foreign key: a mark outlives nothing that matters.
  `create table sight_marks (
    epoch_id uuid primary key,
    sequence bigint not null
  )`,
  // Users, scenarios and sets of tags that have rows of their own in a month; the rest share one.
  `create table sight_names (
    organisation_id uuid not null,
    month date not null,
    kind text not null check (kind in ('user', 'scenario', 'tags')),
    name text not null,
    primary key (organisation_id, month, kind, name)
  )`,
  `create table spend_days (
    organisation_id uuid not null,
    day date not null,
    project_id uuid not null,
    key_id uuid,
    resource text not null,
    backend text not null,
    tier text not null,
    user_name text not null,
    scenario text not null,
    tags text[] not null,
    ${FIGURES},
    unique nulls not distinct (organisation_id, day, project_id, key_id, resource, backend, tier, user_name, scenario, tags)
  )`,
  `create table spend_hours (
    organisation_id uuid not null,
    hour timestamptz not null,
    project_id uuid not null,
    resource text not null,
    backend text not null,
    tier text not null,
    ${FIGURES},
    primary key (organisation_id, hour, project_id, resource, backend, tier)
  )`,
  `create table latency_rollups (
    organisation_id uuid not null,
    span text not null check (span in ('hour', 'day')),
    at timestamptz not null,
    project_id uuid not null,
    resource text not null,
    backend text not null,
    metric text not null check (metric in ('first_token', 'tokens_per_second', 'whole')),
    bucket smallint not null,
    calls ${COUNT},
    primary key (organisation_id, span, at, project_id, resource, backend, metric, bucket)
  )`,
  `create table call_errors (
    organisation_id uuid not null,
    id uuid not null,
    at timestamptz not null,
    project_id uuid,
    key_id uuid,
    model text,
    dialect text not null,
    code text not null,
    status smallint not null,
    param text,
    message text,
    facts jsonb not null,
    primary key (organisation_id, id)
  )`,
  `create table call_error_minutes (
    organisation_id uuid not null,
    minute timestamptz not null,
    project_id uuid,
    key_id uuid,
    model text not null,
    code text not null,
    calls ${COUNT},
    unique nulls not distinct (organisation_id, minute, project_id, key_id, model, code)
  )`,
];
