import type { ColumnType } from 'kysely';

type Written<T> = ColumnType<T, T, never>;
/** NUMERIC(38,0): picodollars. Goes in as text or bigint, comes out as text. */
type Amount = ColumnType<string, string | bigint, never>;
type NullableAmount = ColumnType<string | null, string | bigint | null, never>;
/** jsonb: goes in as JSON text and comes out parsed. */
type Json<T> = ColumnType<T, string, never>;
type BucketPrices = Record<string, { price: string; per: string }>;

/** Immutable; see `src/ledger/prices`. */
export interface PriceVersionRow {
  id: Written<string>;
  organisation_id: Written<string>;
  resource: Written<string>;
  tier: Written<'standard' | 'contributor' | 'priority' | 'flex'>;
  side: Written<'sell' | 'cost'>;
  backend_id: Written<string | null>;
  currency: Written<string>;
  buckets: Json<BucketPrices>;
  effective_from: Written<Date>;
  source: Written<string>;
  created_at: Written<Date>;
  created_by: Written<string>;
}

/** Prepaid money or a grant, as it was given. What is left of it is the sum of its ledger entries. */
export interface CreditRow {
  id: Written<string>;
  organisation_id: Written<string>;
  kind: Written<'prepaid' | 'grant'>;
  amount: Amount;
  currency: Written<string>;
  granted_at: Written<Date>;
  expires_at: Written<Date | null>;
  reason: Written<string>;
  author: Written<string>;
}

/** Double entry: the entries of one transaction sum to zero. */
export interface LedgerEntryRow {
  id: Written<string>;
  organisation_id: Written<string>;
  transaction_id: Written<string>;
  kind: Written<'credit' | 'draw' | 'expiry' | 'invoice' | 'adjustment'>;
  account: Written<'credit' | 'funding' | 'expired' | 'revenue' | 'receivable'>;
  /** Positive on the credit side: what the organisation has left in `credit`, what was earned in `revenue`; what it owes is negative in `receivable`. */
  amount: Amount;
  currency: Written<string>;
  credit_id: Written<string | null>;
  month: Written<string | null>;
  at: Written<Date>;
}

export interface InvoiceRow {
  id: Written<string>;
  organisation_id: Written<string>;
  number: Written<string>;
  month: Written<string>;
  currency: Written<string>;
  total: Amount;
  /** What credits had paid of it at its closing. */
  credits: Amount;
  requests: ColumnType<string, string | bigint, never>;
  posted_through: Written<Date>;
  closed_at: Written<Date>;
  closed_by: Written<string>;
}

export interface InvoiceLineRow {
  id: Written<string>;
  organisation_id: Written<string>;
  invoice_id: Written<string>;
  position: Written<number>;
  project_id: Written<string>;
  project_name: Written<string>;
  key_id: Written<string | null>;
  key_name: Written<string | null>;
  resource: Written<string>;
  requests: ColumnType<string, string | bigint, never>;
  quantities: Json<Record<string, string>>;
  charge: Amount;
  cost: NullableAmount;
}

export interface AdjustmentRow {
  id: Written<string>;
  organisation_id: Written<string>;
  invoice_id: Written<string>;
  kind: Written<'manual' | 'late'>;
  amount: Amount;
  reason: Written<string>;
  author: Written<string>;
  at: Written<Date>;
  /** The events that came after the month was closed. */
  event_ids: Json<string[]>;
}

/** One row per row of the tables above, chained by hash per organisation: what makes an edit or deletion visible. */
export interface JournalRow {
  organisation_id: Written<string>;
  /** 1, 2, 3 … without gaps. */
  sequence: ColumnType<string, string | bigint, never>;
  kind: Written<'price' | 'credit' | 'entry' | 'invoice' | 'line' | 'adjustment'>;
  row_id: Written<string>;
  /** The row as it was written: what a changed row is compared with. */
  content: Written<string>;
  hash: Written<Buffer>;
}

/** Where an organisation's journal ends. Its row is also the lock that puts the writers of one organisation's books in a row. */
export interface JournalHeadRow {
  organisation_id: Written<string>;
  sequence: ColumnType<string, string | bigint, string | bigint>;
  hash: Buffer;
}

// Table types of this room, by table name.
export interface BooksTables {
  price_versions: PriceVersionRow;
  credits: CreditRow;
  ledger_entries: LedgerEntryRow;
  invoices: InvoiceRow;
  invoice_lines: InvoiceLineRow;
  adjustments: AdjustmentRow;
  journal: JournalRow;
  journal_heads: JournalHeadRow;
}
