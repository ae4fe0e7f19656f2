import { TandemError } from '../../base/index.ts';
import type { Principal } from '../ports.ts';
import { nearNames } from './near-names.ts';
import type { Alias, Backend, Target } from './target.ts';

type Caller = Pick<Principal, 'organisationId' | 'allowedModels'>;

/** Near names are looked for among this many at most. */
const MOST_COMPARED = 200;

/**
 * Which model names there are, for whom, and what they lead to: all in memory. An organisation sees its own names
 * and the operator's; its own go first.
 */
export class Registry {
  #aliases: ReadonlyMap<string, ReadonlyMap<string, Alias>> = new Map();
  #backends: ReadonlyMap<string, Backend> = new Map();
  #operatorId: string | null = null;

  /** Takes a new state as a whole: a call sees the old one or the new one. */
  replace(state: { operatorId: string | null; backends: readonly Backend[]; aliases: readonly Alias[] }): void {
    const aliases = new Map<string, Map<string, Alias>>();
    for (const alias of state.aliases) {
      const own = aliases.get(alias.organisationId) ?? new Map<string, Alias>();
      aliases.set(alias.organisationId, own);
      if (!own.has(alias.name)) own.set(alias.name, alias);
    }
    this.#aliases = aliases;
    this.#backends = new Map(state.backends.map((backend) => [backend.id, backend]));
    this.#operatorId = state.operatorId;
  }

  /**
   * What a name leads to for this caller. A name that does not exist and one that the key may not use get the same
   * answer, so that nobody learns what others have.
   * @throws TandemError model_not_found with near names, invalid_request for control characters in it.
   */
  find(caller: Caller, name: string): Alias {
    const alias = this.#find(caller, name);
    if (!alias) throw this.#notFound(caller, name);
    return alias;
  }

  /**
   * The first target that a name leads to. @throws TandemError as `find`, and backend_unreachable when its backend is switched off.
   */
  resolve(caller: Caller, name: string): Target {
    const { targets } = this.find(caller, name);
    const target = targets.find(({ enabled, backend }) => enabled && backend.enabled);
    if (!target) throw new TandemError('backend_unreachable', { params: { backend: targets[0]!.backend.name, reason: 'it is switched off here' } });
    return target;
  }

  /** True when this name is the organisation's and leads to backends of its own alone. */
  isOwn(organisationId: string, name: string): boolean {
    const alias = this.#aliases.get(organisationId)?.get(name);
    return alias !== undefined && alias.targets.every(({ backend }) => backend.organisationId === organisationId);
  }

  /** Every model that the caller may use, by name. */
  visible(caller: Caller): Alias[] {
    const found = new Map<string, Alias>();
    for (const alias of this.#ofOrganisation(caller.organisationId)) {
      if (!found.has(alias.name) && allows(caller, alias.name)) found.set(alias.name, alias);
    }
    return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Backends of the organisation and of the operator. */
  backendsOf(organisationId: string): Backend[] {
    return [...this.#backends.values()].filter((backend) => backend.organisationId === organisationId || backend.organisationId === this.#operatorId);
  }

  backend(id: string): Backend | undefined {
    return this.#backends.get(id);
  }

  all(): Backend[] {
    return [...this.#backends.values()];
  }

  /** Every alias of every organisation. */
  * everyAlias(): Generator<Alias> {
    for (const own of this.#aliases.values()) yield* own.values();
  }

  #find(caller: Caller, name: string): Alias | undefined {
    if (!allows(caller, name)) return undefined;
    return this.#aliases.get(caller.organisationId)?.get(name) ?? (this.#operatorId === null ? undefined : this.#aliases.get(this.#operatorId)?.get(name));
  }

  * #ofOrganisation(organisationId: string): Generator<Alias> {
    yield* this.#aliases.get(organisationId)?.values() ?? [];
    if (this.#operatorId !== null && this.#operatorId !== organisationId) yield* this.#aliases.get(this.#operatorId)?.values() ?? [];
  }

  #notFound(caller: Caller, name: string): TandemError {
    // No name holds them, so this tells nothing of what there is.
    if (/\p{Cc}/u.test(name)) return new TandemError('invalid_request', { param: 'model', params: { reason: 'model must hold no control characters.' } });
    const near = nearNames(name, this.visible(caller).slice(0, MOST_COMPARED).map((alias) => alias.name));
    return new TandemError('model_not_found', {
      param: 'model',
      params: { model: name, near: near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?` },
      facts: { near },
    });
  }
}

function allows(caller: Caller, name: string): boolean {
  return caller.allowedModels === null || caller.allowedModels.includes(name);
}
