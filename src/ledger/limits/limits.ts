import { sql } from 'kysely';
import { TandemError, type Clock } from '../../base/index.ts';
import { demand, type Principal } from '../../access/index.ts';
import type { Database, Executor } from '../../db/index.ts';
import { holderInWords, isOf, nameOf, type PathNames } from '../holders/names.ts';
import { demandSubject, type ScopeKind } from '../holders/subject.ts';
import type { AuditPort } from '../ports.ts';
import { LIMITS_CHANNEL, type LimitDirectory } from './directory.ts';
import type { Metric, SubjectKind } from './limit.ts';
import { tidyLimitWindows } from './store.ts';

export interface LimitsOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly audit: AuditPort;
  readonly names: PathNames;
  readonly directory: LimitDirectory;
}

export interface NewLimit {
  readonly scope: { readonly kind: ScopeKind; readonly id: string };
  /** Null: all calls of the scope together. `name` null: each one of the kind by itself. */
  readonly subject: { readonly kind: SubjectKind; readonly name: string | null } | null;
  readonly metric: Metric;
  readonly amount: number;
}

/** The reply form. */
export interface LimitView {
  readonly id: string;
  readonly scope: { readonly kind: ScopeKind; readonly id: string; readonly name: string };
  readonly subject: { readonly kind: SubjectKind; readonly name: string | null } | null;
  readonly metric: Metric;
  readonly amount: number;
  /** In words: whom it holds. */
  readonly holder: string;
  readonly createdAt: string;
}

interface Row {
  id: string;
  scope_kind: ScopeKind;
  scope_id: string;
  subject_kind: SubjectKind | null;
  subject: string | null;
  metric: Metric;
  amount: string;
  created_at: Date;
}

/** Limits on requests, tokens and parallel calls. A change is in force in every process within a second: it is announced when it commits. */
export class Limits {
  readonly #options: LimitsOptions;

  constructor(options: LimitsOptions) {
    this.#options = options;
  }

  async list(principal: Principal): Promise<{ items: LimitView[]; nextCursor: null }> {
    demand(principal, 'budgets.read');
    const { database } = this.#options;
    const rows = await database.scoped(principal.organisationId).selectFrom('limits').selectAll().where('removed_at', 'is', null).orderBy('created_at').orderBy('id').execute();
    const visible = principal.projectId === null ? rows : rows.filter((row) => row.scope_kind === 'project' && row.scope_id === principal.projectId);
    return { items: visible.map((row) => this.#view(row)), nextCursor: null };
  }

  /** @throws TandemError limit_taken, resource_not_found, invalid_request. */
  async create(principal: Principal, input: NewLimit): Promise<LimitView> {
    demand(principal, 'budgets.write');
    this.#demandScope(principal, input.scope);
    demandSubject(input.scope.kind, input.subject, 'limit');
    const { database, clock, newId, audit, directory } = this.#options;
    const id = newId();
    const row: Row = {
      id, scope_kind: input.scope.kind, scope_id: input.scope.id, subject_kind: input.subject?.kind ?? null, subject: input.subject?.name ?? null,
      metric: input.metric, amount: String(input.amount), created_at: new Date(clock.nowMs()),
    };
    await database.transaction(async (tx) => {
      const { rows } = await sql<{ id: string }>`insert into limits (organisation_id, id, scope_kind, scope_id, subject_kind, subject, metric, amount, created_at)
        values (${principal.organisationId}, ${id}, ${row.scope_kind}, ${row.scope_id}, ${row.subject_kind}, ${row.subject}, ${row.metric}, ${row.amount}, ${row.created_at})
        on conflict do nothing returning id`.execute(tx);
      if (rows.length === 0) throw await this.#taken(tx, principal, row);
      await audit.record(tx, principal, { action: 'limit.create', resourceKind: 'limit', resourceId: id, change: { scope: row.scope_kind, scopeId: row.scope_id, subject: row.subject_kind, subjectName: row.subject, metric: row.metric, amount: input.amount } });
      await database.notify(tx, LIMITS_CHANNEL, id);
    });
    await directory.changed(id);
    return this.#view(row);
  }

  /** Lowered below what the minute has used, it refuses until the next; calls that run go on. */
  async update(principal: Principal, id: string, input: { amount: number }): Promise<LimitView> {
    demand(principal, 'budgets.write');
    const { database, directory, audit } = this.#options;
    const view = await database.transaction(async (tx) => {
      const before = await this.#find(tx, principal, id);
      const own = database.scoped(principal.organisationId, tx);
      await own.updateTable('limits').set({ amount: input.amount }).where('id', '=', id).execute();
      await own.updateTable('limit_windows').set({ amount: input.amount }).where('limit_id', '=', id).execute();
      await audit.record(tx, principal, { action: 'limit.update', resourceKind: 'limit', resourceId: id, change: { amount: [Number(before.amount), input.amount] } });
      await database.notify(tx, LIMITS_CHANNEL, id);
      return this.#view({ ...before, amount: String(input.amount) });
    });
    await directory.changed(id);
    return view;
  }

  async remove(principal: Principal, id: string): Promise<void> {
    demand(principal, 'budgets.write');
    const { database, directory, audit, clock } = this.#options;
    await database.transaction(async (tx) => {
      const before = await this.#find(tx, principal, id);
      const own = database.scoped(principal.organisationId, tx);
      await own.updateTable('limits').set({ removed_at: new Date(clock.nowMs()) }).where('id', '=', id).execute();
      await own.deleteFrom('limit_windows').where('limit_id', '=', id).execute();
      await own.deleteFrom('limit_slices').where('limit_id', '=', id).execute();
      await audit.record(tx, principal, { action: 'limit.remove', resourceKind: 'limit', resourceId: id, change: { scope: before.scope_kind, scopeId: before.scope_id, metric: before.metric, amount: Number(before.amount) } });
      await database.notify(tx, LIMITS_CHANNEL, id);
    });
    await directory.changed(id);
  }

  /** Resolves when every limit committed before this call binds in this process. */
  inForce(): Promise<void> {
    return this.#options.directory.refresh();
  }

  /** Whether a key has a limit of its own. */
  async limited(executor: Executor, organisationId: string, keyId: string): Promise<boolean> {
    const { rows } = await sql`select from limits where organisation_id = ${organisationId} and removed_at is null
      and scope_kind = 'key' and (scope_id = ${keyId} or ${keyId}::uuid = any(successors)) limit 1`.execute(executor);
    return rows.length > 0;
  }

  /** A rotated key's limits cover its successor too: one count for both. */
  async carryOver(tx: Executor, organisationId: string, fromKeyId: string, toKeyId: string): Promise<void> {
    const { rows } = await sql<{ id: string }>`update limits set successors = array_append(successors, ${toKeyId}::uuid)
      where organisation_id = ${organisationId} and removed_at is null and scope_kind = 'key' and (scope_id = ${fromKeyId} or ${fromKeyId}::uuid = any(successors))
      returning id`.execute(tx);
    for (const { id } of rows) await this.#options.database.notify(tx, LIMITS_CHANNEL, id);
  }

  /** Forgets minutes that are over. */
  async tidy(): Promise<void> {
    await tidyLimitWindows(this.#options.database, this.#options.clock.nowMs());
  }

  async #find(tx: Executor, principal: Principal, id: string): Promise<Row> {
    const row = await this.#options.database.scoped(principal.organisationId, tx).selectFrom('limits').selectAll().where('id', '=', id).where('removed_at', 'is', null).forUpdate().executeTakeFirst();
    if (row === undefined) throw notHere('limit', id);
    return row;
  }

  async #taken(tx: Executor, principal: Principal, row: Row): Promise<TandemError> {
    const { rows: [taken] } = await sql<{ id: string }>`select id from limits where organisation_id = ${principal.organisationId} and removed_at is null and scope_kind = ${row.scope_kind}
      and scope_id = ${row.scope_id} and metric = ${row.metric} and subject_kind is not distinct from ${row.subject_kind} and subject is not distinct from ${row.subject}`.execute(tx);
    return new TandemError('limit_taken', { params: { metric: row.metric, holder: this.#holder(row), id: taken?.id ?? 'listed by tandem limits' } });
  }

  #view(row: Row): LimitView {
    return {
      id: row.id, scope: { kind: row.scope_kind, id: row.scope_id, name: nameOf({ scopeKind: row.scope_kind, scopeId: row.scope_id }, this.#options.names) },
      subject: row.subject_kind === null ? null : { kind: row.subject_kind, name: row.subject }, metric: row.metric, amount: Number(row.amount),
      holder: this.#holder(row), createdAt: row.created_at.toISOString(),
    };
  }

  #holder(row: Row): string {
    return holderInWords({ scopeKind: row.scope_kind, scopeId: row.scope_id, subjectKind: row.subject_kind, subject: row.subject }, this.#options.names);
  }

  /** A limit is for what belongs to the caller's organisation; what does not is not there. */
  #demandScope({ organisationId }: Principal, { kind, id }: NewLimit['scope']): void {
    if (!isOf(organisationId, { scopeKind: kind, scopeId: id }, this.#options.names)) throw notHere(kind, id);
  }
}

function notHere(kind: string, id: string): TandemError {
  return new TandemError('resource_not_found', { params: { kind, id, verb: `${kind}s` } });
}
