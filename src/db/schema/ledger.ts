import type { ColumnType } from 'kysely';

type Written<T> = ColumnType<T, T, never>;
/** NUMERIC(38,0): picodollars or a count. Goes in as text or bigint, comes out as text. */
type Amount = ColumnType<string, string | bigint, string | bigint>;
type Count = ColumnType<string, string | bigint | number | undefined, string | bigint | number>;
type Time = ColumnType<Date, Date, Date>;
type NullableTime = ColumnType<Date | null, Date | null | undefined, Date | null>;
/** jsonb: goes in as JSON text and comes out parsed. */
type Json<T> = ColumnType<T, string, never>;

/**
 * One log of usage: of a gateway process from its start to its end (`log`), or the one for events
 * that come in by the API (`direct`). Stands above organisations.
 */
export interface EpochRow {
  id: Written<string>;
  kind: Written<'log' | 'direct'>;
  host: Written<string>;
  /** An id that the home keeps, wherever it is mounted. */
  home: Written<string>;
  /** Of its log, as it was at the start. */
  folder: Written<string>;
  pid: Written<number>;
  started_at: Written<Date>;
  heartbeat_at: Time;
  /** Set before anybody but the epoch's own poster posts its log; from then on the epoch gets no slices. */
  fenced_at: NullableTime;
  /** Posted to the end, its holds ended and its slices freed. */
  closed_at: NullableTime;
  /** An operator decided that its disk is gone and freed its slices without its log. */
  forgotten_at: NullableTime;
  /** The watermark: everything in the log before it is in Postgres. */
  posted_segment: Count;
  posted_offset: Count;
  posted_record: Count;
  /** Sequence number of the last usage event; they run 1, 2, 3 … without a gap. */
  posted_sequence: Count;
  posted_at: NullableTime;
  /** Every call that ended before this is posted. */
  posted_through: NullableTime;
  /** Hash of the last row of `postings`. */
  chain: Buffer;
  /** What `bill --verify` reports: calls that were admitted and of which a crash left no progress, and what was held for them. */
  lost_calls: Count;
  lost_held: ColumnType<string, string | bigint | undefined, string | bigint>;
  /** Events whose charge by the gateway was not the charge by the poster. An alarm: always 0. */
  charge_mismatches: Count;
}

/** Append-only; the database refuses to change or remove a row. */
export interface UsageEventRow {
  organisation_id: Written<string>;
  /** UUIDv7, given at admission; the same in log, hold and event. */
  id: Written<string>;
  project_id: Written<string>;
  key_id: Written<string | null>;
  /** `call` for the model API; others come by POST /api/usage. */
  kind: Written<string>;
  resource: Written<string>;
  /** Of the project. */
  tier: Written<'standard' | 'contributor'>;
  service_tier: ColumnType<'default' | 'priority' | 'flex', 'default' | 'priority' | 'flex' | undefined, never>;
  /** Admission: the time by which it is rated and to whose month and budget window it belongs. */
  occurred_at: Written<Date>;
  /** When it was posted. */
  recorded_at: Written<Date>;
  /** Bucket → whole number as text. */
  quantities: Json<Record<string, string>>;
  /** What the caller pays: the sum of the rated lines, less `attributes.excess` (text, picodollars) where the hold capped it. */
  charge: Written<string>;
  /** What it cost the operator; null: not known. */
  cost: Written<string | null>;
  currency: Written<string>;
  price_version_id: Written<string | null>;
  outcome: Written<string>;
  counted: Written<string>;
  /**
   * Calls: `hold`, `timings`, `attempts`, `finishReason`, `streamed`; and where there is one `excess`, `dialect`, `route`
   * (`target`, `code`, `words`), `user`, `tags`, `scenario`. See `events/call.ts`, which they come from.
   */
  attributes: Json<Record<string, unknown>>;
  epoch_id: Written<string>;
  sequence: Written<string>;
  /** `eventHash` of the row. */
  hash: Written<Buffer>;
}

/**
 * Sums by organisation, project, key, resource, day (UTC, of `occurred_at`) and bucket. The bucket `total`
 * counts each event once: `charge` there is what is paid. In the other buckets `charge` is the rated lines.
 */
export interface UsageRollupRow {
  organisation_id: Written<string>;
  project_id: Written<string>;
  key_id: Written<string | null>;
  resource: Written<string>;
  /** Comes out as text, YYYY-MM-DD, when selected with `::text`. */
  day: Written<Date | string>;
  bucket: Written<string>;
  quantity: Amount;
  charge: Amount;
  /** Sum over the events whose cost is known. Only in `total`. */
  cost: Amount;
  /** Events whose cost is not known. Only in `total`. */
  cost_unknown: Count;
  events: Count;
  /** Events with outcome `failed`. Only in `total`. */
  failed: Count;
}

/** The same sums by month (its first day), and by day of a project. */
export type UsageMonthRow = Omit<UsageRollupRow, 'day'> & { month: Written<Date | string> };
export type UsageDayRow = Omit<UsageRollupRow, 'key_id' | 'resource'>;

/** Where an organisation's usage events are sent to, and how that goes. */
export interface UsageFeedRow {
  organisation_id: Written<string>;
  id: Written<string>;
  url: Written<string>;
  /** Sealed. */
  secret: ColumnType<Buffer, Buffer, Buffer>;
  /** The one before a rotation, which signs beside it until then. */
  previous_secret: ColumnType<Buffer | null, Buffer | null | undefined, Buffer | null>;
  previous_until: ColumnType<Date | null, Date | null | undefined, Date | null>;
  format: Written<'tandem' | 'stripe'>;
  /** Whom the receiver knows the organisation as. */
  customer: Written<string>;
  created_at: Written<Date>;
  paused_at: NullableTime;
  removed_at: NullableTime;
  /** How often its marks were set anew: what is on its way then does not move them. */
  replays: ColumnType<number, number | undefined, number>;
  /** Events that were taken, repeated ones counted again. */
  sent: Count;
  /** Tries since the last message that was taken. */
  attempts: ColumnType<number, number | undefined, number>;
  due_at: Time;
  failing_since: NullableTime;
  last_sent_at: NullableTime;
  last_status: ColumnType<number | null, number | null | undefined, number | null>;
  last_problem: ColumnType<string | null, string | null | undefined, string | null>;
}

/** Up to which event of a log a feed is taken. */
export interface UsageFeedMarkRow {
  feed_id: Written<string>;
  epoch_id: Written<string>;
  sequence: ColumnType<string, string | bigint, string | bigint>;
}

/** One row per posted batch: `hash` chains the events' hashes in the order of their sequence. */
export interface PostingRow {
  epoch_id: Written<string>;
  first_sequence: Written<string>;
  last_sequence: Written<string>;
  /** `chainHash` of the posting before (32 zero bytes at first) and of the events' hashes. */
  hash: Written<Buffer>;
  posted_at: Written<Date>;
}

/** Calls that are admitted and not ended, as far as the log is posted. */
export interface HoldRow {
  organisation_id: Written<string>;
  epoch_id: Written<string>;
  id: Written<string>;
  /** The admission's record, and the last record of its progress, as they stand in the log. */
  admission: Written<string>;
  progress: ColumnType<string | null, string | null, string | null>;
}

type SubjectKind = 'model' | 'user' | 'tag' | 'key' | 'project';

export interface BudgetRow {
  organisation_id: Written<string>;
  id: Written<string>;
  /** `prepaid`: the balance of a prepaid organisation, kept by the credits. */
  kind: Written<'budget' | 'prepaid'>;
  scope_kind: Written<'organisation' | 'project' | 'key'>;
  scope_id: Written<string>;
  /** Null: all calls of the scope together. Else those of one model, user or tag, or of each model, user, tag, key or project. */
  subject_kind: ColumnType<SubjectKind | null, SubjectKind | null | undefined, never>;
  /** The one that it is for; null beside a kind: each of that kind by itself. */
  subject: ColumnType<string | null, string | null | undefined, never>;
  /** Keys that followed the scope's key by rotation: one budget covers them all. */
  successors: ColumnType<string[], string[] | undefined, string[]>;
  amount: Amount;
  currency: Written<string>;
  period: Written<'day' | 'month' | 'total'>;
  created_at: Written<Date>;
  /** Windows from here on are counted. */
  first_window: Written<Date>;
  removed_at: NullableTime;
  /** Percents of the amount at which the organisation's webhooks are told, rising. */
  alert_shares: ColumnType<number[], number[] | undefined, number[]>;
}

/** spent + leased ≤ amount, unless the amount was lowered after. */
export interface BudgetWindowRow {
  organisation_id: Written<string>;
  budget_id: Written<string>;
  window_start: Written<Date>;
  /** A copy of the budget's, so that one guarded UPDATE of one row decides. */
  amount: Amount;
  /** Charges of all posted events of the scope that were admitted in the window. */
  spent: Amount;
  /** The sum of the window's slices. */
  leased: Amount;
  last_grant: ColumnType<string, string | bigint | undefined, string | bigint>;
}

/** What one epoch may still spend of one window: its holds, its charges that are not posted, and what is free. */
export interface SliceRow {
  organisation_id: Written<string>;
  budget_id: Written<string>;
  window_start: Written<Date>;
  epoch_id: Written<string>;
  amount: Amount;
}

/** As `BudgetWindowRow`, of one name of a budget for each model, user, tag, key or project. */
export interface BudgetNameWindowRow extends BudgetWindowRow {
  /** `=` and the name; `others`: those past the bound together. */
  counted: Written<string>;
}

export interface BudgetNameSliceRow extends SliceRow {
  counted: Written<string>;
}

/** A key that followed others by rotation, and the first of them. */
export interface KeySuccessionRow {
  organisation_id: Written<string>;
  key_id: Written<string>;
  first_id: Written<string>;
}

// Table types of this room, by table name.
export interface LedgerTables {
  key_successions: KeySuccessionRow;
  epochs: EpochRow;
  usage_events: UsageEventRow;
  usage_rollups: UsageRollupRow;
  usage_months: UsageMonthRow;
  usage_days: UsageDayRow;
  usage_feeds: UsageFeedRow;
  usage_feed_marks: UsageFeedMarkRow;
  postings: PostingRow;
  holds: HoldRow;
  budgets: BudgetRow;
  budget_windows: BudgetWindowRow;
  slices: SliceRow;
  budget_name_windows: BudgetNameWindowRow;
  budget_name_slices: BudgetNameSliceRow;
}
