import type { Clock, Random } from '../../base/index.ts';
import type { Place, PricePort } from '../ports.ts';
import type { Alias, Backend, Connection, Target } from '../registry/target.ts';
import { RouteStates, type AliasState, type TargetState } from './states.ts';
import type { BreakerStateName } from './breaker.ts';
import type { KeyView } from './key-state.ts';
import type { AttemptEnd, Candidate, OpenAttempt, Outcomes, RoutePlan } from './plan.ts';
import { planRoute, type TargetNow } from './plan-route.ts';
import { PrefixIndex, keyBlocks, prefixBlocks, promptStart, type PrefixBlocks } from './prefix-index.ts';

export interface TargetFigure {
  readonly backend: string;
  readonly model: string;
  readonly breaker: BreakerStateName;
  readonly running: number;
}

/** How targets and keys of this process are doing. */
export interface RouteFigures {
  readonly targets: readonly TargetFigure[];
  readonly keys: readonly { readonly backend: string; readonly key: string; readonly state: KeyView['state'] }[];
}

/** What routing looks at in a request. */
export interface RouteRequest {
  readonly body: Readonly<Record<string, unknown>>;
  readonly cacheKey: string | null;
}

export interface RouterOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly prices: PricePort;
  /** Of this process among all gateways: limits of keys are shared by them. Absent: it is alone. */
  readonly place?: () => Place;
}

/** A call as its cost is compared: three parts of prompt to one of answer. */
const PROMPT_PARTS = 3n;
const MILLION = 1_000_000n;

/**
 * Keeps what `planRoute` decides by: breakers, keys, what runs, how fast it was. All in memory; each process learns by itself.
 * A name with one target, whose breaker is closed and whose one key has no limits, costs no decision at all.
 */
export class Router implements Outcomes {
  readonly states: RouteStates;
  readonly #options: RouterOptions;
  #prefixes: PrefixIndex | undefined;

  constructor(options: RouterOptions) {
    this.#options = options;
    this.states = new RouteStates(options.place);
  }

  /**
   * @param lacks what the request needs and a target has not, in the caller's words; null: nothing.
   * @param organisationId of the caller: beginnings of prompts are compared within it alone.
   */
  plan(alias: Alias, request: RouteRequest, lacks: (target: Target) => string | null, organisationId: string): RoutePlan {
    const state = this.states.of(alias);
    const { simple } = state;
    const nowMs = this.#options.clock.nowMs();
    if (simple !== null && this.#isWell(state, simple.candidates[0]!, nowMs) && lacks(alias.targets[0]!) === null) return simple;
    const blocks = alias.goal === 'same-prefix' ? this.#blocksOf(alias, request, organisationId) : [];
    const plan = planRoute({ alias, now: this.#now(alias, state, blocks, nowMs), lacks, random: this.#options.random });
    for (const [index, credit] of plan.credits.entries()) state.credits[index] = credit;
    const first = plan.candidates[0];
    // Noted with the plan and not with the reply, so that calls at the same time find each other.
    if (blocks.length > 0 && first) this.#prefixes!.note(blocks, this.states.ofTarget(first.target).number);
    return plan;
  }

  begin({ target, connection, why }: Candidate): OpenAttempt | null {
    const { clock } = this.#options;
    const nowMs = clock.nowMs();
    const state = this.states.ofTarget(target);
    const key = connection === null ? null : this.states.ofConnection(connection);
    if (!state.breaker.admits(nowMs) || (key !== null && !key.admits(nowMs, why === 'only'))) return null;
    const era = state.breaker.begin();
    key?.begin(nowMs);
    state.running += 1;
    let ended = false;
    return {
      end: (end) => {
        if (ended) return;
        ended = true;
        state.running -= 1;
        const endMs = clock.nowMs();
        key?.end(endMs, end);
        this.#judge(state, era, key !== null, end, endMs);
      },
    };
  }

  /** Every model on a backend that a name leads to, once, and every key, for the figures. */
  figures(aliases: Iterable<Alias>, backends: readonly Backend[]): RouteFigures {
    const nowMs = this.#options.clock.nowMs();
    const targets = new Map<TargetState, TargetFigure>();
    for (const { targets: own } of aliases) {
      for (const target of own) {
        const state = this.states.ofTarget(target);
        targets.set(state, { backend: target.backend.name, model: target.backendModel, breaker: state.breaker.state(nowMs), running: state.running });
      }
    }
    const keys = backends.flatMap((backend) => backend.connections.map((connection) => ({ backend: backend.name, key: connection.label, state: this.states.ofConnection(connection).view(nowMs).state })));
    return { targets: [...targets.values()], keys };
  }

  #isWell(state: AliasState, { connection }: Candidate, nowMs: number): boolean {
    return state.targets[0]!.breaker.state(nowMs) === 'closed' && (connection === null || this.states.ofConnection(connection).admits(nowMs, true));
  }

  /** What is a key's fault rests the key; where there is none to rest, and for everything else, the target is judged. */
  #judge(state: TargetState, era: number, hasKey: boolean, { outcome, reason, firstTokenMs }: AttemptEnd, nowMs: number): void {
    if (outcome === 'failed' || (!hasKey && (outcome === 'busy' || outcome === 'denied'))) return state.breaker.failed(era, nowMs, reason ?? 'it failed', this.#options.random());
    if (outcome === 'worked' || outcome === 'refused') {
      state.breaker.worked(era, nowMs);
      if (firstTokenMs !== null) state.seen(firstTokenMs);
      return;
    }
    state.breaker.left(era);
  }

  #now(alias: Alias, state: AliasState, blocks: PrefixBlocks, nowMs: number): TargetNow[] {
    const held = blocks.length === 0 ? null : this.#prefixes!.find(blocks, (holder) => state.targets.some((one) => one.number === holder));
    return alias.targets.map((target, index): TargetNow => {
      const one = state.targets[index]!;
      const { state: breaker, reason, againAtMs } = one.breaker.view(nowMs);
      const connections = this.#waysTo(target, nowMs);
      return {
        connections, keys: connections.length > 0 ? null : this.#whyNoKey(target, nowMs),
        // Half open, with as many probes running as are allowed, is as good as open.
        breaker: breaker === 'half-open' && !one.breaker.admits(nowMs) ? 'open' : breaker, open: reason === null ? null : { reason, againAtMs: againAtMs ?? nowMs + 1000 },
        running: one.running, firstTokenMs: one.firstTokenMs, cost: alias.goal === 'cheapest' ? this.#costOf(target, nowMs) : null,
        credit: state.credits[index]!, prefixBlocks: held?.holder === one.number ? held.blocks : 0,
      };
    });
  }

  /** The connections that take a call now, the one with the most room first; those with as much take turns. */
  #waysTo(target: Target, nowMs: number): (Connection | null)[] {
    const { connections, kind } = target.backend;
    if (kind === 'local') return [null];
    const usable = connections.filter((connection) => connection.remote !== null && this.states.ofConnection(connection).admits(nowMs));
    if (usable.length < 2) return usable;
    const turn = this.states.turnOf(target.backend);
    const turned = [...usable.slice(turn % usable.length), ...usable.slice(0, turn % usable.length)];
    return turned.toSorted((a, b) => this.states.ofConnection(a).use(nowMs) - this.states.ofConnection(b).use(nowMs));
  }

  #whyNoKey(target: Target, nowMs: number): TargetNow['keys'] {
    const views = target.backend.connections.filter(({ remote }) => remote !== null).map((connection) => this.states.ofConnection(connection).view(nowMs));
    const soonest = views.toSorted((a, b) => (a.againAtMs ?? 0) - (b.againAtMs ?? 0))[0];
    return soonest ? { reason: soonest.reason ?? 'its keys rest', againAtMs: soonest.againAtMs } : null;
  }

  #costOf(target: Target, nowMs: number): bigint | null {
    const buckets = this.#options.prices.priceAt(target.backend.organisationId, target.alias, 'standard', nowMs, 'cost', target.backend.id)?.buckets;
    const { input, output } = buckets ?? {};
    if (!input || !output) return null;
    return (PROMPT_PARTS * input.price * MILLION) / input.per + (output.price * MILLION) / output.per;
  }

  #blocksOf(alias: Alias, { body, cacheKey }: RouteRequest, organisationId: string): PrefixBlocks {
    this.#prefixes ??= new PrefixIndex();
    const scope = `${organisationId} ${alias.organisationId} ${alias.name}`;
    return cacheKey === null ? prefixBlocks(scope, promptStart(body)) : keyBlocks(scope, cacheKey);
  }
}
