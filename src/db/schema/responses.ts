import type { ColumnType } from 'kysely';

/** In which kept response an item stands. */
export interface ResponseItemRow {
  organisation_id: string;
  project_id: string;
  /** As callers know it: `msg_…`, `rs_…`. */
  item_id: string;
  /** A content of the purpose `response`. */
  response_id: string;
}

/** A response that runs in the background and has not ended. What it was asked stands in the content of the same id. */
export interface ResponseJobRow {
  organisation_id: string;
  id: string;
  project_id: string;
  /** In whose name it runs: a key, or the member behind a session. */
  key_id: string | null;
  member_id: string | null;
  /** Whether its events are kept for readers. */
  streamed: boolean;
  state: 'queued' | 'running';
  created_at: ColumnType<Date, Date, never>;
  /** The process that runs it. */
  lease_owner: string | null;
  /** Counts who has taken it: only the last may end it. */
  lease_token: ColumnType<string, string | number | undefined, string | number>;
  lease_until: ColumnType<Date | null, Date | null | undefined, Date | null>;
}

// Table types of this room, by table name.
export interface ResponseTables {
  response_items: ResponseItemRow;
  response_jobs: ResponseJobRow;
}
