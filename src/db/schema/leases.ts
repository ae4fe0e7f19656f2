import type { ColumnType } from 'kysely';

type Written<T> = ColumnType<T, T, never>;
type Time = ColumnType<Date, Date, Date>;
type NullableTime = ColumnType<Date | null, Date | null | undefined, Date | null>;
type Defaulted<T> = ColumnType<T, T | undefined, T>;
/** jsonb: goes in as JSON text and comes out parsed. */
type Json<T> = ColumnType<T, string | undefined, string>;
type WrittenJson<T> = ColumnType<T, string, never>;
/** NUMERIC(38,0): picodollars. */
type Amount = ColumnType<string, string | bigint | undefined, string | bigint>;

/** What is said of a pool beyond its name; machines may be in pools that have no row. */
export interface PoolRow {
  organisation_id: Written<string>;
  id: Written<string>;
  name: Written<string>;
  /** By which price its machines are leased; null: by what they are. */
  resource: Defaulted<string | null>;
  open_to: Defaulted<'own' | 'all'>;
  /** Where a day is paid at least: by other organisations than the owner, by all, or by nobody. */
  least_day: Defaulted<'others' | 'always' | 'never'>;
  /** A lease that nobody used for so long is told of. */
  idle_minutes: Defaulted<number | null>;
  /** Sessions in leases of it are recorded, whether it was asked for or not. */
  record: Defaulted<boolean>;
  /** For each unit that a lease has; null: its share of the machine. */
  limits: Json<{ cpus: number | null; memoryMb: number | null; processes: number | null; diskMb: number | null } | null>;
  network: Defaulted<'internet' | 'none'>;
  network_allow: Json<string[]>;
  resolvers: Json<string[]>;
  /** IPv4 range in which its machines reach each other: those of one job talk directly over it. Null: through the server. */
  ranks_network: Defaulted<string | null>;
  created_at: Written<Date>;
  removed_at: NullableTime;
}

/** A lease: what is wanted of it, what is known of it, and how far it is paid. */
export interface LeaseRow {
  organisation_id: Written<string>;
  id: Written<string>;
  /** Changes when it is handed over. */
  project_id: string;
  key_id: string | null;
  name: string;
  asked_by: string;
  /** The caller's own: asked twice by it is asked once. */
  request_key: Written<string>;
  /** As it was asked for, to know a repeated request. */
  request: WrittenJson<Record<string, unknown>>;
  /** What placement looks for. */
  wish: WrittenJson<Record<string, unknown>>;
  access: Written<'api' | 'job' | 'shell' | 'root'>;
  wanted: Defaulted<'run' | 'end'>;
  observed: Defaulted<'waiting' | 'reserved' | 'granting' | 'running' | 'ending' | 'wiping' | 'ended'>;
  /** Why it is so, in words. */
  reason: Defaulted<string | null>;
  wait_code: Defaulted<string | null>;
  wait_holders: Json<string[]>;
  forecast_at: NullableTime;
  resource: Written<string>;
  /** The price list as it was when the lease was quoted. */
  price: WrittenJson<Record<string, unknown>>;
  terms: WrittenJson<{ readonly count: number; readonly leastDay: boolean }>;
  quoted_at: Written<Date>;
  /** It ends before it would cost more; null: no such limit. */
  at_most: Defaulted<string | null>;
  /** Rises with every lease that gets machines: a machine refuses what is older than it has seen. */
  fence: ColumnType<string, string | bigint | undefined, string | bigint>;
  /** Not before this; null: as soon as possible. */
  starts_at: NullableTime;
  /** Null: until it is ended. */
  minutes: Defaulted<number | null>;
  /** When it got its machines, and its first money was set aside. */
  placed_at: NullableTime;
  /** When all its machines ran it: from here on it is paid. */
  started_at: NullableTime;
  ends_at: NullableTime;
  /** Nothing of it runs any more: what is paid ends here. */
  stopped_at: NullableTime;
  ended_at: NullableTime;
  /** Minutes since the start that are in the books, and how many of them are paid, or were out of reach. */
  wall_minutes: Defaulted<number>;
  paid_minutes: Defaulted<number>;
  out_minutes: Defaulted<number>;
  /** Paid minutes for which money is set aside. */
  held_minutes: Defaulted<number>;
  charged: Amount;
  outages: Json<{ fromMs: number; untilMs: number | null }[]>;
  /** Minutes before the end at which its people were told. */
  noticed: Json<number[]>;
  /** The last try to set money aside failed. */
  money_short: Defaulted<boolean>;
  idle_minutes: Defaulted<number | null>;
  used_at: NullableTime;
  /** Its sessions are recorded. */
  record: Defaulted<boolean>;
  /** The volume that its home was before; null: its home began empty. */
  from_volume_id: Defaulted<string | null>;
  /** The volume that its home becomes; null: it goes with the lease. */
  keep_volume_id: Defaulted<string | null>;
  lock_token: Defaulted<string | null>;
  lock_until: NullableTime;
  created_at: Written<Date>;
}

/** A lease on one machine. */
export interface LeaseMachineRow {
  organisation_id: Written<string>;
  lease_id: Written<string>;
  machine_id: Written<string>;
  unit_ids: WrittenJson<string[]>;
  stage: Defaulted<'held' | 'granted' | 'stopped' | 'wiped' | 'failed'>;
  /** Up to when it was told that it may run; null: not told yet. */
  granted_until: NullableTime;
  /** It runs there no later than this, whatever became of what was sent; null: nothing was sent. */
  bound_at: NullableTime;
  /** One of its cards there is broken or gone: these minutes are not paid. */
  card_broken: Defaulted<boolean>;
  /** What the machine says really bounds it. */
  bounds: Json<Record<string, unknown> | null>;
  /** What the wipe said. */
  report: Json<Record<string, unknown> | null>;
}

export interface LeaseUnitRow {
  organisation_id: Written<string>;
  machine_id: Written<string>;
  unit_id: Written<string>;
  lease_id: Written<string>;
}

/** Money set aside for an hour of paid minutes. */
export interface LeaseHoldRow {
  organisation_id: Written<string>;
  lease_id: Written<string>;
  from_minute: number;
  to_minute: Written<number>;
  amount: ColumnType<string, string | bigint, string | bigint>;
  windows: WrittenJson<{ budgetId: string; windowStartMs: number; counted: string }[]>;
}

export interface LeaseEventRow {
  organisation_id: Written<string>;
  id: Written<string>;
  lease_id: Written<string>;
  at: Written<Date>;
  kind: Written<string>;
  detail: Defaulted<string>;
}

export interface KeptMachineRow {
  organisation_id: string;
  machine_id: Written<string>;
  until: Time;
}

export interface LeaseQuotaRow {
  organisation_id: Written<string>;
  scope_kind: Written<'organisation' | 'project'>;
  scope_id: Written<string>;
  nodes: Defaulted<number | null>;
  gpus: Defaulted<number | null>;
  leases: Defaulted<number | null>;
  id: Defaulted<string>;
  /** Set by the operator for an organisation, which cannot take it away. */
  by_operator: Defaulted<boolean>;
  /** What providers may bill for it in a month, picodollars of the organisation's currency. */
  spend: ColumnType<string | null, string | null, string | null>;
  set_by: Defaulted<string>;
  created_at: Defaulted<Date>;
  /** bigint. Rises whenever it is set or more of it is used. */
  revision: Defaulted<string>;
}

/** Lets one person open a lease's screen or a terminal, once. */
export interface LeaseTicketRow {
  organisation_id: Written<string>;
  hash: Written<Buffer>;
  lease_id: Written<string>;
  /** Whose it is: nobody else can use it. */
  actor_id: Written<string>;
  /** What it opens. */
  kind: Written<'screen' | 'terminal'>;
  mode: Written<'control' | 'view'>;
  /** Who made it: somebody who looks already can let another one look, too. */
  given_by: Written<string>;
  created_at: Written<Date>;
  expires_at: Written<Date>;
}

/** What a lease runs once. */
export interface LeaseJobRow {
  organisation_id: Written<string>;
  lease_id: Written<string>;
  /** The command and its environment, which may hold secrets. */
  sealed_order: Written<Buffer>;
  /** The lease stays when its job has ended. */
  keep_open: Written<boolean>;
  state: Defaulted<'waiting' | 'running' | 'ended' | 'cut' | 'lost' | 'failed'>;
  exit_code: Defaulted<number | null>;
  /** Why it never began, in words. */
  reason: Defaulted<string | null>;
  started_at: NullableTime;
  ended_at: NullableTime;
  /** The end of what it printed, and where in all of it that begins. bigint. */
  sealed_log: ColumnType<Buffer | null, Buffer | null | undefined, Buffer | null>;
  log_from: ColumnType<string | null, number | null | undefined, number | null>;
  log_total: ColumnType<string | null, number | null | undefined, number | null>;
  /** Of a job over several machines: when all of them were ready, from when on each begins. */
  set_off_at: NullableTime;
  /** By which way its machines talk; null: one machine, or not decided yet. */
  way: Defaulted<'direct' | 'server' | null>;
  /** Why not directly. */
  way_reason: Defaulted<string | null>;
  /** Names the Ethernet of its machines, while the lease may run on one of them. No two jobs have the same. */
  vni: Defaulted<number | null>;
  /** The first whose end ended the others. */
  failed_rank: Defaulted<number | null>;
  /** By then the others have ended. Null: nothing ends them. */
  stop_until: NullableTime;
  /** Of a job over several machines: the process that keeps it, alone until then. */
  kept_by: Defaulted<string | null>;
  kept_until: NullableTime;
}

/** A job over several machines, on one of them. */
export interface LeaseJobRankRow {
  organisation_id: Written<string>;
  lease_id: Written<string>;
  rank: Written<number>;
  machine_id: Written<string>;
  state: Defaulted<'waiting' | 'running' | 'ended' | 'cut' | 'lost' | 'failed'>;
  exit_code: Defaulted<number | null>;
  reason: Defaulted<string | null>;
  started_at: NullableTime;
  ended_at: NullableTime;
  /** Since when its machine is out of reach. */
  away_since: NullableTime;
  /** The address that its machine says it has in its pool's network. */
  underlay: Defaulted<string | null>;
  /** The end of what it printed, and where in all of it that begins. bigint. */
  sealed_log: ColumnType<Buffer | null, Buffer | null | undefined, Buffer | null>;
  log_from: ColumnType<string | null, number | null | undefined, number | null>;
  log_total: ColumnType<string | null, number | null | undefined, number | null>;
}

/** A lease's home that is kept on its machine. */
export interface VolumeRow {
  organisation_id: Written<string>;
  id: Written<string>;
  project_id: Written<string>;
  name: string;
  machine_id: Written<string>;
  /** `new`: a lease's home becomes it. `in-use`: a lease has it for its home. */
  state: 'new' | 'in-use' | 'kept' | 'removing' | 'removed' | 'lost';
  reason: Defaulted<string | null>;
  /** Whose home it is to become, or is. */
  lease_id: Defaulted<string | null>;
  /** bigint. Null: not counted yet. */
  files: Defaulted<string | null>;
  bytes: Defaulted<string | null>;
  /** How long it is kept after a lease. */
  days: number;
  made_by: Written<string>;
  created_at: Written<Date>;
  kept_at: NullableTime;
  expires_at: NullableTime;
  /** Nothing of it is there any more. */
  ended_at: NullableTime;
  /** Since when its hours are counted. */
  metered_from: NullableTime;
  /** How many of them are in the books, or had no price. */
  metered_hours: Defaulted<number>;
  /** When its last hour was. Null: it goes on, or all of it is in the books. */
  metered_until: NullableTime;
  /** What those hours were charged. */
  charged: Amount;
}

/** What one wipe after a lease did and looked at. Written once. */
export interface LeaseWipeRow {
  /** Of the lease that was wiped. */
  organisation_id: Written<string>;
  id: Written<string>;
  lease_id: Written<string>;
  machine_id: Written<string>;
  unit_ids: WrittenJson<string[]>;
  clean: Written<boolean>;
  /** Who wiped. */
  by: Written<'agent' | 'provider' | 'mdm'>;
  method: Written<'reset' | 'repartition' | 'overwrite' | 'reinstall' | 'erase'>;
  report: WrittenJson<{ evidence: string[]; unchecked: string[]; canaries: { planted: string[]; found: string[] }; versions: Record<string, string> }>;
  began_at: Written<Date>;
  ended_at: Written<Date>;
  /** The key that signed. */
  key_id: Written<string>;
  /** JWS, compact. */
  certificate: Written<string>;
}

/** A machine that is wiped from outside after a lease with root. */
export interface OutsideWipeRow {
  organisation_id: string;
  lease_id: ColumnType<string, string, never>;
  machine_id: ColumnType<string, string, never>;
  by: ColumnType<'provider' | 'mdm', 'provider' | 'mdm', never>;
  /** The order that its machine came by. */
  order_id: ColumnType<string | null, string | null, never>;
  /** How often that machine had been reinstalled before. */
  turn: ColumnType<number | null, number | null, never>;
  /** The MDM server's name for the Mac. */
  device: ColumnType<string | null, string | null, never>;
  /** The MDM command's id: the same one is sent again after a crash. */
  command: ColumnType<string | null, string | null, never>;
  asked_at: ColumnType<Date, Date, never>;
  /** When the MDM server took the command. */
  sent_at: Date | null;
  /** By then the machine is a node again, or the wipe has failed. */
  deadline_at: ColumnType<Date, Date, never>;
}

export interface LeaseTables {
  outside_wipes: OutsideWipeRow;
  lease_wipes: LeaseWipeRow;
  volumes: VolumeRow;
  lease_tickets: LeaseTicketRow;
  pools: PoolRow;
  leases: LeaseRow;
  lease_machines: LeaseMachineRow;
  lease_units: LeaseUnitRow;
  lease_holds: LeaseHoldRow;
  lease_events: LeaseEventRow;
  lease_jobs: LeaseJobRow;
  lease_job_ranks: LeaseJobRankRow;
  kept_machines: KeptMachineRow;
  lease_quotas: LeaseQuotaRow;
}
