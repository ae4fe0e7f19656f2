import { sql } from 'kysely';
import type { Migration } from '../migration.ts';

/** Price versions, credits, double entries, invoices, adjustments, and the journal that chains them. */
export const books: Migration = {
  name: '0003-books',
  async up(tx) {
    for (const statement of STATEMENTS) await sql.raw(statement).execute(tx);
  },
};

const AMOUNT = 'numeric(38, 0) not null';
const OF_ORGANISATION = 'organisation_id uuid not null references organisations (id)';
const OF_INVOICE = `invoice_id uuid not null, foreign key (organisation_id, invoice_id) references invoices (organisation_id, id)`;
const MONTH = `check (month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$')`;

/** Rows of these tables are written once; the database itself refuses to change or remove them. */
const APPEND_ONLY = ['price_versions', 'credits', 'ledger_entries', 'invoices', 'invoice_lines', 'adjustments', 'journal'];

const STATEMENTS = [
  // Two versions of one list can never begin at the same millisecond, so "in force at" has one answer.
  `create table price_versions (
    id uuid primary key,
    ${OF_ORGANISATION},
    resource text not null,
    tier text not null check (tier in ('standard', 'contributor')),
    side text not null check (side in ('sell', 'cost')),
    backend_id uuid,
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    buckets jsonb not null,
    effective_from timestamptz not null,
    source text not null,
    created_at timestamptz not null,
    created_by text not null,
    check (side = 'cost' or backend_id is null),
    unique nulls not distinct (organisation_id, resource, tier, side, backend_id, effective_from)
  )`,
  `create index price_versions_created on price_versions (created_at)`,
  `create table credits (
    id uuid primary key,
    ${OF_ORGANISATION},
    kind text not null check (kind in ('prepaid', 'grant')),
    amount ${AMOUNT} check (amount > 0),
    currency text not null,
    granted_at timestamptz not null,
    expires_at timestamptz,
    reason text not null,
    author text not null,
    unique (organisation_id, id)
  )`,
  `create table ledger_entries (
    id uuid primary key,
    ${OF_ORGANISATION},
    transaction_id uuid not null,
    kind text not null check (kind in ('credit', 'draw', 'expiry', 'invoice', 'adjustment')),
    account text not null check (account in ('credit', 'funding', 'expired', 'revenue', 'receivable')),
    amount ${AMOUNT},
    currency text not null,
    credit_id uuid,
    month text ${MONTH},
    at timestamptz not null,
    check (account <> 'credit' or credit_id is not null),
    check (account not in ('revenue', 'receivable') or month is not null),
    foreign key (organisation_id, credit_id) references credits (organisation_id, id)
  )`,
  `create index ledger_entries_transaction on ledger_entries (transaction_id)`,
  `create index ledger_entries_credit on ledger_entries (organisation_id, credit_id) where account = 'credit'`,
  `create index ledger_entries_receivable on ledger_entries (organisation_id, month) where account = 'receivable'`,
  `create table invoices (
    id uuid primary key,
    ${OF_ORGANISATION},
    number text not null,
    month text not null ${MONTH},
    currency text not null,
    total ${AMOUNT},
    credits ${AMOUNT},
    requests bigint not null,
    posted_through timestamptz not null,
    closed_at timestamptz not null,
    closed_by text not null,
    unique (organisation_id, id),
    unique (organisation_id, number),
    unique (organisation_id, month)
  )`,
  `create table invoice_lines (
    id uuid primary key,
    ${OF_ORGANISATION},
    ${OF_INVOICE},
    position int not null,
    project_id uuid not null,
    project_name text not null,
    key_id uuid,
    key_name text,
    resource text not null,
    requests bigint not null,
    quantities jsonb not null,
    charge ${AMOUNT},
    cost numeric(38, 0),
    unique (invoice_id, position)
  )`,
  `create table adjustments (
    id uuid primary key,
    ${OF_ORGANISATION},
    ${OF_INVOICE},
    kind text not null check (kind in ('manual', 'late')),
    amount ${AMOUNT},
    reason text not null,
    author text not null,
    at timestamptz not null,
    event_ids jsonb not null
  )`,
  `create index adjustments_invoice on adjustments (invoice_id)`,
  `create table journal (
    ${OF_ORGANISATION},
    sequence bigint not null check (sequence > 0),
    kind text not null check (kind in ('price', 'credit', 'entry', 'invoice', 'line', 'adjustment')),
    row_id uuid not null unique,
    content text not null,
    hash bytea not null,
    primary key (organisation_id, sequence)
  )`,
  `create table journal_heads (
    organisation_id uuid primary key references organisations (id),
    sequence bigint not null,
    hash bytea not null
  )`,
  `create function refuse_change_of_books() returns trigger language plpgsql as $$
    begin
      raise exception 'rows of % are written once: they are neither changed nor removed', tg_table_name using errcode = 'restrict_violation';
    end $$`,
  ...APPEND_ONLY.flatMap((table) => [
    `create trigger ${table}_append_only before update or delete on ${table} for each row execute function refuse_change_of_books()`,
    `create trigger ${table}_no_truncate before truncate on ${table} for each statement execute function refuse_change_of_books()`,
  ]),
  // Checked at commit, when all entries of the transaction are there.
  `create function ledger_entries_sum_to_zero() returns trigger language plpgsql as $$
    begin
      if (select sum(amount) from ledger_entries where transaction_id = new.transaction_id) <> 0 then
        raise exception 'the entries of transaction % do not sum to zero', new.transaction_id using errcode = 'check_violation';
      end if;
      return null;
    end $$`,
  `create constraint trigger ledger_entries_balanced after insert on ledger_entries deferrable initially deferred
    for each row execute function ledger_entries_sum_to_zero()`,
];
