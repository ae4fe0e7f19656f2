import type { Clock } from '../base/index.ts';
import { TandemError } from '../base/index.ts';
import type { Database, Executor } from '../db/index.ts';
import { GENESIS, auditHash, cleanText, storableChange, type AuditContent } from './audit-hash.ts';
import { verifyTrail, type AuditVerification } from './audit-verify.ts';
import type { Actor, Principal } from './principal.ts';
import { demand } from './roles.ts';

/** In whose name something is done: a principal, or the system for an organisation. */
export type By = Pick<Principal, 'organisationId' | 'actor'>;

/** The server itself, or its operator at the command line, acting for an organisation. */
export function bySystem(organisationId: string): By {
  return { organisationId, actor: { kind: 'system', id: null, label: 'system' } };
}

export interface AuditEntry {
  /** `noun.verb`, such as `key.create`. */
  readonly action: string;
  readonly resourceKind: string;
  readonly resourceId: string | null;
  /** Changed fields: `{ field: value }` for what is new, `{ field: { from, to } }` for what changed. Never a secret, never content. */
  readonly change: Readonly<Record<string, unknown>>;
}

export interface AuditEventView {
  readonly sequence: number;
  readonly id: string;
  readonly at: string;
  readonly actor: Actor;
  readonly action: string;
  readonly resourceKind: string;
  readonly resourceId: string | null;
  readonly change: Record<string, unknown>;
  readonly hash: string;
}

/** The audit trail: one hash chain per organisation. */
export class Audit {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #newId: () => string;

  constructor(database: Database, clock: Clock, newId: () => string) {
    this.#database = database;
    this.#clock = clock;
    this.#newId = newId;
  }

  /** Starts an organisation's chain. */
  async begin(tx: Executor, organisationId: string): Promise<void> {
    await this.#database.scoped(organisationId, tx).insertInto('audit_heads', { sequence: 0, hash: GENESIS }).execute();
  }

  /**
   * Writes an entry in the transaction of the change that it tells of, so that there is never one
   * without the other. Takes the chain's lock until the transaction ends: call it last.
   */
  async record(tx: Executor, by: By, entry: AuditEntry): Promise<void> {
    const own = this.#database.scoped(by.organisationId, tx);
    const head = await own.selectFrom('audit_heads').select(['sequence', 'hash']).forUpdate().executeTakeFirstOrThrow();
    const at = new Date(this.#clock.nowMs());
    const content: AuditContent = {
      organisationId: by.organisationId,
      sequence: Number(head.sequence) + 1,
      id: this.#newId(),
      at: at.toISOString(),
      actor: { ...by.actor, label: cleanText(by.actor.label) },
      action: entry.action,
      resourceKind: entry.resourceKind,
      resourceId: entry.resourceId === null ? null : cleanText(entry.resourceId),
      change: storableChange(entry.change),
    };
    const hash = auditHash(content, head.hash);
    await own.insertInto('audit_events', {
      sequence: content.sequence, id: content.id, at,
      actor_kind: content.actor.kind, actor_id: content.actor.id, actor_label: content.actor.label,
      action: content.action, resource_kind: content.resourceKind, resource_id: content.resourceId,
      change: JSON.stringify(content.change), previous_hash: head.hash, hash,
    }).execute();
    await own.updateTable('audit_heads').set({ sequence: content.sequence, hash, updated_at: at }).execute();
  }

  /** Newest first. */
  async list(principal: Principal, input: { limit: number; cursor?: string | undefined; action?: string | undefined }): Promise<{ items: AuditEventView[]; nextCursor: string | null }> {
    demand(principal, 'events.read');
    let query = this.#database.scoped(principal.organisationId).selectFrom('audit_events').selectAll()
      .orderBy('sequence', 'desc').limit(input.limit + 1);
    if (input.cursor !== undefined) query = query.where('sequence', '<', sequenceCursor(input.cursor));
    if (input.action !== undefined) query = query.where('action', '=', input.action);
    const rows = await query.execute();
    const items = rows.slice(0, input.limit).map((row): AuditEventView => ({
      sequence: Number(row.sequence), id: row.id, at: row.at.toISOString(),
      actor: { kind: row.actor_kind, id: row.actor_id, label: row.actor_label },
      action: row.action, resourceKind: row.resource_kind, resourceId: row.resource_id, change: row.change, hash: row.hash.toString('hex'),
    }));
    return { items, nextCursor: rows.length > input.limit ? String(items.at(-1)?.sequence) : null };
  }

  /** Recomputes the chain and names its first broken entry. */
  async verify(principal: Principal): Promise<AuditVerification> {
    demand(principal, 'events.read');
    return this.verifyOrganisation(principal.organisationId);
  }

  /** The same for the operator's command line, which has no principal. */
  verifyOrganisation(organisationId: string): Promise<AuditVerification> {
    return verifyTrail(this.#database, organisationId);
  }
}

function sequenceCursor(cursor: string): string {
  if (!/^\d{1,18}$/.test(cursor)) throw new TandemError('invalid_request', { params: { reason: 'The cursor is not one of this list.' }, param: 'cursor' });
  return cursor;
}
