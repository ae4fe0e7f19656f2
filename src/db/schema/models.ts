import type { ColumnType } from 'kysely';

type Time = ColumnType<Date, Date, Date>;

/** A server that models run on, added by the API. Those of the operator's file and the local engine have no row. */
export interface BackendRow {
  id: string;
  organisation_id: string;
  name: string;
  url: string;
  /** What it speaks: see the room `models`. */
  kind: ColumnType<string, string | undefined, string>;
  options: ColumnType<Record<string, string>, string | undefined, string>;
  enabled: boolean;
  created_at: Time;
  updated_at: Time;
}

/** One of a backend's keys. */
export interface BackendKeyRow {
  organisation_id: string;
  id: string;
  backend_id: string;
  label: string;
  /** Sealed by the secret file, under the context `backends:<backend id>`. */
  sealed_key: Buffer;
  /** What the backend allows it; null: not known. */
  requests_per_minute: number | null;
  tokens_per_minute: number | null;
  parallel: number | null;
  created_at: Time;
  updated_at: Time;
}

/** A model's name as callers write it. Its columns for one backend are of before names had several targets. */
export interface ModelAliasRow {
  organisation_id: string;
  name: string;
  goal: ColumnType<string, string | undefined, string>;
  regions: ColumnType<string[], string | undefined, string>;
  /** The limits that were given, by their names in the control API. */
  limits: ColumnType<Record<string, unknown>, string | undefined, string>;
  created_at: Time;
}

/** One of the models on backends that a name leads to. */
export interface ModelTargetRow {
  organisation_id: string;
  alias: string;
  position: number;
  /** Of a row here, of the operator's file, or of the local engine. */
  backend_id: string;
  backend_model: string;
  weight: number;
  rank: number;
  region: string | null;
  enabled: boolean;
  context_tokens: number | null;
  max_output_tokens: number;
  cap_field: 'max_tokens' | 'max_completion_tokens';
  can: ColumnType<Record<string, boolean>, string, string>;
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
  backend_keys: BackendKeyRow;
  model_aliases: ModelAliasRow;
  model_targets: ModelTargetRow;
  idempotent_calls: IdempotentCallRow;
}
