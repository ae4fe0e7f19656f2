import type { Alias, Backend, Connection, Target } from '../registry/target.ts';
import { Breaker } from './breaker.ts';
import type { Place } from '../ports.ts';
import { KeyState } from './key-state.ts';
import type { RoutePlan } from './plan.ts';

/** How much of a new first-token time goes into the mean. */
const SHARE_OF_NEW = 0.2;

/** What is known of one model on one backend, whichever aliases lead to it. */
export class TargetState {
  readonly breaker = new Breaker();
  /** For tables that keep numbers. */
  readonly number: number;
  running = 0;
  /** A mean that follows the latest calls; null: none has answered yet. */
  firstTokenMs: number | null = null;

  constructor(number: number) {
    this.number = number;
  }

  seen(firstTokenMs: number): void {
    this.firstTokenMs = this.firstTokenMs === null ? firstTokenMs : this.firstTokenMs + SHARE_OF_NEW * (firstTokenMs - this.firstTokenMs);
  }
}

/** The states of one alias's targets, beside them. */
export interface AliasState {
  readonly targets: readonly TargetState[];
  /** For the goal `weights`: of each target, from the pick before. */
  readonly credits: number[];
  /** The plan of an alias with one target and one way to it, made once; null: it takes a decision. */
  readonly simple: RoutePlan | null;
}

/** Numbers of targets stay below what the prefix table can hold; a later one shares the number of an early one. */
const MOST_NUMBERS = 65_000;

/**
 * The states behind the registry. They outlive its objects: a reload that leaves a target or a key as it was leaves its state too.
 * What a call needs is found by the object itself; the maps by name are for reloads and hold only what the registry holds.
 */
export class RouteStates {
  #targets = new Map<string, TargetState>();
  #keys = new Map<string, KeyState>();
  #turns = new Map<string, number>();
  #next = 0;
  readonly #place: (() => Place) | undefined;
  readonly #ofAlias = new WeakMap<Alias, AliasState>();
  readonly #ofTarget = new WeakMap<Target, TargetState>();
  readonly #ofConnection = new WeakMap<Connection, KeyState>();

  /** @param place of this process among those that use the same keys; undefined: it is alone. */
  constructor(place?: () => Place) {
    this.#place = place;
  }

  of(alias: Alias): AliasState {
    let state = this.#ofAlias.get(alias);
    if (!state) {
      state = { targets: alias.targets.map((target) => this.ofTarget(target)), credits: alias.targets.map(() => 0), simple: simplePlan(alias) };
      this.#ofAlias.set(alias, state);
    }
    return state;
  }

  ofTarget(target: Target): TargetState {
    let state = this.#ofTarget.get(target);
    if (!state) {
      const name = targetName(target);
      state = this.#targets.get(name);
      if (!state) {
        state = new TargetState(this.#next);
        this.#next = (this.#next + 1) % MOST_NUMBERS;
        this.#targets.set(name, state);
      }
      this.#ofTarget.set(target, state);
    }
    return state;
  }

  ofConnection(connection: Connection): KeyState {
    let state = this.#ofConnection.get(connection);
    if (!state) {
      const name = keyName(connection);
      state = this.#keys.get(name) ?? new KeyState(connection.limits, this.#place);
      this.#keys.set(name, state);
      this.#ofConnection.set(connection, state);
    }
    return state;
  }

  /** Counts up: the connections of a backend take turns by it. */
  turnOf({ id }: Backend): number {
    const turn = (this.#turns.get(id) ?? 0) + 1;
    this.#turns.set(id, turn);
    return turn;
  }

  /** Forgets what the registry no longer holds. */
  keepOnly(aliases: Iterable<Alias>, backends: readonly Backend[]): void {
    const targets = new Set([...aliases].flatMap((alias) => alias.targets.map(targetName)));
    const keys = new Set(backends.flatMap(({ connections }) => connections.map(keyName)));
    const ids = new Set(backends.map(({ id }) => id));
    this.#targets = new Map([...this.#targets].filter(([name]) => targets.has(name)));
    this.#keys = new Map([...this.#keys].filter(([name]) => keys.has(name)));
    this.#turns = new Map([...this.#turns].filter(([id]) => ids.has(id)));
  }
}

function simplePlan({ targets }: Alias): RoutePlan | null {
  const [target] = targets;
  if (targets.length !== 1 || !target?.enabled || !target.backend.enabled) return null;
  const { kind, connections } = target.backend;
  if (kind === 'local') return { candidates: [{ target, connection: null, why: 'only' }], passed: [] };
  const [connection] = connections;
  return connections.length === 1 && connection?.remote ? { candidates: [{ target, connection, why: 'only' }], passed: [] } : null;
}

function targetName({ backend, backendModel }: Target): string {
  return `${backend.id} ${backendModel}`;
}

/** With other limits it is counted anew. A key that was replaced has another id or another `since`. */
function keyName({ id, version, limits }: Connection): string {
  return JSON.stringify([id, version, limits.requestsPerMinute, limits.tokensPerMinute, limits.parallel]);
}
