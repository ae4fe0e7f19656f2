import type { ColumnType } from 'kysely';

type Written<T> = ColumnType<T, T, never>;
/** NUMERIC(38,0): picodollars or tokens. Comes out as text. */
type Sum = ColumnType<string, string | bigint, string | bigint>;
type Count = ColumnType<string, string | bigint | number, string | bigint | number>;

/** How far one log is in the sums. Stands above organisations, as epochs do. */
export interface SightMarkRow {
  epoch_id: Written<string>;
  sequence: Count;
}

/** What has rows of its own in a month's sums: users, scenarios and sets of tags are bounded. */
export interface SightNameRow {
  organisation_id: Written<string>;
  month: Written<Date | string>;
  kind: Written<'user' | 'scenario' | 'tags'>;
  name: Written<string>;
}

/** Sums of calls, in the row of the backend that served them; of tries on other backends, the cost alone. */
interface SpendFigures {
  requests: Count;
  /** Calls with the outcome `failed`. */
  failed: Count;
  charge: Sum;
  /** Charges of the calls whose cost is known: what a margin is made of. */
  charge_known: Sum;
  /** Of the calls whose cost is known. */
  cost: Sum;
  /** Calls whose cost is not known. */
  cost_unknown: Count;
  input: Sum;
  cache_read: Sum;
  /** Of either lifetime. */
  cache_write: Sum;
  output: Sum;
  reasoning: Sum;
  /** In and out. */
  audio: Sum;
  image: Sum;
  /** What leased machines cost for these calls, as far as their minutes are split: no part of the cost, since they are paid as leases. */
  machine: ColumnType<string, string | bigint | undefined, string | bigint>;
}

export interface SpendDayRow extends SpendFigures {
  organisation_id: Written<string>;
  /** UTC, of the admission. */
  day: Written<Date | string>;
  project_id: Written<string>;
  key_id: Written<string | null>;
  resource: Written<string>;
  /** The backend's id; empty where none is known. */
  backend: Written<string>;
  tier: Written<string>;
  /** The caller's `user`; empty where none was given, `(other)` past the bound. */
  user_name: Written<string>;
  scenario: Written<string>;
  /** Sorted. */
  tags: Written<string[]>;
}

/** The same by the week, of days that are over. Triggers keep them the sums of those in `spend_days`. */
export interface SpendWeekRow extends Omit<SpendDayRow, 'day'> {
  /** Its Monday. */
  week: Written<Date | string>;
}

/** The days up to and with this one are in the sums by week, the later ones are not. */
export interface SpendWeekMarkRow {
  organisation_id: Written<string>;
  through: ColumnType<Date, Date | string, Date | string>;
}

/** The same as by day without users, scenarios and tags. */
export interface SpendKeyRow extends SpendFigures {
  organisation_id: Written<string>;
  day: Written<Date | string>;
  project_id: Written<string>;
  key_id: Written<string | null>;
  resource: Written<string>;
  backend: Written<string>;
  tier: Written<string>;
}

/** The same without keys and users. */
export interface SpendWordRow extends SpendFigures {
  organisation_id: Written<string>;
  day: Written<Date | string>;
  project_id: Written<string>;
  resource: Written<string>;
  backend: Written<string>;
  tier: Written<string>;
  scenario: Written<string>;
  /** Sorted. */
  tags: Written<string[]>;
}

/** The same by one kind of name alone: every call is in a row of its user, one of its scenario and one of its set of tags. */
export interface SpendLabelRow extends SpendFigures {
  organisation_id: Written<string>;
  kind: Written<'user' | 'scenario' | 'tags'>;
  day: Written<Date | string>;
  project_id: Written<string>;
  /** The user or scenario; empty in rows of tags, which have `tags`. */
  name: Written<string>;
  tags: Written<string[]>;
}

export interface SpendHourRow extends SpendFigures {
  organisation_id: Written<string>;
  hour: Written<Date>;
  project_id: Written<string>;
  resource: Written<string>;
  backend: Written<string>;
  tier: Written<string>;
}

/** A histogram whose buckets grow by 5 %: bucket n holds what is above 1.05^(n-1) and at most 1.05^n. */
export interface LatencyRollupRow {
  organisation_id: Written<string>;
  /** Every call is in the row of its hour and in that of its day: a long range reads few rows. */
  span: Written<'hour' | 'day'>;
  /** Where the hour or day begins, UTC. */
  at: Written<Date>;
  project_id: Written<string>;
  resource: Written<string>;
  backend: Written<string>;
  /** Milliseconds, but for `tokens_per_second`. */
  metric: Written<'first_token' | 'tokens_per_second' | 'whole'>;
  bucket: Written<number>;
  calls: Count;
}

/** One of the newest calls that were answered with an error. Metadata alone: no content, no header. */
export interface CallErrorRow {
  organisation_id: Written<string>;
  /** The request's id: where the call was admitted, also its usage event's. */
  id: Written<string>;
  at: Written<Date>;
  project_id: Written<string | null>;
  key_id: Written<string | null>;
  model: Written<string | null>;
  dialect: Written<string>;
  code: Written<string>;
  status: Written<number>;
  /** The request field that was wrong. */
  param: Written<string | null>;
  /** Null where it could repeat what the caller sent. */
  message: Written<string | null>;
  facts: ColumnType<Record<string, unknown>, string, never>;
}

export interface CallErrorMinuteRow {
  organisation_id: Written<string>;
  minute: Written<Date>;
  project_id: Written<string | null>;
  key_id: Written<string | null>;
  /** Empty where it is not known. */
  model: Written<string>;
  code: Written<string>;
  calls: Count;
}

/** A call's part of what a leased machine cost; each call and machine once. */
export interface MachineCostRow {
  /** Of the call. */
  organisation_id: Written<string>;
  event_id: Written<string>;
  /** By which the call's tries name the machine. */
  backend: Written<string>;
  cost: Written<string | bigint>;
  /** Whether it is in the sums of spend. */
  counted: ColumnType<boolean, boolean | undefined, boolean>;
}

/** What hooks noted about a call: names, and values that are words, numbers or codes. */
export interface CallAnnotationsRow {
  organisation_id: Written<string>;
  /** The request's id. */
  id: Written<string>;
  /** A name to its value; null where the value is not kept. */
  annotations: ColumnType<Record<string, string | null>, string, never>;
  at: Written<Date>;
}

// Table types of plain sight, by table name.
export interface SightTables {
  sight_marks: SightMarkRow;
  sight_names: SightNameRow;
  spend_days: SpendDayRow;
  spend_weeks: SpendWeekRow;
  spend_week_marks: SpendWeekMarkRow;
  spend_keys: SpendKeyRow;
  spend_words: SpendWordRow;
  spend_labels: SpendLabelRow;
  spend_hours: SpendHourRow;
  machine_costs: MachineCostRow;
  latency_rollups: LatencyRollupRow;
  call_errors: CallErrorRow;
  call_error_minutes: CallErrorMinuteRow;
  call_annotations: CallAnnotationsRow;
}
