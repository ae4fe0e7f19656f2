import type { ColumnType } from 'kysely';

type Written<T> = ColumnType<T, T, never>;
/** bigint: comes out as text. */
type Count = ColumnType<string, string | bigint | number, string | bigint | number>;
type Time = ColumnType<Date, Date, Date>;
type NullableTime = ColumnType<Date | null, Date | null | undefined, Date | null>;
type Nullable<T> = ColumnType<T | null, T | null | undefined, T | null>;

export interface LimitRow {
  organisation_id: Written<string>;
  id: Written<string>;
  /** Whose calls are counted. */
  scope_kind: Written<'organisation' | 'project' | 'key'>;
  scope_id: Written<string>;
  /** Keys that followed the scope's key by rotation: one limit covers them all. */
  successors: ColumnType<string[], string[] | undefined, string[]>;
  /** Null: all calls of the scope together. Else calls of the scope are counted by this, each by itself. */
  subject_kind: Written<'project' | 'key' | 'model' | 'user' | 'tag' | null>;
  /** The one that is limited; null: each of that kind. */
  subject: Written<string | null>;
  metric: Written<'requests' | 'tokens' | 'parallel'>;
  /** A minute, or at once. */
  amount: Count;
  created_at: Written<Date>;
  removed_at: NullableTime;
}

/** leased ≤ amount, unless the amount was lowered after. */
export interface LimitWindowRow {
  organisation_id: Written<string>;
  limit_id: Written<string>;
  /** Who is counted: empty for a limit without a subject, else a hash of the subject's name. */
  counted: Written<string>;
  /** A minute of the clock; for parallel calls, which have no minute, 1970. */
  window_start: Written<Date>;
  amount: Count;
  leased: Count;
  last_grant: ColumnType<string, string | bigint | undefined, string | bigint>;
}

/** What one epoch has leased of a window: used, held and free together. */
export interface LimitSliceRow {
  organisation_id: Written<string>;
  limit_id: Written<string>;
  counted: Written<string>;
  window_start: Written<Date>;
  epoch_id: Written<string>;
  amount: Count;
}

export interface WebhookEndpointRow {
  organisation_id: Written<string>;
  id: Written<string>;
  url: Written<string>;
  /** Sealed by the secret file. */
  secret: ColumnType<Buffer, Buffer, Buffer>;
  /** The one before a rotation, which signs beside it until then. */
  previous_secret: ColumnType<Buffer | null, Buffer | null | undefined, Buffer | null>;
  previous_until: ColumnType<Date | null, Date | null | undefined, Date | null>;
  events: Written<string[]>;
  created_at: Written<Date>;
  removed_at: NullableTime;
}

/** One message to one endpoint, sent until it is taken or given up. */
export interface WebhookDeliveryRow {
  organisation_id: Written<string>;
  /** Sent as `webhook-id`: the same at every try, so that a receiver knows a message that comes again. */
  id: Written<string>;
  endpoint_id: Written<string>;
  event: Written<string>;
  /** What it tells of: the same thing is told an endpoint once. */
  subject: Written<string>;
  /** JSON text; its bytes are signed. */
  body: Written<string>;
  created_at: Written<Date>;
  due_at: Time;
  attempts: ColumnType<number, number | undefined, number>;
  delivered_at: NullableTime;
  given_up_at: NullableTime;
  last_status: Nullable<number>;
  last_problem: Nullable<string>;
}

/** A share of a budget's window that was reached. */
export interface BudgetAlertRow {
  organisation_id: Written<string>;
  budget_id: Written<string>;
  window_start: Written<Date>;
  share: Written<number>;
  spent: ColumnType<string, string | bigint, never>;
  amount: ColumnType<string, string | bigint, never>;
  at: Written<Date>;
}

/** The same of one name of a budget for each model, user or tag. */
export interface BudgetNameAlertRow extends BudgetAlertRow {
  counted: Written<string>;
}

// Table types by table name.
export interface LimitTables {
  limits: LimitRow;
  limit_windows: LimitWindowRow;
  limit_slices: LimitSliceRow;
  webhook_endpoints: WebhookEndpointRow;
  webhook_deliveries: WebhookDeliveryRow;
  budget_alerts: BudgetAlertRow;
  budget_name_alerts: BudgetNameAlertRow;
}
