import type { ColumnType, Generated } from 'kysely';

/** Numeric columns are read and written as text: they hold picodollars. */
type Pico = ColumnType<string, string, never>;

/** A whole machine that is wanted of a provider. */
export interface ProviderOrderRow {
  organisation_id: string;
  id: string;
  /** The caller's own word for it: the same word twice is one order. */
  request_key: ColumnType<string, string, never>;
  /** The account, as the operator named it. */
  provider: ColumnType<string, string, never>;
  offer: ColumnType<string, string, never>;
  ordered_by: ColumnType<string, string, never>;
  /** The most that it may cost at the provider, in all. */
  ceiling: Pico;
  currency: ColumnType<string, string, never>;
  per_hour: Pico;
  minimum_ms: ColumnType<string, number, never>;
  period_ms: ColumnType<string, number, never>;
  wanted: Generated<'have' | 'released'>;
  observed: Generated<'asked' | 'delivering' | 'ready' | 'reinstalling' | 'failed' | 'leaving' | 'gone'>;
  reason: string | null;
  /** The last fault's kind; null: none since the last success. */
  fault: string | null;
  estimate_at: Date | null;
  /** When the provider was first asked for it; written before it is. */
  sent_at: Date | null;
  /** The provider may have a machine of it that is not known here. */
  unclear: Generated<boolean>;
  machine_id: string | null;
  /** How often it was reinstalled. */
  turn: Generated<number>;
  reinstall: Generated<boolean>;
  /** Null: until somebody gives it back or the ceiling is near. */
  needed_until: Date | null;
  billed_since: Date | null;
  deletable_at: Date | null;
  /** Until when what was charged so far lasts. */
  paid_until: Date | null;
  release_at: Date | null;
  delivered_at: Date | null;
  /** When the provider took it back; it may be seen there for a while. */
  left_at: Date | null;
  gone_at: Date | null;
  failures: Generated<number>;
  next_at: Date;
  /** Counts who has taken the row. */
  fence: Generated<string>;
  lock_token: string | null;
  lock_until: Date | null;
  created_at: ColumnType<Date, Date, never>;
  /** The pool that its machine becomes a node of by itself; null: a person enters it. */
  pool: string | null;
  /** Null: the machine's own name. */
  node_name: string | null;
  /** The node that its machine is now. */
  node_id: string | null;
  /** The token that was made for it last. */
  enrolment_id: string | null;
  /** A line of known_hosts without the host: by it the machine is known for as long as it is not reinstalled. */
  host_key: string | null;
  /** `first-use`: the provider reports none, so the first connection proved nothing. */
  host_key_from: 'provider' | 'first-use' | null;
  /** What the machine called itself when it first became a node. */
  machine_hash: string | null;
  /** The last delivery or reinstallation whose machine has become a node. */
  arrived_turn: number | null;
  /** When the next try to make it a node is due. */
  arrive_at: Generated<Date>;
  /** A reinstalled machine is to be a node again by then. */
  arrive_by: Date | null;
  arrival_token: string | null;
  arrival_until: Date | null;
  /** Of machines that were ordered by one command. */
  group_id: string | null;
  /** All of the group are given back unless all came by then; null: as many as come. */
  all_by: Date | null;
}

/** A step on the way from a delivered machine to a node. */
export interface OrderStepRow {
  organisation_id: string;
  order_id: ColumnType<string, string, never>;
  /** The delivery is 0, reinstallations are counted from 1. */
  turn: ColumnType<number, number, never>;
  step: ColumnType<'enter' | 'enrol' | 'connect' | 'password' | 'close' | 'probe', 'enter' | 'enrol' | 'connect' | 'password' | 'close' | 'probe', never>;
  /** `waiting` is tried again by itself; `person`: so is this, rarely, for somebody has to do something first. */
  state: 'working' | 'waiting' | 'person' | 'done';
  attempts: number;
  reason: string | null;
  /** What to do. */
  next: string | null;
  started_at: ColumnType<Date, Date, never>;
  ended_at: Date | null;
}

/** Which node an ordered machine was, by delivery. */
export interface OrderNodeRow {
  organisation_id: string;
  order_id: ColumnType<string, string, never>;
  turn: ColumnType<number, number, never>;
  node_id: ColumnType<string, string, never>;
  at: ColumnType<Date, Date, never>;
}

/** A machine that a provider bills for and no order here knows. Never deleted by itself. */
export interface ProviderOrphanRow {
  provider: string;
  machine_id: string;
  tag: string | null;
  name: string;
  offer: string;
  state: string;
  per_hour: ColumnType<string | null, string | null, string | null>;
  currency: string | null;
  billed_since: Date | null;
  first_seen_at: Date;
  last_seen_at: Date;
}

/** Who has a machine of one's own. */
export interface ProviderClaimRow {
  provider: string;
  machine_id: string;
  tag: string;
  at: Date;
}

export interface ProviderTables {
  provider_orders: ProviderOrderRow;
  order_steps: OrderStepRow;
  order_nodes: OrderNodeRow;
  provider_orphans: ProviderOrphanRow;
  provider_claims: ProviderClaimRow;
}
