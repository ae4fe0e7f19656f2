import { TandemError } from '../../base/index.ts';
import { demand } from '../../access/index.ts';
import type { Principal } from '../ports.ts';
import { CHANNEL } from './catalogue.ts';
import { isDuplicate } from './duplicate.ts';
import type { Alias, Target } from './target.ts';
import type { RegistryTools } from './tools.ts';
import { modelView, type ModelView } from './views.ts';

export interface NewAlias {
  readonly name: string;
  readonly backendId: string;
  readonly backendModel: string;
  readonly contextTokens: number | null;
  readonly maxOutputTokens: number;
}

/** Model names: the operations of the control API. */
export class Aliases {
  readonly #tools: RegistryTools;

  constructor(tools: RegistryTools) {
    this.#tools = tools;
  }

  /** Every model that the caller may use. */
  async list(principal: Principal): Promise<{ items: ModelView[]; nextCursor: null }> {
    demand(principal, 'models.read');
    return { items: this.#tools.catalogue.registry.visible(principal).map((alias) => this.#view(principal, alias.targets[0]!)), nextCursor: null };
  }

  /**
   * Names a model on a backend of one's own. The operator's backends are named by the operator only: who sets
   * prices must be who pays for the machines.
   * @throws TandemError resource_not_found, name_taken.
   */
  async create(principal: Principal, input: NewAlias): Promise<ModelView> {
    demand(principal, 'models.write');
    const { database, catalogue, access, clock } = this.#tools;
    const backend = catalogue.registry.backend(input.backendId);
    if (backend?.organisationId !== principal.organisationId) throw missing('backend', input.backendId);
    const fixed = this.#own(principal, input.name);
    if (fixed && fixed.from !== 'api') throw taken(input.name);
    try {
      await database.transaction(async (tx) => {
        const own = database.scoped(principal.organisationId, tx);
        // The backend's row is held, so that it is not removed before the alias that needs it is there.
        if (backend.from === 'api' && !(await own.selectFrom('backends').select('id').where('id', '=', backend.id).forShare().executeTakeFirst())) throw missing('backend', backend.id);
        await own.insertInto('model_aliases', {
          name: input.name, backend_id: input.backendId, backend_model: input.backendModel, context_tokens: input.contextTokens, max_output_tokens: input.maxOutputTokens, created_at: new Date(clock.nowMs()),
        }).execute();
        await database.notify(tx, CHANNEL, input.name);
        await access.audit.record(tx, principal, {
          action: 'model.create', resourceKind: 'model', resourceId: input.name,
          change: { backendId: input.backendId, backendModel: input.backendModel, contextTokens: input.contextTokens, maxOutputTokens: input.maxOutputTokens },
        });
      });
    } catch (error) {
      if (isDuplicate(error)) throw taken(input.name);
      throw error;
    }
    await catalogue.reload();
    const alias = this.#own(principal, input.name);
    if (!alias) throw missing('model', input.name);
    return this.#view(principal, alias.targets[0]!);
  }

  /** @throws TandemError resource_not_found, backend_fixed for what the operator's file or the server itself gives. */
  async remove(principal: Principal, name: string): Promise<void> {
    demand(principal, 'models.write');
    const { database, catalogue, access } = this.#tools;
    const removed = await database.transaction(async (tx) => {
      const row = await database.scoped(principal.organisationId, tx).deleteFrom('model_aliases').where('name', '=', name).returningAll().executeTakeFirst();
      if (!row) return false;
      await database.notify(tx, CHANNEL, name);
      await access.audit.record(tx, principal, { action: 'model.remove', resourceKind: 'model', resourceId: name, change: { backendId: row.backend_id, backendModel: row.backend_model } });
      return true;
    });
    if (!removed) {
      const alias = this.#own(principal, name);
      if (!alias) throw missing('model', name);
      throw new TandemError('backend_fixed', { params: { what: `The model ${name}`, origin: alias.from === 'config' ? 'the operator\'s file' : 'the server itself' } });
    }
    await catalogue.reload();
  }

  #own(principal: Principal, name: string): Alias | undefined {
    return this.#tools.catalogue.registry.visible({ organisationId: principal.organisationId, allowedModels: null })
      .find((alias) => alias.name === name && alias.organisationId === principal.organisationId);
  }

  #view(principal: Principal, target: Target): ModelView {
    const { prices, clock } = this.#tools;
    const nowMs = clock.nowMs();
    const owner = target.backend.organisationId === principal.organisationId;
    return modelView(target, {
      health: this.#tools.healthOf(target.backend), currency: principal.currency,
      price: prices.priceAt(principal.organisationId, target.alias, principal.tier, nowMs),
      cost: owner ? prices.priceAt(target.backend.organisationId, target.alias, principal.tier, nowMs, 'cost', target.backend.id) : undefined,
    });
  }
}

function missing(kind: 'model' | 'backend', id: string): TandemError {
  return new TandemError('resource_not_found', { params: { kind, id, verb: 'models' } });
}

function taken(name: string): TandemError {
  return new TandemError('name_taken', { params: { kind: 'model', name }, param: 'name' });
}
