import type { Selectable } from 'kysely';
import type { Schema } from '../db/index.ts';
import { iso, type AccessContext } from './context.ts';
import type { Actor } from './principal.ts';
import type { Role } from './role.ts';

export type KeyRow = Selectable<Schema['api_keys']>;

/** `rotating`: it has a successor and works until `expiresAt`. */
export type KeyState = 'active' | 'rotating' | 'expired' | 'revoked';

/** A key as replies show it, but for its budget, which is the ledger's: the route adds it. */
export interface KeyView {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly projectId: string | null;
  readonly projectName: string | null;
  readonly role: Role;
  readonly owner: Actor;
  readonly models: string[] | null;
  readonly state: KeyState;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  readonly lastUsedAt: string | null;
  readonly replacedBy: string | null;
  /** How long its replies are kept for the same request again; null: not at all. */
  readonly cacheSeconds: number | null;
}

export function keyState(row: Pick<KeyRow, 'revoked_at' | 'expires_at' | 'replaced_by'>, nowMs: number): KeyState {
  if (row.revoked_at !== null) return 'revoked';
  if (row.expires_at !== null && row.expires_at.getTime() <= nowMs) return 'expired';
  return row.replaced_by === null ? 'active' : 'rotating';
}

export function keyView(context: Pick<AccessContext, 'directory' | 'clock'>, row: KeyRow): KeyView {
  const { directory, clock } = context;
  const unwritten = directory.unwrittenUseMs(row.id);
  const lastUsedAt = unwritten === null ? row.last_used_at : new Date(Math.max(unwritten, row.last_used_at?.getTime() ?? 0));
  return {
    id: row.id, name: row.name, prefix: row.prefix,
    projectId: row.project_id, projectName: row.project_id === null ? null : directory.projectName(row.project_id),
    role: row.role, owner: { kind: row.owner_kind, id: row.owner_id, label: directory.ownerLabel(row.owner_kind, row.owner_id) },
    models: row.models, state: keyState(row, clock.nowMs()),
    createdAt: iso(row.created_at), expiresAt: iso(row.expires_at), revokedAt: iso(row.revoked_at), lastUsedAt: iso(lastUsedAt), replacedBy: row.replaced_by, cacheSeconds: row.cache_seconds,
  };
}
