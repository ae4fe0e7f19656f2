import { TandemError, type Clock } from '../base/index.ts';
import type { LocalEngine } from './local/index.ts';
import type { Principal } from './ports.ts';
import type { Registry } from './registry/registry.ts';
import type { Target } from './registry/target.ts';
import type { RouteStates, TargetState } from './routing/states.ts';
import type { Candidate, OpenAttempt, Outcomes, RoutePlan } from './routing/plan.ts';

export interface SpareOptions {
  readonly registry: Pick<Registry, 'find'>;
  readonly engine: Pick<LocalEngine, 'state'> | null;
  readonly states: Pick<RouteStates, 'ofTarget'>;
  readonly clock: Clock;
  /** Calls of a target that this process has in flight, from which on it has nothing to spare. */
  readonly parallel: number;
}

/** A plan on spare capacity, with what its call holds of that until it has begun. */
export interface SparePlan extends RoutePlan {
  /** Through which the call begins its attempts: none begins where others have taken what was spare since. */
  through(router: Outcomes): Outcomes;
  /** The call is over, or never began. */
  end(): void;
}

const LOOK_MS = 100;
/** How long a call by itself waits for spare capacity; a batch waits as long as it may run. */
const MOST_WAIT_MS = 10_000;
const LEAST_FORECAST_S = 5;

/** Capacity that no other call wants: what the tier `flex` runs on. */
export class Spare {
  readonly #options: SpareOptions;
  /** Calls that were let through and have not begun, by the state of their target: what several see at the same moment is spare once, by whichever name. */
  readonly #promised = new WeakMap<TargetState, number>();
  /** A moving average of how long there was none, as far as calls waited for it: what a refusal forecasts. */
  #usualWaitMs = MOST_WAIT_MS;

  constructor(options: SpareOptions) {
    this.#options = options;
  }

  /** The local engine has some while nothing waits for it, another target while it has few calls in flight. */
  hasOn(target: Target): boolean {
    const { engine, states, parallel } = this.#options;
    if (target.backend.kind === 'local') return (engine?.state().queue.waiting ?? 0) === 0;
    const state = states.ofTarget(target);
    return state.running + (this.#promised.get(state) ?? 0) < parallel;
  }

  /** True when one more call of this model would keep nobody waiting. @throws TandemError model_not_found */
  has(principal: Principal, model: string): boolean {
    return this.#options.registry.find(principal, model).targets.some((target) => this.hasOn(target));
  }

  /** Resolves when there is some. @throws what `has` throws, and the signal's reason. */
  async wait(principal: Principal, model: string, signal: AbortSignal): Promise<void> {
    while (!this.has(principal, model)) await this.#options.clock.sleep(LOOK_MS, signal);
  }

  /**
   * The ways of a plan that have some, as soon as one has.
   * @throws TandemError no_spare_capacity with a forecast, when none has any within 10 s.
   */
  async narrow(plan: RoutePlan, model: string, signal: AbortSignal): Promise<SparePlan> {
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    for (;;) {
      const candidates = plan.candidates.filter(({ target }) => this.hasOn(target));
      const waitedMs = clock.monotonicMs() - startedMs;
      if (candidates.length > 0 || plan.candidates.length === 0 || signal.aborted) {
        if (waitedMs > 0) this.#usualWaitMs += (waitedMs - this.#usualWaitMs) / 8;
        return this.#promise(plan, candidates);
      }
      if (waitedMs >= MOST_WAIT_MS) throw this.#refusal(model, waitedMs);
      await clock.sleep(LOOK_MS, signal).catch(() => {});
    }
  }

  #promise(plan: RoutePlan, candidates: readonly Candidate[]): SparePlan {
    const [first] = candidates;
    let state = first && this.#options.states.ofTarget(first.target);
    const count = (one: TargetState, by: number) => void this.#promised.set(one, (this.#promised.get(one) ?? 0) + by);
    if (state) count(state, 1);
    const end = () => {
      if (state) count(state, -1);
      state = undefined;
    };
    const begin = (router: Outcomes, candidate: Candidate): OpenAttempt | null => {
      end();
      // In the local engine's queue it stands behind all others anyway.
      return candidate.target.backend.kind === 'local' || this.hasOn(candidate.target) ? router.begin(candidate) : null;
    };
    return { ...plan, candidates, through: (router) => ({ begin: (candidate) => begin(router, candidate) }), end };
  }

  #refusal(model: string, waitedMs: number): TandemError {
    // It took at least this long, and nobody knows how much longer.
    this.#usualWaitMs += (2 * waitedMs - this.#usualWaitMs) / 8;
    const seconds = Math.max(LEAST_FORECAST_S, Math.ceil(this.#usualWaitMs / 1_000));
    return new TandemError('no_spare_capacity', { params: { model, seconds }, retryAfterSeconds: seconds, facts: { forecastSeconds: seconds }, param: 'service_tier' });
  }
}
