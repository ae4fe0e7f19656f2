import { TandemError } from '../../base/index.ts';
import { demand } from '../../access/index.ts';
import { isDuplicate, type Executor } from '../../db/index.ts';
import type { Principal } from '../ports.ts';
import { CHANNEL } from './catalogue.ts';
import type { GivenLimits } from './forms.ts';
import { ORIGINS, type Alias, type Backend, type Capability, type Goal } from './target.ts';
import type { RegistryTools } from './tools.ts';
import { statusView, type StatusView } from './status.ts';
import { modelView, type ModelView } from './views.ts';

/** One target as it is given: everything but the first two may be left out. */
export interface NewTarget {
  readonly backendId: string;
  readonly model: string;
  readonly weight?: number;
  readonly order?: number;
  readonly region?: string | null;
  readonly enabled?: boolean;
  readonly contextTokens?: number | null;
  readonly maxOutputTokens?: number;
  readonly outputLimitField?: 'max_tokens' | 'max_completion_tokens';
  readonly can?: Readonly<Partial<Record<Capability, boolean>>>;
}

/** How calls by a name are tried; what is left out is as the operator's file says for all. */
export interface AliasSettings {
  readonly goal?: Goal | undefined;
  readonly regions?: readonly string[] | undefined;
  readonly limits?: GivenLimits | undefined;
}

/** A name for one model on one backend, or for several. */
export interface NewAlias extends AliasSettings {
  readonly name: string;
  readonly targets?: readonly NewTarget[] | undefined;
  readonly backendId?: string | undefined;
  readonly backendModel?: string | undefined;
  readonly contextTokens?: number | null | undefined;
  readonly maxOutputTokens?: number | undefined;
}

export interface AliasChange extends AliasSettings {
  readonly targets?: readonly NewTarget[] | undefined;
}

const MAX_OUTPUT_TOKENS = 4096;

/** Model names: the operations of the control API. */
export class Aliases {
  readonly #tools: RegistryTools;

  constructor(tools: RegistryTools) {
    this.#tools = tools;
  }

  /** Every model that the caller may use. */
  async list(principal: Principal): Promise<{ items: ModelView[]; nextCursor: null }> {
    demand(principal, 'models.read');
    return { items: this.#tools.catalogue.registry.visible(principal).map((alias) => this.#view(principal, alias)), nextCursor: null };
  }

  /** How the models that a caller may call are doing, for the caller. */
  status(principal: Principal): StatusView {
    return statusView(this.#tools.catalogue.registry.visible(principal).map((alias) => this.#view(principal, alias)), this.#tools.clock.nowMs());
  }

  /** @throws TandemError resource_not_found */
  async show(principal: Principal, name: string): Promise<ModelView> {
    demand(principal, 'models.read');
    const alias = this.#tools.catalogue.registry.visible(principal).find((one) => one.name === name);
    if (!alias) throw missing('model', name);
    return this.#view(principal, alias);
  }

  /**
   * Names models on backends of one's own. The operator's backends are named by the operator only: who sets
   * prices must be who pays for the machines.
   * @throws TandemError resource_not_found, name_taken.
   */
  async create(principal: Principal, input: NewAlias): Promise<ModelView> {
    demand(principal, 'models.write');
    const { database, catalogue, access, clock } = this.#tools;
    const { name, targets = [loneTarget(input)], ...settings } = input;
    this.#demandBackends(principal, targets);
    const fixed = this.#own(principal, name);
    if (fixed && fixed.from !== 'api') throw taken(name);
    try {
      await database.transaction(async (tx) => {
        await database.scoped(principal.organisationId, tx).insertInto('model_aliases', { name, ...columns(settings), created_at: new Date(clock.nowMs()) }).execute();
        await this.#writeTargets(principal, tx, name, targets);
        await database.notify(tx, CHANNEL, name);
        await access.audit.record(tx, principal, { action: 'model.create', resourceKind: 'model', resourceId: name, change: told(settings, targets) });
      });
    } catch (error) {
      if (isDuplicate(error)) throw taken(name);
      throw error;
    }
    await catalogue.reload();
    return this.#shown(principal, name);
  }

  /** What is left out stays; targets and limits are replaced as a whole. @throws TandemError resource_not_found, backend_fixed. */
  async update(principal: Principal, name: string, input: AliasChange): Promise<ModelView> {
    demand(principal, 'models.write');
    const { database, catalogue, access } = this.#tools;
    const { targets, ...settings } = input;
    if (targets) this.#demandBackends(principal, targets);
    await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      const row = await own.selectFrom('model_aliases').select('name').where('name', '=', name).forUpdate().executeTakeFirst();
      if (!row) throw this.#notChangeable(principal, name);
      const changed = columns(settings);
      if (Object.keys(changed).length > 0) await own.updateTable('model_aliases').set(changed).where('name', '=', name).execute();
      if (targets) {
        await own.deleteFrom('model_targets').where('alias', '=', name).execute();
        await this.#writeTargets(principal, tx, name, targets);
      }
      await database.notify(tx, CHANNEL, name);
      await access.audit.record(tx, principal, { action: 'model.update', resourceKind: 'model', resourceId: name, change: told(settings, targets) });
    });
    await catalogue.reload();
    return this.#shown(principal, name);
  }

  /** @throws TandemError resource_not_found, backend_fixed for what the operator's file or the server itself gives. */
  async remove(principal: Principal, name: string): Promise<void> {
    demand(principal, 'models.write');
    const { database, catalogue, access } = this.#tools;
    await database.transaction(async (tx) => {
      const own = database.scoped(principal.organisationId, tx);
      const targets = await own.selectFrom('model_targets').select(['backend_id', 'backend_model']).where('alias', '=', name).orderBy('position').execute();
      const row = await own.deleteFrom('model_aliases').where('name', '=', name).returning('name').executeTakeFirst();
      if (!row) throw this.#notChangeable(principal, name);
      await database.notify(tx, CHANNEL, name);
      await access.audit.record(tx, principal, { action: 'model.remove', resourceKind: 'model', resourceId: name, change: { targets: targets.map((target) => ({ backendId: target.backend_id, model: target.backend_model })) } });
    });
    await catalogue.reload();
  }

  #demandBackends(principal: Principal, targets: readonly NewTarget[]): void {
    for (const { backendId } of targets) this.#ownBackend(principal, backendId);
  }

  #ownBackend(principal: Principal, id: string): Backend {
    const backend = this.#tools.catalogue.registry.backend(id);
    if (backend?.organisationId !== principal.organisationId) throw missing('backend', id);
    return backend;
  }

  async #writeTargets(principal: Principal, tx: Executor, name: string, targets: readonly NewTarget[]): Promise<void> {
    const own = this.#tools.database.scoped(principal.organisationId, tx);
    // The backends' rows are held, in one order for all, so that none is removed before the name that needs it is there.
    const rows = targets.map(({ backendId }) => this.#ownBackend(principal, backendId)).filter(({ from }) => from === 'api').map(({ id }) => id);
    const held = rows.length === 0 ? [] : await own.selectFrom('backends').select('id').where('id', 'in', rows).orderBy('id').forShare().execute();
    const gone = rows.find((id) => !held.some((row) => row.id === id));
    if (gone !== undefined) throw missing('backend', gone);
    await own.insertInto('model_targets', targets.map((target, position) => ({
      alias: name, position, backend_id: target.backendId, backend_model: target.model, weight: target.weight ?? 1, rank: target.order ?? 0, region: target.region ?? null, enabled: target.enabled ?? true,
      context_tokens: target.contextTokens ?? null, max_output_tokens: target.maxOutputTokens ?? MAX_OUTPUT_TOKENS, cap_field: target.outputLimitField ?? 'max_tokens', can: JSON.stringify(target.can ?? {}),
    }))).execute();
  }

  #own(principal: Principal, name: string): Alias | undefined {
    return this.#tools.catalogue.registry.visible({ organisationId: principal.organisationId, allowedModels: null })
      .find((alias) => alias.name === name && alias.organisationId === principal.organisationId);
  }

  #shown(principal: Principal, name: string): ModelView {
    const alias = this.#own(principal, name);
    if (!alias) throw missing('model', name);
    return this.#view(principal, alias);
  }

  #notChangeable(principal: Principal, name: string): TandemError {
    const alias = this.#own(principal, name);
    if (!alias) return missing('model', name);
    return new TandemError('backend_fixed', { params: { what: `The model ${name}`, origin: ORIGINS[alias.from] } });
  }

  #view(principal: Principal, alias: Alias): ModelView {
    const { prices, clock, states, healthOf } = this.#tools;
    const nowMs = clock.nowMs();
    return modelView(alias, {
      nowMs, states, healthOf, currency: principal.currency,
      price: prices.priceAt(principal.organisationId, alias.name, principal.tier, nowMs),
      costOf: ({ organisationId, id }) => (organisationId === principal.organisationId && principal.projectId === null ? prices.priceAt(organisationId, alias.name, principal.tier, nowMs, 'cost', id) : null),
    });
  }
}

function loneTarget({ name, backendId, backendModel, contextTokens, maxOutputTokens }: NewAlias): NewTarget {
  if (backendId === undefined) throw new TandemError('invalid_request', { param: 'targets', params: { reason: 'targets is missing: a name leads to one target at least.' } });
  return { backendId, model: backendModel ?? name, contextTokens: contextTokens ?? null, maxOutputTokens: maxOutputTokens ?? MAX_OUTPUT_TOKENS };
}

function columns({ goal, regions, limits }: AliasSettings): { goal?: string; regions?: string; limits?: string } {
  return { ...(goal !== undefined && { goal }), ...(regions !== undefined && { regions: JSON.stringify(regions) }), ...(limits !== undefined && { limits: JSON.stringify(limits) }) };
}

/** A change as the trail keeps it. */
function told({ goal, regions, limits }: AliasSettings, targets: readonly NewTarget[] | undefined): Record<string, unknown> {
  return { ...(goal !== undefined && { goal }), ...(regions !== undefined && { regions }), ...(limits !== undefined && { limits }), ...(targets && { targets }) };
}

function missing(kind: 'model' | 'backend', id: string): TandemError {
  return new TandemError('resource_not_found', { params: { kind, id, verb: 'models' } });
}

function taken(name: string): TandemError {
  return new TandemError('name_taken', { params: { kind: 'model', name }, param: 'name' });
}
