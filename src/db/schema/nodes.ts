import type { ColumnType } from 'kysely';

/** A key of this installation. Each has one purpose; the newest that is not retired signs, all that are not retired are believed. */
export interface AuthorityRow {
  id: string;
  purpose: 'agent-ca' | 'agent-server' | 'ssh-user' | 'ssh-host' | 'wipe';
  /** SPKI in DER; of SSH keys the line of the public key file. */
  public_key: ColumnType<Buffer, Buffer, never>;
  /** Sealed by the secret file, under the context `authorities.private_key <id>`. */
  private_key: ColumnType<Buffer, Buffer, never>;
  /** X.509 in DER, where the purpose has one. */
  certificate: Buffer | null;
  created_at: ColumnType<Date, Date, never>;
  retired_at: Date | null;
}

/** A machine that runs the agent. */
export interface NodeRow {
  /** Its owner. */
  organisation_id: string;
  id: string;
  name: string;
  /** The name of its pool. */
  pool: string;
  /** SHA-256 of the SPKI of the key that its agent connects with. */
  identity: Buffer;
  /** What the machine calls itself (a hash of its machine-id or serial): a claim. */
  machine: string | null;
  /** `linux-x64`, `linux-arm64` or `darwin-arm64`. */
  platform: string;
  /** Linux in the place of a Mac: not macOS, and no proof of it. */
  stand_in: boolean;
  /** As the agent told it last: a claim. */
  inventory: ColumnType<Record<string, unknown>, string, string>;
  inventory_at: Date | null;
  /** What the person saw who approved the node; null: nobody has. */
  approved_inventory: ColumnType<Record<string, unknown> | null, string | null, string | null>;
  approved_at: Date | null;
  approved_by: string | null;
  wanted: 'serve' | 'cordon' | 'drain' | 'maintain' | 'remove';
  wanted_reason: string | null;
  wanted_by: string | null;
  wanted_at: Date | null;
  /** When what still runs is ended by force. */
  deadline_at: Date | null;
  quarantined_at: Date | null;
  quarantine_reason: string | null;
  health: 'unknown' | 'ok' | 'degraded' | 'sick';
  health_reasons: ColumnType<string[], string, string>;
  agent_version: string | null;
  protocol: number | null;
  /** Changes with every boot of the machine. */
  boot: string | null;
  /** Null: not connected. */
  connected_at: Date | null;
  /** Which server process it is connected to. */
  connected_to: string | null;
  last_seen_at: Date | null;
  certificate_expires_at: Date | null;
  /** When it could first be leased. */
  usable_at: Date | null;
  created_at: ColumnType<Date, Date, never>;
  removed_at: Date | null;
}

/** A token that makes one node. */
export interface NodeEnrolmentRow {
  organisation_id: string;
  id: string;
  token_hash: ColumnType<Buffer, Buffer, never>;
  pool: string;
  /** Null: the machine's own name. */
  node_name: string | null;
  created_by: string;
  created_at: ColumnType<Date, Date, never>;
  expires_at: ColumnType<Date, Date, never>;
  used_at: Date | null;
  node_id: string | null;
}

/** What happened to a node, for people. */
export interface NodeEventRow {
  organisation_id: string;
  id: string;
  node_id: string;
  at: ColumnType<Date, Date, never>;
  kind: string;
  detail: string;
}

/** A server process that agents connect to, for the others. */
export interface ServerProcessRow {
  id: string;
  host: string;
  port: number;
  /** A process that was not seen for a while is gone. */
  seen_at: Date;
}

export interface NodeTables {
  authorities: AuthorityRow;
  nodes: NodeRow;
  node_enrolments: NodeEnrolmentRow;
  node_events: NodeEventRow;
  server_processes: ServerProcessRow;
}
