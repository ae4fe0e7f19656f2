import { TandemError } from '../../base/index.ts';
import type { Principal } from '../ports.ts';
import { nearNames } from './near-names.ts';
import type { Backend, Target } from './target.ts';

type Caller = Pick<Principal, 'organisationId' | 'allowedModels'>;

/** Near names are looked for among this many at most. */
const MOST_COMPARED = 200;

/**
 * Which model names there are, for whom, and what they lead to: all in memory. An organisation sees its own names
 * and the operator's; its own go first.
 */
export class Registry {
  #targets: ReadonlyMap<string, ReadonlyMap<string, Target>> = new Map();
  #backends: ReadonlyMap<string, Backend> = new Map();
  #operatorId: string | null = null;

  /** Takes a new state as a whole: a call sees the old one or the new one. */
  replace(state: { operatorId: string | null; backends: readonly Backend[]; targets: readonly Target[] }): void {
    const targets = new Map<string, Map<string, Target>>();
    for (const target of state.targets) {
      const own = targets.get(target.organisationId) ?? new Map<string, Target>();
      targets.set(target.organisationId, own);
      if (!own.has(target.alias)) own.set(target.alias, target);
    }
    this.#targets = targets;
    this.#backends = new Map(state.backends.map((backend) => [backend.id, backend]));
    this.#operatorId = state.operatorId;
  }

  /**
   * What a name leads to for this caller. A name that does not exist and one that the key may not use get the same
   * answer, so that nobody learns what others have.
   * @throws TandemError model_not_found with near names, invalid_request for control characters in it, backend_unreachable when the backend is switched off.
   */
  resolve(caller: Caller, name: string): Target {
    const target = this.#find(caller, name);
    if (!target) throw this.#notFound(caller, name);
    if (!target.backend.enabled) throw new TandemError('backend_unreachable', { params: { backend: target.backend.name, reason: 'it is switched off here' } });
    return target;
  }

  /** True when this name is the organisation's and leads to a backend of its own. */
  isOwn(organisationId: string, name: string): boolean {
    return this.#targets.get(organisationId)?.get(name)?.backend.organisationId === organisationId;
  }

  /** Every model that the caller may use, by name. */
  visible(caller: Caller): Target[] {
    const found = new Map<string, Target>();
    for (const target of this.#ofOrganisation(caller.organisationId)) {
      if (!found.has(target.alias) && allows(caller, target.alias)) found.set(target.alias, target);
    }
    return [...found.values()].sort((a, b) => (a.alias < b.alias ? -1 : 1));
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

  #find(caller: Caller, name: string): Target | undefined {
    if (!allows(caller, name)) return undefined;
    return this.#targets.get(caller.organisationId)?.get(name) ?? (this.#operatorId === null ? undefined : this.#targets.get(this.#operatorId)?.get(name));
  }

  * #ofOrganisation(organisationId: string): Generator<Target> {
    yield* this.#targets.get(organisationId)?.values() ?? [];
    if (this.#operatorId !== null && this.#operatorId !== organisationId) yield* this.#targets.get(this.#operatorId)?.values() ?? [];
  }

  #notFound(caller: Caller, name: string): TandemError {
    // No name holds them, so this tells nothing of what there is.
    if (/\p{Cc}/u.test(name)) return new TandemError('invalid_request', { param: 'model', params: { reason: 'model must hold no control characters.' } });
    const near = nearNames(name, this.visible(caller).slice(0, MOST_COMPARED).map(({ alias }) => alias));
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
