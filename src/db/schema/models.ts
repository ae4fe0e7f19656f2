import type { ColumnType } from 'kysely';

type Time = ColumnType<Date, Date, Date>;

/** A server that models run on, added by the API. Those of the operator's file and the local engine have no row. */
export interface BackendRow {
  id: string;
  organisation_id: string;
  name: string;
  url: string;
  /** Sealed by the secret file, under the context `backends:<id>`. */
  sealed_key: Buffer | null;
  enabled: boolean;
  created_at: Time;
  updated_at: Time;
}

/** A model's name as callers write it. */
export interface ModelAliasRow {
  organisation_id: string;
  name: string;
  /** Of a row here, of the operator's file, or of the local engine. */
  backend_id: string;
  backend_model: string;
  context_tokens: number | null;
  max_output_tokens: number;
  created_at: Time;
}

/** A call that was made with an Idempotency-Key, and its reply once it has one. */
export interface IdempotentCallRow {
  organisation_id: string;
  /** The key, or the member behind a session. */
  caller_id: string;
  idempotency_key: string;
  /** SHA-256 of what was asked. */
  request_hash: Buffer;
  /** `running` until its reply is kept; `cut` when it ended without a whole reply but was charged. */
  state: 'running' | 'done' | 'cut';
  /** Which process answers it. */
  owner: string;
  /** The usage event's id. */
  event_id: string;
  /** Status, headers and body, sealed under the context `idempotent_calls:<event id>`; null while it runs, and when it was too large to keep. */
  sealed_reply: Buffer | null;
  created_at: Time;
  /** When the process last said that the call still runs. */
  alive_at: ColumnType<Date, Date | undefined, Date>;
  expires_at: Time;
}

// Table types of this room, by table name.
export interface ModelsTables {
  backends: BackendRow;
  model_aliases: ModelAliasRow;
  idempotent_calls: IdempotentCallRow;
}
