import { TandemError, isUuid } from '../../base/index.ts';
import { checkHost, checkUrl } from '../../base/egress/index.ts';
import { demand } from '../../access/index.ts';
import type { Principal } from '../ports.ts';
import { CHANNEL, keyContext } from './catalogue.ts';
import { checkBackend, type BackendCheck } from './check-backend.ts';
import { isDuplicate } from './duplicate.ts';
import type { Backend } from './target.ts';
import type { RegistryTools } from './tools.ts';
import { backendView, type BackendView } from './views.ts';

/** Servers that models run on: the operations of the control API. A key goes in and never comes out. */
export class Backends {
  readonly #tools: RegistryTools;

  constructor(tools: RegistryTools) {
    this.#tools = tools;
  }

  async list(principal: Principal): Promise<{ items: BackendView[]; nextCursor: null }> {
    demand(principal, 'models.read');
    return { items: this.#tools.catalogue.registry.backendsOf(principal.organisationId).map((backend) => this.#view(principal, backend)), nextCursor: null };
  }

  /** @throws TandemError url_not_allowed after its name was resolved, name_taken. */
  async create(principal: Principal, input: { readonly name: string; readonly url: string; readonly key?: string | undefined }): Promise<BackendView> {
    demand(principal, 'models.write');
    const { database, secrets, catalogue, access, clock, policy } = this.#tools;
    const url = checkUrl(input.url, policy);
    await checkHost(url, policy, this.#tools.resolve);
    if (this.#taken(principal, input.name)) throw taken(input.name);
    const id = this.#tools.newId();
    const now = new Date(clock.nowMs());
    await named(input.name, () => database.transaction(async (tx) => {
      await database.scoped(principal.organisationId, tx).insertInto('backends', {
        id, name: input.name, url: input.url, sealed_key: input.key === undefined ? null : secrets.seal(input.key, keyContext(id)), enabled: true, created_at: now, updated_at: now,
      }).execute();
      await database.notify(tx, CHANNEL, id);
      await access.audit.record(tx, principal, { action: 'backend.create', resourceKind: 'backend', resourceId: id, change: { name: input.name, url: input.url, hasKey: input.key !== undefined } });
    }));
    await catalogue.reload();
    return this.#view(principal, this.#own(principal, id));
  }

  /** A key of null removes the one that is there. @throws TandemError resource_not_found, backend_fixed, name_taken. */
  async update(principal: Principal, id: string, input: { readonly name?: string | undefined; readonly key?: string | null | undefined; readonly enabled?: boolean | undefined }): Promise<BackendView> {
    demand(principal, 'models.write');
    const { database, secrets, catalogue, access, clock } = this.#tools;
    const before = this.#changeable(principal, id);
    if (input.name !== undefined && input.name !== before.name && this.#taken(principal, input.name)) throw taken(input.name);
    await named(input.name ?? before.name, () => database.transaction(async (tx) => {
      const row = await database.scoped(principal.organisationId, tx).updateTable('backends').set({
        ...(input.name !== undefined && { name: input.name }),
        ...(input.enabled !== undefined && { enabled: input.enabled }),
        ...(input.key !== undefined && { sealed_key: input.key === null ? null : secrets.seal(input.key, keyContext(id)) }),
        updated_at: new Date(clock.nowMs()),
      }).where('id', '=', id).returning('id').executeTakeFirst();
      if (!row) throw missing(id);
      await database.notify(tx, CHANNEL, id);
      await access.audit.record(tx, principal, {
        action: 'backend.update', resourceKind: 'backend', resourceId: id,
        change: {
          ...(input.name !== undefined && { name: { from: before.name, to: input.name } }),
          ...(input.enabled !== undefined && { enabled: { from: before.enabled, to: input.enabled } }),
          ...(input.key !== undefined && { hasKey: { from: before.hasKey, to: input.key !== null } }),
        },
      });
    }));
    await catalogue.reload();
    return this.#view(principal, this.#own(principal, id));
  }

  /** @throws TandemError resource_not_found, backend_fixed, backend_in_use while an alias leads to it. */
  async remove(principal: Principal, id: string): Promise<void> {
    demand(principal, 'models.write');
    const { database, catalogue, access } = this.#tools;
    const before = this.#changeable(principal, id);
    await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      // The row is locked first, so that no alias appears between the look and the removal in another transaction of this kind.
      const row = await own.selectFrom('backends').select('id').where('id', '=', id).forUpdate().executeTakeFirst();
      if (!row) throw missing(id);
      const alias = await own.selectFrom('model_aliases').select('name').where('backend_id', '=', id).orderBy('name').limit(1).executeTakeFirst();
      if (alias) throw new TandemError('backend_in_use', { params: { backend: before.name, model: alias.name } });
      await own.deleteFrom('backends').where('id', '=', id).execute();
      await database.notify(tx, CHANNEL, id);
      await access.audit.record(tx, principal, { action: 'backend.remove', resourceKind: 'backend', resourceId: id, change: { name: before.name } });
    });
    await catalogue.reload();
  }

  /** Calls the backend once and says what it answers. */
  async check(principal: Principal, id: string): Promise<BackendCheck> {
    demand(principal, 'models.write');
    const backend = this.#own(principal, id);
    return checkBackend(backend, this.#tools.healthOf(backend), this.#tools.clock);
  }

  #own(principal: Principal, id: string): Backend {
    const backend = isUuid(id) ? this.#tools.catalogue.registry.backend(id) : undefined;
    if (backend?.organisationId !== principal.organisationId) throw missing(id);
    return backend;
  }

  #changeable(principal: Principal, id: string): Backend {
    const backend = this.#own(principal, id);
    if (backend.from === 'api') return backend;
    throw new TandemError('backend_fixed', { params: { what: `The backend ${backend.name}`, origin: backend.from === 'config' ? 'the operator\'s file' : 'the server itself' } });
  }

  #taken(principal: Principal, name: string): boolean {
    return this.#tools.catalogue.registry.backendsOf(principal.organisationId).some((backend) => backend.name === name && backend.organisationId === principal.organisationId);
  }

  #view(principal: Principal, backend: Backend): BackendView {
    return backendView(backend, this.#tools.healthOf(backend), backend.organisationId === principal.organisationId);
  }
}

async function named<T>(name: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (isDuplicate(error)) throw taken(name);
    throw error;
  }
}

function missing(id: string): TandemError {
  return new TandemError('resource_not_found', { params: { kind: 'backend', id, verb: 'models' } });
}

function taken(name: string): TandemError {
  return new TandemError('name_taken', { params: { kind: 'backend', name }, param: 'name' });
}
