import type { Health } from '../health.ts';
import type { Bucket, PriceVersion } from '../ports.ts';
import type { BreakerView } from '../routing/breaker.ts';
import type { KeyView } from '../routing/key-state.ts';
import type { RouteStates } from '../routing/states.ts';
import { limitsView } from './forms.ts';
import type { Alias, Backend, Connection, Target } from './target.ts';

/** Health as the control API shows it. */
export interface HealthView {
  readonly state: Health['state'];
  readonly reason: string | null;
  readonly since: string | null;
}

/** A key without what must not be seen. */
export interface BackendKeyView {
  readonly label: string;
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  readonly parallel: number | null;
  readonly state: KeyView['state'] | 'unreadable';
  readonly reason: string | null;
  readonly since: string | null;
  readonly againAt: string | null;
}

export interface BackendView {
  readonly id: string;
  readonly name: string;
  readonly kind: Backend['kind'];
  /** Null also for who does not own the backend. */
  readonly url: string | null;
  readonly options: Readonly<Record<string, string>>;
  readonly hasKey: boolean;
  /** Empty for who does not own the backend. */
  readonly keys: readonly BackendKeyView[];
  readonly enabled: boolean;
  readonly health: HealthView;
  readonly from: Backend['from'];
  readonly createdAt: string;
}

type PriceView = { readonly [B in Bucket]?: { readonly price: string; readonly per: string } };
type BackendName = Pick<BackendView, 'id' | 'name' | 'kind'>;

export interface TargetView {
  readonly backend: BackendName;
  readonly model: string;
  readonly weight: number;
  readonly order: number;
  readonly region: string | null;
  readonly enabled: boolean;
  readonly contextTokens: number | null;
  readonly maxOutputTokens: number;
  readonly outputLimitField: Target['capField'];
  readonly can: Target['can'];
  readonly health: HealthView;
  readonly breaker: { readonly state: BreakerView['state']; readonly reason: string | null; readonly since: string | null; readonly againAt: string | null };
  /** Calls of this process that run on it now. */
  readonly running: number;
  /** As lately seen by this process; null: not seen. */
  readonly firstTokenMs: number | null;
  /** Null: unknown. Absent: it is not for the one who asks. */
  readonly cost?: PriceView | null;
}

export interface ModelView {
  readonly name: string;
  readonly goal: Alias['goal'];
  readonly regions: readonly string[];
  readonly limits: ReturnType<typeof limitsView>;
  readonly targets: readonly TargetView[];
  readonly from: Alias['from'];
  /** Of the first target, as are the four after it. */
  readonly backend: BackendName;
  readonly backendModel: string;
  readonly contextTokens: number | null;
  readonly maxOutputTokens: number;
  readonly cost?: PriceView | null;
  /** Of the best of its targets. */
  readonly health: HealthView;
  /** Whether some target is switched on. */
  readonly enabled: boolean;
  /** Null: no price, so calls are refused. */
  readonly price: PriceView | null;
  readonly currency: string;
  readonly createdAt: string;
}

export interface ModelFacts {
  readonly nowMs: number;
  readonly states: RouteStates;
  readonly healthOf: (backend: Backend) => Health;
  readonly price: PriceVersion | undefined;
  /** Undefined: unknown; null: not for the one who asks. */
  readonly costOf: (backend: Backend) => PriceVersion | undefined | null;
  readonly currency: string;
}

function healthView(health: Health): HealthView {
  return { state: health.state, reason: health.reason, since: iso(health.sinceMs) };
}

export function backendView(backend: Backend, health: Health, owner: boolean, keys: readonly BackendKeyView[] = []): BackendView {
  const { id, name, kind, enabled, from } = backend;
  return {
    id, name, kind, url: owner ? backend.url : null, options: owner ? backend.options : {}, hasKey: owner && backend.hasKey, keys: owner ? keys : [], enabled, health: healthView(health), from,
    createdAt: new Date(backend.createdAtMs).toISOString(),
  };
}

export function keyView({ label, limits, remote }: Connection, view: KeyView): BackendKeyView {
  if (remote === null) return { label, ...limits, state: 'unreadable', reason: 'its key cannot be opened', since: null, againAt: null };
  return { label, ...limits, state: view.state, reason: view.reason, since: iso(view.sinceMs), againAt: iso(view.againAtMs) };
}

export function modelView(alias: Alias, facts: ModelFacts): ModelView {
  const targets = alias.targets.map((target) => targetView(target, facts));
  const [first] = targets;
  return {
    name: alias.name, goal: alias.goal, regions: alias.regions, limits: limitsView(alias.limits), targets, from: alias.from,
    backend: first!.backend, backendModel: first!.model, contextTokens: first!.contextTokens, maxOutputTokens: first!.maxOutputTokens, ...(first!.cost !== undefined && { cost: first!.cost }),
    health: healthOfAll(targets), enabled: alias.serving !== undefined || alias.targets.some(({ enabled, backend }) => enabled && backend.enabled),
    price: priceView(facts.price), currency: facts.price?.currency ?? facts.currency, createdAt: new Date(alias.createdAtMs).toISOString(),
  };
}

function targetView(target: Target, { nowMs, states, healthOf, costOf }: ModelFacts): TargetView {
  const { backend, backendModel: model, weight, order, region, enabled, contextTokens, maxOutputTokens, capField: outputLimitField, can } = target;
  const { breaker, running, firstTokenMs } = states.ofTarget(target);
  const { state, reason, sinceMs, againAtMs } = breaker.view(nowMs);
  const cost = costOf(backend);
  return {
    backend: { id: backend.id, name: backend.name, kind: backend.kind }, model, weight, order, region, enabled: enabled && backend.enabled, contextTokens, maxOutputTokens, outputLimitField, can,
    health: healthView(healthOf(backend)), breaker: { state, reason, since: iso(sinceMs), againAt: iso(againAtMs) }, running, firstTokenMs: firstTokenMs === null ? null : Math.round(firstTokenMs),
    ...(cost !== null && { cost: priceView(cost) }),
  };
}

const BEST_FIRST: readonly HealthView['state'][] = ['ready', 'starting', 'unknown', 'degraded', 'unavailable'];

/** A name is as well as the best of its targets; that others rest is told. */
function healthOfAll(targets: readonly TargetView[]): HealthView {
  const used = targets.filter(({ enabled }) => enabled);
  const rank = ({ health, breaker }: TargetView) => (breaker.state === 'open' ? BEST_FIRST.length : BEST_FIRST.indexOf(health.state));
  const best = (used.length === 0 ? targets : used).toSorted((a, b) => rank(a) - rank(b))[0]!;
  const resting = used.filter(({ breaker }) => breaker.state === 'open');
  if (best.breaker.state === 'open') return { state: 'unavailable', reason: best.breaker.reason, since: best.breaker.since };
  if (resting.length === 0) return best.health;
  return { state: 'degraded', reason: `${resting.length} of ${used.length} targets rest: ${resting[0]!.breaker.reason ?? 'failed'}`, since: resting[0]!.breaker.since };
}

function priceView(version: PriceVersion | undefined): PriceView | null {
  if (!version) return null;
  return Object.fromEntries(Object.entries(version.buckets).map(([bucket, unit]) => [bucket, { price: unit.price.toString(), per: unit.per.toString() }]));
}

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
