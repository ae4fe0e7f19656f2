import type { Schema } from '../../db/index.ts';

/** For which function content is kept; nothing else may use it. */
export type Purpose = Schema['contents']['purpose'];

/** Whose content it is and what for. */
export interface ContentHead {
  readonly organisationId: string;
  readonly projectId: string;
  /** Null: a member kept it. */
  readonly keyId: string | null;
  readonly purpose: Purpose;
  /** As callers know it, unique in the organisation: `resp_…`, `file-…`. At most 200 characters. */
  readonly id: string;
  /** UTC milliseconds: when that began of which this is kept, a call by the time in its id. A purge holds for all that began before it. */
  readonly beganMs: number;
  /** UTC milliseconds; null: until it is deleted. Default: 30 days from now, as `store` has it in OpenAI's API. */
  readonly expiresAtMs?: number | null;
  /** Of files: the purpose in OpenAI's sense. */
  readonly kind?: string;
  /** The id of what it belongs to: `removeOf` removes all of them. */
  readonly belongsTo?: string;
  /** What is said about it, as JSON values: sealed too. Never listed by. */
  readonly about?: Readonly<Record<string, unknown>>;
}

export interface NewContent extends ContentHead {
  readonly value: string | Uint8Array;
}

/** A content without its bytes. */
export interface StoredContent {
  readonly id: string;
  readonly organisationId: string;
  readonly projectId: string;
  readonly keyId: string | null;
  readonly purpose: Purpose;
  readonly kind: string | null;
  readonly belongsTo: string | null;
  readonly about: Readonly<Record<string, unknown>>;
  readonly bytes: number;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | null;
}

/** How much is kept of one project for one function. */
export interface ContentTotal {
  readonly projectId: string;
  readonly purpose: Purpose;
  readonly count: number;
  readonly bytes: number;
  /** ISO 8601, UTC. */
  readonly oldest: string;
}
