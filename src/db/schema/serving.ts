import type { ColumnType } from 'kysely';

type Written<T> = ColumnType<T, T, never>;
type NullableTime = ColumnType<Date | null, Date | null | undefined, Date | null>;
type Defaulted<T> = ColumnType<T, T | undefined, T>;
/** jsonb: goes in as JSON text and comes out parsed. */
type WrittenJson<T> = ColumnType<T, string, never>;
type Json<T> = ColumnType<T, string | null | undefined, string | null>;
/** NUMERIC(38,0): picodollars. */
type Amount = ColumnType<string, string | bigint, never>;

/** A model that is served from the fleet. */
export interface ServingRow {
  organisation_id: Written<string>;
  id: Written<string>;
  /** Pays for the leases. */
  project_id: Written<string>;
  /** The alias that callers write. */
  name: Written<string>;
  /** As the engine knows it: a path, a name at a hub, or `tandem/local`. */
  model: Written<string>;
  engine: Written<'vllm' | 'llama-cpp' | 'embedded'>;
  settings: WrittenJson<Record<string, unknown>>;
  /** What each replica leases. */
  lease: WrittenJson<Record<string, unknown>>;
  min_replicas: number;
  max_replicas: number;
  /** Without a call for so long it goes down to its least; null: never. */
  idle_minutes: Defaulted<number | null>;
  /** What a call gets while no replica is there. */
  cold: 'wait' | 'refuse';
  /** Picodollars for each replica: its lease ends before it costs more. */
  at_most: Defaulted<string | null>;
  context_tokens: number | null;
  max_output_tokens: number;
  asked_by: Written<string>;
  wanted: Defaulted<'run' | 'stop'>;
  /** How many there are to be now. */
  replicas: Defaulted<number>;
  /** Why so many, or why none is there. */
  reason: Defaulted<string | null>;
  scaled_at: NullableTime;
  /** When a replica had work last. */
  busy_at: NullableTime;
  /** When a call found no replica last. */
  called_at: NullableTime;
  created_at: Written<Date>;
  stopped_at: NullableTime;
}

/** One engine on one lease. */
export interface ServingReplicaRow {
  organisation_id: Written<string>;
  id: Written<string>;
  serving_id: Written<string>;
  number: Written<number>;
  lease_id: Defaulted<string | null>;
  node_id: Defaulted<string | null>;
  wanted: Defaulted<'run' | 'drain' | 'end'>;
  observed: Defaulted<'asked' | 'leasing' | 'preparing' | 'loading' | 'ready' | 'draining' | 'ending' | 'ended'>;
  reason: Defaulted<string | null>;
  /** What the engine said last. */
  figures: Json<Record<string, number | null> | null>;
  /** The last that its program printed, of one that never became ready. */
  output: Defaulted<string | null>;
  /** Looks in a row at which it did not answer. */
  failures: Defaulted<number>;
  asked_at: Written<Date>;
  leased_at: NullableTime;
  ready_at: NullableTime;
  draining_at: NullableTime;
  ended_at: NullableTime;
  /** So many minutes from its lease's start on are split over tokens. */
  split_minutes: Defaulted<number>;
  /** All of them are. */
  settled_at: NullableTime;
}

export interface ReplicaMinuteRow {
  organisation_id: Written<string>;
  replica_id: Written<string>;
  serving_id: Written<string>;
  at: Written<Date>;
  cost: Amount;
  /** 0: nobody used it. */
  tokens: ColumnType<string, string | bigint, never>;
}

export interface TokenShareRow {
  organisation_id: Written<string>;
  event_id: Written<string>;
  replica_id: Written<string>;
  serving_id: Written<string>;
  at: Written<Date>;
  tokens: ColumnType<string, string | bigint, never>;
  cost: Amount;
  /** What the caller paid for these tokens. */
  charge: Amount;
}

export interface ServingTables {
  servings: ServingRow;
  serving_replicas: ServingReplicaRow;
  replica_minutes: ReplicaMinuteRow;
  token_shares: TokenShareRow;
}
