import type { ColumnType } from 'kysely';

/** An address that is asked before a call goes on. */
export interface HookRow {
  organisation_id: string;
  id: string;
  /** Null: of the whole organisation. */
  project_id: string | null;
  name: string;
  url: string;
  /** Sealed by the secret file, under the context `hooks.secret <id>`. */
  secret: ColumnType<Buffer, Buffer, Buffer>;
  /** The one before a rotation, which signs beside it until then. */
  previous_secret: ColumnType<Buffer | null, Buffer | null | undefined, Buffer | null>;
  previous_until: ColumnType<Date | null, Date | null | undefined, Date | null>;
  deadline_ms: number;
  /** What it is asked about. */
  stage: 'request' | 'reply' | 'both';
  /** What becomes of a call when the hook fails: it goes on, or it does not. */
  on_failure: 'open' | 'closed';
  enabled: boolean;
  created_at: ColumnType<Date, Date, never>;
  /** Questions, and how many of them had no answer that could be used. */
  asked: ColumnType<string, never, never>;
  failed: ColumnType<string, never, never>;
}

/** One of the newest questions without an answer that could be used. Nothing of what was asked. */
export interface HookFailureRow {
  organisation_id: string;
  id: string;
  hook_id: string;
  /** The request's id. */
  call_id: string;
  stage: 'request' | 'reply';
  problem: string;
  at: ColumnType<Date, Date, never>;
}

export interface HookTables {
  hooks: HookRow;
  hook_failures: HookFailureRow;
}
