import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

/** Budgets of one model, user or tag, and of each: windows and slices by name. Tables of their own, so that processes of the version before go on. */
export const budgetSubjects: Migration = {
  name: '0013-budget-subjects',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};

const AMOUNT = 'numeric(38, 0) not null';

const STATEMENTS = [
  `alter table budgets add column subject_kind text check (subject_kind in ('model', 'user', 'tag')),
    add column subject text check (subject is null or subject_kind is not null)`,
  `drop index budgets_one`,
  `create unique index budgets_one on budgets (organisation_id, kind, scope_kind, scope_id, period, subject_kind, subject) nulls not distinct where removed_at is null`,
  // Names are compared byte by byte: two that a language sorts alike are two.
  `create table budget_name_windows (
    organisation_id uuid not null,
    budget_id uuid not null references budgets (id),
    window_start timestamptz not null,
    counted text collate "C" not null,
    amount ${AMOUNT},
    spent ${AMOUNT},
    leased ${AMOUNT} check (leased >= 0),
    last_grant ${AMOUNT} default 0,
    primary key (budget_id, window_start, counted)
  )`,
  // No reference to epochs: the poster holds an epoch's row while it writes a batch, and the first call of a name is not to wait for that.
  `create table budget_name_slices (
    organisation_id uuid not null,
    budget_id uuid not null,
    window_start timestamptz not null,
    counted text collate "C" not null,
    epoch_id uuid not null,
    amount ${AMOUNT} check (amount >= 0),
    primary key (budget_id, window_start, counted, epoch_id)
  )`,
  `create index budget_name_slices_epoch on budget_name_slices (epoch_id)`,
  `create table budget_name_alerts (
    organisation_id uuid not null references organisations (id),
    budget_id uuid not null references budgets (id),
    window_start timestamptz not null,
    counted text collate "C" not null,
    share int not null,
    spent numeric(38, 0) not null,
    amount numeric(38, 0) not null,
    at timestamptz not null,
    primary key (budget_id, window_start, counted, share)
  )`,
];
