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
  secret: ColumnType<Buffer, Buffer, never>;
  deadline_ms: number;
  /** What it is asked about. */
  stage: 'request' | 'reply' | 'both';
  /** What becomes of a call when the hook fails: it goes on, or it does not. */
  on_failure: 'open' | 'closed';
  enabled: boolean;
  created_at: ColumnType<Date, Date, never>;
}

export interface HookTables {
  hooks: HookRow;
}
