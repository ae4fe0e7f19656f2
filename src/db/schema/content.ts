import type { ColumnType } from 'kysely';

type Time = ColumnType<Date, Date, Date>;
type NullableTime = ColumnType<Date | null, Date | null | undefined, Date | null>;
type Count = ColumnType<string, string | bigint | number, string | bigint | number>;
/** jsonb: goes in as JSON text and comes out parsed. */
type Json<T> = ColumnType<T, string | undefined, string>;

/** Something that is kept for a function the caller asked for, or by a project's consent. Its bytes are in `content_pieces`. */
export interface ContentRow {
  organisation_id: string;
  /** As callers know it: `resp_…`, `file-…`. */
  id: string;
  purpose: 'response' | 'background' | 'file' | 'batch' | 'contribution' | 'feedback' | 'cache';
  /** Of files: the purpose in OpenAI's sense. */
  kind: string | null;
  project_id: string;
  key_id: string | null;
  /** Another content, a batch or a usage event. */
  belongs_to: string | null;
  /** JSON of what is said about it (a file's name), sealed under `contents:<id>:about`. */
  sealed_about: Buffer | null;
  bytes: Count;
  /** False while it is written: then nobody reads it. */
  whole: boolean;
  created_at: Time;
  /** Null: kept until it is deleted. */
  expires_at: NullableTime;
}

/** A piece of a content, sealed under `contents:<id>:<piece>`. */
export interface ContentPieceRow {
  organisation_id: string;
  content_id: string;
  /** 0, 1, 2 … */
  piece: number;
  sealed: Buffer;
}

export type BatchState = 'validating' | 'failed' | 'in_progress' | 'finalizing' | 'completed' | 'expired' | 'cancelling' | 'cancelled';

/** A batch of calls in OpenAI's form. */
export interface BatchRow {
  organisation_id: string;
  id: string;
  project_id: string;
  /** In whose name its lines run: a key, or the member behind a session. */
  key_id: string | null;
  member_id: string | null;
  endpoint: string;
  input_file_id: string;
  state: BatchState;
  /** The caller's metadata as JSON, sealed under `batches:<id>`. */
  sealed_metadata: Buffer | null;
  /** What is wrong with the input file. */
  faults: Json<{ code: string; line: number | null; message: string; param: string | null }[]>;
  output_file_id: string | null;
  error_file_id: string | null;
  /** How long output files are kept; null: as long as the default. */
  output_seconds: ColumnType<string | null, number | null, number | null>;
  total: ColumnType<number, number | undefined, number>;
  completed: ColumnType<number, number | undefined, number>;
  failed: ColumnType<number, number | undefined, number>;
  usage: Json<Record<string, number>>;
  created_at: Time;
  expires_at: Time;
  in_progress_at: NullableTime;
  finalizing_at: NullableTime;
  completed_at: NullableTime;
  failed_at: NullableTime;
  expired_at: NullableTime;
  cancelling_at: NullableTime;
  cancelled_at: NullableTime;
  /** Which process works on it, under which token, until when. */
  lease_owner: ColumnType<string | null, string | null | undefined, string | null>;
  lease_token: ColumnType<string, number | undefined, number>;
  lease_until: NullableTime;
}

/** One line of a batch's input. */
export interface BatchLineRow {
  organisation_id: string;
  batch_id: string;
  /** 1, 2, 3 … as in the input file, empty lines not counted. */
  line: number;
  /** The line, sealed under `batch_lines:<batch>:<line>:request`; null once it has a result. */
  sealed_request: Buffer | null;
  state: 'waiting' | 'running' | 'done' | 'failed';
  attempts: ColumnType<number, number | undefined, number>;
  /** The call's id of each attempt, which is also its usage event's. */
  call_ids: ColumnType<string[], string[] | undefined, string[]>;
  /** The log in which the last attempt is written. */
  epoch_id: ColumnType<string | null, string | null | undefined, string | null>;
  /** An attempt of before was delivered and charged, and its reply lost in a crash: the next one is not charged. */
  delivered: ColumnType<boolean, boolean | undefined, boolean>;
  /** The line of the output or error file, sealed under `batch_lines:<batch>:<line>:result`. */
  sealed_result: ColumnType<Buffer | null, Buffer | null | undefined, Buffer | null>;
}

/** Whether a project contributes its content. The trail of audit has the history. */
export interface ConsentRow {
  organisation_id: string;
  project_id: string;
  text_version: string;
  given_by: string;
  given_at: Time;
  withdrawn_by: string | null;
  withdrawn_at: Date | null;
}

/** What somebody said of a reply. Comments and edits are content of their own. */
export interface FeedbackRow {
  organisation_id: string;
  id: string;
  project_id: string;
  key_id: string | null;
  /** Who says it: a name that the caller gives, or the key. */
  author: string;
  /** The reply's usage event. */
  event_id: string;
  /** The id of the reply as the caller knows it. */
  reply_id: string;
  kind: string;
  /** −1 to 1. */
  rating: number | null;
  outcome: string | null;
  scenario: string | null;
  /** The model, of the event where it is posted already. */
  resource: string | null;
  /** Comment and edit, in `contents`; null where there are none or the project does not consent. */
  content_id: string | null;
  created_at: Time;
  updated_at: Time;
}

// Table types of this room, by table name.
/** How many calls of a consenting project were not kept, and why. */
export interface ContributionLossRow {
  organisation_id: string;
  project_id: string;
  reason: 'too_many' | 'too_large' | 'failed';
  calls: Count;
  last_at: Time;
}

export interface ContentTables {
  contents: ContentRow;
  content_pieces: ContentPieceRow;
  batches: BatchRow;
  batch_lines: BatchLineRow;
  consents: ConsentRow;
  contribution_losses: ContributionLossRow;
  feedback: FeedbackRow;
}
