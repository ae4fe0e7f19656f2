import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

/** The money path: epochs, usage events and their sums, open holds, budgets and their slices. */
export const ledger: Migration = {
  name: '0002-ledger',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};

const AMOUNT = 'numeric(38, 0) not null';
const COUNT = 'bigint not null default 0';

const STATEMENTS = [
  `create table epochs (
    id uuid primary key,
    kind text not null check (kind in ('log', 'direct')),
    host text not null,
    home text not null,
    folder text not null,
    pid int not null,
    started_at timestamptz not null,
    heartbeat_at timestamptz not null,
    fenced_at timestamptz,
    closed_at timestamptz,
    forgotten_at timestamptz,
    posted_segment ${COUNT},
    posted_offset ${COUNT},
    posted_record ${COUNT},
    posted_sequence ${COUNT},
    posted_at timestamptz,
    posted_through timestamptz,
    chain bytea not null,
    lost_calls ${COUNT},
    lost_held ${AMOUNT} default 0,
    charge_mismatches ${COUNT}
  )`,
  `create index epochs_open on epochs (home) where closed_at is null`,
  // No foreign keys here: a posted batch is thousands of rows, and the ids were checked at admission.
  `create table usage_events (
    organisation_id uuid not null,
    id uuid not null,
    project_id uuid not null,
    key_id uuid,
    kind text not null,
    resource text not null,
    tier text not null,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    quantities jsonb not null,
    charge ${AMOUNT} check (charge >= 0),
    cost numeric(38, 0),
    currency text not null,
    price_version_id uuid,
    outcome text not null,
    counted text not null,
    attributes jsonb not null,
    epoch_id uuid not null,
    sequence bigint not null,
    hash bytea not null,
    primary key (organisation_id, id)
  )`,
  `create index usage_events_sequence on usage_events (epoch_id, sequence)`,
  `create table usage_rollups (
    organisation_id uuid not null,
    project_id uuid not null,
    key_id uuid,
    resource text not null,
    day date not null,
    bucket text not null,
    quantity ${AMOUNT},
    charge ${AMOUNT},
    cost ${AMOUNT},
    cost_unknown bigint not null,
    events bigint not null,
    failed bigint not null,
    unique nulls not distinct (organisation_id, day, project_id, key_id, resource, bucket)
  )`,
  `create table postings (
    epoch_id uuid not null references epochs (id),
    first_sequence bigint not null,
    last_sequence bigint not null check (last_sequence >= first_sequence),
    hash bytea not null,
    posted_at timestamptz not null,
    primary key (epoch_id, first_sequence)
  )`,
  `create table holds (
    organisation_id uuid not null,
    epoch_id uuid not null references epochs (id),
    id uuid not null,
    admission text not null,
    progress text,
    primary key (epoch_id, id)
  )`,
  `create table budgets (
    organisation_id uuid not null references organisations (id),
    id uuid primary key,
    kind text not null check (kind in ('budget', 'prepaid')),
    scope_kind text not null check (scope_kind in ('organisation', 'project', 'key')),
    scope_id uuid not null,
    successors uuid[] not null default '{}',
    amount ${AMOUNT} check (amount >= 0),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    period text not null check (period in ('day', 'month', 'total')),
    created_at timestamptz not null,
    first_window timestamptz not null,
    removed_at timestamptz
  )`,
  `create unique index budgets_one on budgets (organisation_id, kind, scope_kind, scope_id, period) where removed_at is null`,
  `create table budget_windows (
    organisation_id uuid not null,
    budget_id uuid not null references budgets (id),
    window_start timestamptz not null,
    amount ${AMOUNT},
    spent ${AMOUNT},
    leased ${AMOUNT} check (leased >= 0),
    last_grant ${AMOUNT} default 0,
    primary key (budget_id, window_start)
  )`,
  `create table slices (
    organisation_id uuid not null,
    budget_id uuid not null,
    window_start timestamptz not null,
    epoch_id uuid not null references epochs (id),
    amount ${AMOUNT} check (amount >= 0),
    primary key (budget_id, window_start, epoch_id)
  )`,
  `create index slices_epoch on slices (epoch_id)`,
  `create function refuse_change_of_usage() returns trigger language plpgsql as $$
    begin
      raise exception 'rows of % are written once: they are neither changed nor removed', tg_table_name using errcode = 'restrict_violation';
    end $$`,
  ...['usage_events', 'postings'].flatMap((table) => [
    `create trigger ${table}_append_only before update or delete on ${table} for each row execute function refuse_change_of_usage()`,
    `create trigger ${table}_no_truncate before truncate on ${table} for each statement execute function refuse_change_of_usage()`,
  ]),
];
