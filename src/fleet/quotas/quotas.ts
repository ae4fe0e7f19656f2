import type { Selectable } from 'kysely';
import { TandemError } from '../../base/index.ts';
import { demand, type Access, type Principal } from '../../access/index.ts';
import type { Database, Schema } from '../../db/index.ts';

type Row = Selectable<Schema['lease_quotas']>;

/** What an organisation or a project may have at a time, and what providers may bill for it in a month. Null: no limit. */
export interface QuotaView {
  readonly id: string;
  readonly scope: { readonly kind: 'organisation' | 'project'; readonly id: string; readonly name: string };
  readonly nodes: number | null;
  readonly gpus: number | null;
  readonly leases: number | null;
  /** Picodollars of a calendar month (UTC). */
  readonly spend: { readonly amount: string; readonly currency: string } | null;
  readonly byOperator: boolean;
  readonly setBy: string;
  readonly createdAt: string;
}

export interface NewQuota {
  readonly scope: { readonly kind: 'organisation' | 'project'; readonly id: string };
  readonly nodes: number | null;
  readonly gpus: number | null;
  readonly leases: number | null;
  /** In the organisation's own currency. */
  readonly spend: string | null;
}

export interface QuotasOptions {
  readonly database: Database;
  readonly access: Pick<Access, 'audit' | 'directory'>;
}

/** Quotas, as people set them. An organisation sets its own; the operator sets those of other organisations, which these cannot take away. */
export class Quotas {
  readonly #options: QuotasOptions;

  constructor(options: QuotasOptions) {
    this.#options = options;
  }

  /** One's own, those that the operator has set for one; for the operator also all that it has set. */
  async list(principal: Principal): Promise<{ items: QuotaView[]; nextCursor: null }> {
    demand(principal, 'leases.read');
    const { database } = this.#options;
    const own = await database.scoped(principal.organisationId).selectFrom('lease_quotas').selectAll().execute();
    const given = principal.ofOperator && principal.projectId === null ? await database.unscoped('quotas that the operator has set for others').selectFrom('lease_quotas').selectAll().where('by_operator', '=', true).where('organisation_id', '<>', principal.organisationId).execute() : [];
    const seen = [...own, ...given].filter(({ scope_id }) => principal.projectId === null || scope_id === principal.projectId);
    return { items: seen.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map((row) => this.#view(row)), nextCursor: null };
  }

  /** In the place of what was set for the same before. @throws TandemError resource_not_found. */
  async set(principal: Principal, { scope, nodes, gpus, leases, spend }: NewQuota): Promise<QuotaView> {
    demand(principal, 'pools.write');
    const { database, access } = this.#options;
    const organisationId = this.#ownerOf(principal, scope);
    const set = { nodes, gpus, leases, spend, set_by: principal.actor.label };
    const row = await database.transaction(async (tx) => {
      const made = await database.scoped(organisationId, tx).insertInto('lease_quotas', { scope_kind: scope.kind, scope_id: scope.id, by_operator: organisationId !== principal.organisationId, ...set })
        .onConflict((on) => on.columns(['scope_kind', 'scope_id', 'by_operator']).doUpdateSet((row) => ({ ...set, revision: row('lease_quotas.revision', '+', '1') }))).returningAll().executeTakeFirstOrThrow();
      await access.audit.record(tx, principal, { action: 'quota.set', resourceKind: 'quota', resourceId: made.id, change: { scope: `${scope.kind} ${scope.id}`, nodes, gpus, leases, spend } });
      return made;
    });
    return this.#view(row);
  }

  /** @throws TandemError resource_not_found, also for one that the operator has set for the caller. */
  async remove(principal: Principal, id: string): Promise<void> {
    demand(principal, 'pools.write');
    const { database, access } = this.#options;
    await database.transaction(async (tx) => {
      const own = await database.scoped(principal.organisationId, tx).deleteFrom('lease_quotas').where('id', '=', id).where('by_operator', '=', false).returningAll().executeTakeFirst();
      const row = own ?? (principal.ofOperator ? await tx.deleteFrom('lease_quotas').where('id', '=', id).where('by_operator', '=', true).returningAll().executeTakeFirst() : undefined);
      if (row === undefined) throw new TandemError('resource_not_found', { params: { kind: 'quota', id, verb: 'quotas' } });
      await access.audit.record(tx, principal, { action: 'quota.remove', resourceKind: 'quota', resourceId: id, change: { scope: `${row.scope_kind} ${row.scope_id}` } });
    });
  }

  /** Whose scope it is; the caller's own, or for the operator any organisation. */
  #ownerOf(principal: Principal, { kind, id }: NewQuota['scope']): string {
    const { directory } = this.#options.access;
    const owner = kind === 'project' ? directory.project(id)?.organisationId : directory.organisation(id)?.id;
    const may = owner === principal.organisationId || (kind === 'organisation' && principal.ofOperator);
    if (owner === undefined || !may) throw new TandemError('resource_not_found', { params: { kind, id, verb: kind === 'project' ? 'projects' : 'whoami' } });
    return owner;
  }

  #view(row: Row): QuotaView {
    const { directory } = this.#options.access;
    const name = row.scope_kind === 'project' ? directory.projectName(row.scope_id) : directory.organisation(row.scope_id)?.name;
    return {
      id: row.id, scope: { kind: row.scope_kind, id: row.scope_id, name: name ?? row.scope_id }, nodes: row.nodes, gpus: row.gpus, leases: row.leases,
      spend: row.spend === null ? null : { amount: row.spend, currency: directory.organisation(row.organisation_id)?.currency ?? '' }, byOperator: row.by_operator, setBy: row.set_by, createdAt: row.created_at.toISOString(),
    };
  }
}
