import type { Selectable } from 'kysely';
import { TandemError } from '../base/index.ts';
import type { Executor, Schema } from '../db/index.ts';
import { iso, notFound, nowOf, type AccessContext, type List } from './context.ts';
import type { Principal } from './principal.ts';
import type { Role } from './role.ts';
import { demand, demandGrant } from './roles.ts';

export interface ServiceAccountView {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly projectId: string | null;
  readonly createdAt: string;
  readonly disabledAt: string | null;
}

type ServiceAccountRow = Selectable<Schema['service_accounts']>;

/** Owners of keys that are no person: a build server, an app. */
export class ServiceAccounts {
  readonly #context: AccessContext;

  constructor(context: AccessContext) {
    this.#context = context;
  }

  async list(principal: Principal): Promise<List<ServiceAccountView>> {
    demand(principal, 'members.read');
    const rows = await this.#context.database.scoped(principal.organisationId).selectFrom('service_accounts').selectAll().orderBy('id').execute();
    return { items: rows.map(serviceAccountView), nextCursor: null };
  }

  async create(principal: Principal, input: { name: string; role: Role; projectId?: string | null }): Promise<ServiceAccountView> {
    demand(principal, 'members.write');
    demandGrant(principal, input.role);
    const { database, directory, audit, newId } = this.#context;
    const projectId = input.projectId ?? null;
    const row = await database.transaction(async (tx) => {
      if (projectId !== null) await demandOpenProject(this.#context, tx, principal, projectId);
      const values = { id: newId(), project_id: projectId, name: input.name, role: input.role, created_at: nowOf(this.#context) };
      const made = await database.scoped(principal.organisationId, tx).insertInto('service_accounts', values).returningAll().executeTakeFirstOrThrow();
      await directory.announce(tx, 'service-account', made.id);
      await audit.record(tx, principal, { action: 'service-account.create', resourceKind: 'service-account', resourceId: made.id, change: { name: made.name, role: made.role, projectId } });
      return made;
    });
    await directory.refresh('service-account', row.id);
    return serviceAccountView(row);
  }

  /** Disables the account and revokes its keys. Once more changes nothing. */
  async disable(principal: Principal, id: string): Promise<ServiceAccountView> {
    demand(principal, 'members.write');
    const { database, directory, audit } = this.#context;
    const row = await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      const before = await own.selectFrom('service_accounts').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
      if (before === undefined) throw notFound('service account', id, 'keys');
      demandGrant(principal, before.role);
      if (before.disabled_at !== null) return before;
      const now = nowOf(this.#context);
      const after = await own.updateTable('service_accounts').set({ disabled_at: now }).where('id', '=', id).returningAll().executeTakeFirstOrThrow();
      const keys = await own.updateTable('api_keys').set({ revoked_at: now }).where('owner_kind', '=', 'service-account').where('owner_id', '=', id).where('revoked_at', 'is', null).returning('id').execute();
      await directory.announce(tx, 'service-account', id);
      await audit.record(tx, principal, { action: 'service-account.disable', resourceKind: 'service-account', resourceId: id, change: { name: after.name, revokedKeys: keys.map((key) => key.id) } });
      return after;
    });
    await directory.refresh('service-account', id);
    return serviceAccountView(row);
  }
}

/** Locks the project against being archived meanwhile. @throws TandemError resource_not_found, project_archived */
export async function demandOpenProject(context: AccessContext, tx: Executor, principal: Pick<Principal, 'organisationId' | 'projectId'>, id: string): Promise<void> {
  const row = await context.database.scoped(principal.organisationId, tx).selectFrom('projects').select(['name', 'archived_at']).where('id', '=', id).forShare().executeTakeFirst();
  if (row === undefined || (principal.projectId !== null && principal.projectId !== id)) throw notFound('project', id, 'projects');
  if (row.archived_at !== null) throw new TandemError('project_archived', { params: { name: row.name }, param: 'projectId' });
}

function serviceAccountView(row: ServiceAccountRow): ServiceAccountView {
  return { id: row.id, name: row.name, role: row.role, projectId: row.project_id, createdAt: iso(row.created_at), disabledAt: iso(row.disabled_at) };
}
