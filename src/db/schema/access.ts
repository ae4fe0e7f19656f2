import type { ColumnType, Generated } from 'kysely';

type Time = ColumnType<Date, Date, Date>;
type NullableTime = ColumnType<Date | null, Date | null | undefined, Date | null>;
type RoleName = 'owner' | 'admin' | 'developer' | 'viewer';
/** jsonb: an object or array goes in as JSON text and comes out parsed. */
type Json<T> = ColumnType<T, string, string>;

export interface OrganisationRow {
  id: string;
  name: string;
  slug: string;
  /** ISO 4217; one per organisation, and never changed once there is money in it. */
  currency: string;
  billing: 'postpaid' | 'prepaid';
  /** Whether content may be kept for functions that need it: stored responses, files, batches. */
  store: ColumnType<boolean, boolean | undefined, boolean>;
  created_at: Time;
}

export interface ProjectRow {
  id: string;
  organisation_id: string;
  name: string;
  /** The name with case, width and look-alike letters folded: two projects that read alike are one name. */
  name_folded: string;
  slug: string;
  /** `contributor` exactly while the project consents: see `consents`. */
  tier: 'standard' | 'contributor';
  /** As for the organisation; content is kept only where both say so. */
  store: ColumnType<boolean, boolean | undefined, boolean>;
  /** When its content was purged last. What began before is not kept. */
  content_purged_at: NullableTime;
  /** Since when, and by whose word, it pays for attempts that did not deliver; both null: it does not. */
  pays_attempts_at: NullableTime;
  pays_attempts_by: ColumnType<string | null, string | null | undefined, string | null>;
  created_at: Time;
  archived_at: NullableTime;
}

export interface MemberRow {
  id: string;
  organisation_id: string;
  /** Lower case. */
  email: string;
  name: string;
  role: RoleName;
  oidc_issuer: string | null;
  oidc_subject: string | null;
  created_at: Time;
  /** Removed members stay as rows: the audit trail and old keys name them. */
  removed_at: NullableTime;
}

export interface ServiceAccountRow {
  id: string;
  organisation_id: string;
  project_id: string | null;
  name: string;
  role: RoleName;
  created_at: Time;
  disabled_at: NullableTime;
}

export interface InvitationRow {
  id: string;
  organisation_id: string;
  email: string;
  role: RoleName;
  token_hash: Buffer;
  invited_by: string;
  created_at: Time;
  expires_at: Time;
  accepted_at: NullableTime;
  revoked_at: NullableTime;
}

export interface ApiKeyRow {
  id: string;
  organisation_id: string;
  /** Null: every project of the organisation. */
  project_id: string | null;
  name: string;
  /** The first characters of the key, to tell keys apart. */
  prefix: string;
  /** SHA-256 of the whole key; the key itself is never stored. */
  hash: Buffer;
  role: RoleName;
  owner_kind: 'member' | 'service-account';
  owner_id: string;
  /** Aliases the key may call; null: all. */
  models: Json<string[]> | null;
  created_at: Time;
  expires_at: NullableTime;
  revoked_at: NullableTime;
  replaced_by: string | null;
  /** How long its replies are kept for the same request again; null: not at all. */
  cache_seconds: ColumnType<number | null, number | null | undefined, number | null>;
  last_used_at: NullableTime;
}

export interface SessionRow {
  id: string;
  organisation_id: string;
  token_hash: Buffer;
  /** Exactly one of the two: a session acts as a member, or with the rights of the key that opened it. */
  member_id: string | null;
  key_id: string | null;
  created_at: Time;
  last_seen_at: Time;
  expires_at: Time;
  ended_at: NullableTime;
}

export interface SignInLinkRow {
  id: string;
  organisation_id: string;
  token_hash: Buffer;
  member_id: string | null;
  key_id: string | null;
  created_at: Time;
  expires_at: Time;
  used_at: NullableTime;
}

/** The state of an OIDC sign-in that was finished: it is not taken twice. */
export interface OidcSignInRow {
  state_hash: Buffer;
  organisation_id: string;
  expires_at: Time;
}

export interface AuditEventRow {
  organisation_id: string;
  /** 1, 2, 3 … per organisation, without gaps. */
  sequence: ColumnType<string, number, never>;
  id: string;
  at: ColumnType<Date, Date, never>;
  actor_kind: 'key' | 'member' | 'service-account' | 'system';
  actor_id: string | null;
  actor_label: string;
  action: string;
  resource_kind: string;
  resource_id: string | null;
  change: Json<Record<string, unknown>>;
  previous_hash: Buffer;
  hash: Buffer;
}

/** Where an organisation's chain ends: without it a cut-off tail could not be seen. */
export interface AuditHeadRow {
  organisation_id: string;
  sequence: ColumnType<string, number, number>;
  hash: Buffer;
  updated_at: Generated<Date>;
}

// Table types of this room, by table name.
export interface AccessTables {
  organisations: OrganisationRow;
  projects: ProjectRow;
  members: MemberRow;
  service_accounts: ServiceAccountRow;
  invitations: InvitationRow;
  api_keys: ApiKeyRow;
  sessions: SessionRow;
  sign_in_links: SignInLinkRow;
  oidc_sign_ins: OidcSignInRow;
  audit_events: AuditEventRow;
  audit_heads: AuditHeadRow;
}
