import { TandemError, isUuid } from '../../base/index.ts';
import { checkHost, checkUrl } from '../../base/egress/index.ts';
import { demand } from '../../access/index.ts';
import { isDuplicate, type Executor } from '../../db/index.ts';
import type { Principal } from '../ports.ts';
import { CHANNEL, keyContext } from './catalogue.ts';
import { checkBackend, type BackendCheck } from './check-backend.ts';
import { NO_LIMITS, ORIGINS, type Backend, type KeyLimits } from './target.ts';
import type { RegistryTools } from './tools.ts';
import { backendView, keyView, type BackendView } from './views.ts';

/** The label of a key that was given without one. */
const DEFAULT_LABEL = 'default';

export interface NewBackend {
  readonly name: string;
  readonly url: string;
  readonly kind?: Exclude<Backend['kind'], 'local'> | undefined;
  readonly options?: Readonly<Record<string, string>> | undefined;
  readonly key?: string | undefined;
}

export interface BackendChange {
  readonly name?: string | undefined;
  readonly key?: string | null | undefined;
  readonly enabled?: boolean | undefined;
  readonly options?: Readonly<Record<string, string>> | undefined;
  readonly url?: string | undefined;
  readonly kind?: Exclude<Backend['kind'], 'local'> | undefined;
}

/** What is left out stays. */
export interface KeyChange {
  readonly key?: string | undefined;
  readonly requestsPerMinute?: number | null | undefined;
  readonly tokensPerMinute?: number | null | undefined;
  readonly parallel?: number | null | undefined;
}

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
  async create(principal: Principal, input: NewBackend): Promise<BackendView> {
    demand(principal, 'models.write');
    const { database, catalogue, access, clock, policy } = this.#tools;
    const url = checkUrl(input.url, policy);
    await checkHost(url, policy, this.#tools.resolve);
    if (this.#taken(principal, input.name)) throw taken(input.name);
    const id = this.#tools.newId();
    const now = new Date(clock.nowMs());
    await named(input.name, () => database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      await own.insertInto('backends', {
        id, name: input.name, url: input.url, enabled: true, created_at: now, updated_at: now,
        ...(input.kind !== undefined && { kind: input.kind }), ...(input.options !== undefined && { options: JSON.stringify(input.options) }),
      }).execute();
      if (input.key !== undefined) await own.insertInto('backend_keys', this.#keyRow(id, DEFAULT_LABEL, input.key, NO_LIMITS)).execute();
      await database.notify(tx, CHANNEL, id);
      await access.audit.record(tx, principal, { action: 'backend.create', resourceKind: 'backend', resourceId: id, change: { name: input.name, url: input.url, kind: input.kind ?? 'openai-compatible', hasKey: input.key !== undefined } });
    }));
    await catalogue.reload();
    return this.#view(principal, this.#own(principal, id));
  }

  /** A key becomes the one labelled `default`; null removes all. @throws TandemError resource_not_found, backend_fixed, name_taken. */
  async update(principal: Principal, id: string, input: BackendChange): Promise<BackendView> {
    demand(principal, 'models.write');
    const { database, catalogue, access, clock } = this.#tools;
    const before = this.#changeable(principal, id);
    if (input.url !== undefined && input.url !== before.url) await checkHost(checkUrl(input.url, this.#tools.policy), this.#tools.policy, this.#tools.resolve);
    if (input.name !== undefined && input.name !== before.name && this.#taken(principal, input.name)) throw taken(input.name);
    await named(input.name ?? before.name, () => database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      const row = await own.updateTable('backends').set({
        ...(input.name !== undefined && { name: input.name }),
        ...(input.enabled !== undefined && { enabled: input.enabled }),
        ...(input.options !== undefined && { options: JSON.stringify(input.options) }),
        ...(input.url !== undefined && { url: input.url }),
        ...(input.kind !== undefined && { kind: input.kind }),
        updated_at: new Date(clock.nowMs()),
      }).where('id', '=', id).returning('id').executeTakeFirst();
      if (!row) throw missing(id);
      if (input.key === null) await own.deleteFrom('backend_keys').where('backend_id', '=', id).execute();
      else if (input.key !== undefined) await this.#writeKey(principal, tx, id, DEFAULT_LABEL, { key: input.key });
      await database.notify(tx, CHANNEL, id);
      await access.audit.record(tx, principal, {
        action: 'backend.update', resourceKind: 'backend', resourceId: id,
        change: {
          ...(input.name !== undefined && { name: { from: before.name, to: input.name } }),
          ...(input.enabled !== undefined && { enabled: { from: before.enabled, to: input.enabled } }),
          ...(input.url !== undefined && { url: { from: before.url, to: input.url } }),
          ...(input.kind !== undefined && { kind: { from: before.kind, to: input.kind } }),
          ...(input.options !== undefined && { options: { from: before.options, to: input.options } }),
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
      const target = await own.selectFrom('model_targets').select('alias').where('backend_id', '=', id).orderBy('alias').limit(1).executeTakeFirst();
      if (target) throw new TandemError('backend_in_use', { params: { backend: before.name, model: target.alias } });
      await own.deleteFrom('backends').where('id', '=', id).execute();
      await database.notify(tx, CHANNEL, id);
      await access.audit.record(tx, principal, { action: 'backend.remove', resourceKind: 'backend', resourceId: id, change: { name: before.name } });
    });
    await catalogue.reload();
  }

  /** Puts a key under a label, or changes the limits of the one there. @throws TandemError resource_not_found, backend_fixed. */
  async setKey(principal: Principal, id: string, label: string, input: KeyChange): Promise<BackendView> {
    demand(principal, 'models.write');
    const { database, catalogue, access } = this.#tools;
    this.#changeable(principal, id);
    await database.transaction(async (tx) => {
      await this.#writeKey(principal, tx, id, label, input);
      await database.notify(tx, CHANNEL, id);
      const { key, ...limits } = input;
      await access.audit.record(tx, principal, { action: 'backend.key', resourceKind: 'backend', resourceId: id, change: { label, replaced: key !== undefined, ...limits } });
    });
    await catalogue.reload();
    return this.#view(principal, this.#own(principal, id));
  }

  /** @throws TandemError resource_not_found, backend_fixed. */
  async removeKey(principal: Principal, id: string, label: string): Promise<void> {
    demand(principal, 'models.write');
    const { database, catalogue, access } = this.#tools;
    this.#changeable(principal, id);
    await database.transaction(async (tx) => {
      const row = await database.scoped(principal.organisationId, tx).deleteFrom('backend_keys').where('backend_id', '=', id).where('label', '=', label).returning('id').executeTakeFirst();
      if (!row) throw missingKey(label);
      await database.notify(tx, CHANNEL, id);
      await access.audit.record(tx, principal, { action: 'backend.key.remove', resourceKind: 'backend', resourceId: id, change: { label } });
    });
    await catalogue.reload();
  }

  /** Calls the backend once and says what it answers. */
  async check(principal: Principal, id: string): Promise<BackendCheck> {
    demand(principal, 'models.write');
    const backend = this.#own(principal, id);
    return checkBackend(backend, this.#tools.healthOf(backend), this.#tools.clock);
  }

  async #writeKey(principal: Principal, tx: Executor, backendId: string, label: string, { key, ...limits }: KeyChange): Promise<void> {
    const { database, secrets, clock } = this.#tools;
    const own = database.scoped(principal.organisationId, tx);
    // The backend's row first, so that two writers of one key come one after the other.
    if (!(await own.selectFrom('backends').select('id').where('id', '=', backendId).forUpdate().executeTakeFirst())) throw missing(backendId);
    const row = await own.updateTable('backend_keys').set({
      ...(key !== undefined && { sealed_key: secrets.seal(key, keyContext(backendId)) }),
      ...(limits.requestsPerMinute !== undefined && { requests_per_minute: limits.requestsPerMinute }),
      ...(limits.tokensPerMinute !== undefined && { tokens_per_minute: limits.tokensPerMinute }),
      ...(limits.parallel !== undefined && { parallel: limits.parallel }),
      updated_at: new Date(clock.nowMs()),
    }).where('backend_id', '=', backendId).where('label', '=', label).returning('id').executeTakeFirst();
    if (row) return;
    if (key === undefined) throw missingKey(label);
    await own.insertInto('backend_keys', this.#keyRow(backendId, label, key, {
      requestsPerMinute: limits.requestsPerMinute ?? null, tokensPerMinute: limits.tokensPerMinute ?? null, parallel: limits.parallel ?? null,
    })).execute();
  }

  #keyRow(backendId: string, label: string, key: string, { requestsPerMinute, tokensPerMinute, parallel }: KeyLimits) {
    const { secrets, clock, newId } = this.#tools;
    const now = new Date(clock.nowMs());
    return {
      id: newId(), backend_id: backendId, label, sealed_key: secrets.seal(key, keyContext(backendId)), requests_per_minute: requestsPerMinute, tokens_per_minute: tokensPerMinute, parallel,
      created_at: now, updated_at: now,
    };
  }

  #own(principal: Principal, id: string): Backend {
    const backend = isUuid(id) ? this.#tools.catalogue.registry.backend(id) : undefined;
    if (backend?.organisationId !== principal.organisationId) throw missing(id);
    return backend;
  }

  #changeable(principal: Principal, id: string): Backend {
    const backend = this.#own(principal, id);
    if (backend.from === 'api') return backend;
    throw new TandemError('backend_fixed', { params: { what: `The backend ${backend.name}`, origin: ORIGINS[backend.from] } });
  }

  #taken(principal: Principal, name: string): boolean {
    return this.#tools.catalogue.registry.backendsOf(principal.organisationId).some((backend) => backend.name === name && backend.organisationId === principal.organisationId);
  }

  #view(principal: Principal, backend: Backend): BackendView {
    const { healthOf, states, clock } = this.#tools;
    const keys = backend.connections.filter(({ label }) => label !== '').map((connection) => keyView(connection, states.ofConnection(connection).view(clock.nowMs())));
    return backendView(backend, healthOf(backend), backend.organisationId === principal.organisationId, keys);
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

function missingKey(label: string): TandemError {
  return new TandemError('resource_not_found', { params: { kind: 'key', id: label, verb: 'backends' } });
}

function taken(name: string): TandemError {
  return new TandemError('name_taken', { params: { kind: 'backend', name }, param: 'name' });
}
