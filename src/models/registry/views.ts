import type { Health } from '../health.ts';
import type { Bucket, PriceVersion } from '../ports.ts';
import type { Backend, Target } from './target.ts';

/** Health as the control API shows it. */
export interface HealthView {
  readonly state: Health['state'];
  readonly reason: string | null;
  readonly since: string | null;
}

export interface BackendView {
  readonly id: string;
  readonly name: string;
  readonly kind: Backend['kind'];
  /** Null also for who does not own the backend. */
  readonly url: string | null;
  readonly hasKey: boolean;
  readonly enabled: boolean;
  readonly health: HealthView;
  readonly from: Backend['from'];
  readonly createdAt: string;
}

type PriceView = { readonly [B in Bucket]?: { readonly price: string; readonly per: string } };

export interface ModelView {
  readonly name: string;
  readonly backend: Pick<BackendView, 'id' | 'name' | 'kind'>;
  readonly backendModel: string;
  readonly contextTokens: number | null;
  readonly maxOutputTokens: number;
  readonly health: HealthView;
  readonly enabled: boolean;
  /** Null: no price, so calls are refused. */
  readonly price: PriceView | null;
  /** Null: unknown, or not for the one who asks. */
  readonly cost: PriceView | null;
  readonly currency: string;
  readonly createdAt: string;
}

function healthView(health: Health): HealthView {
  return { state: health.state, reason: health.reason, since: iso(health.sinceMs) };
}

export function backendView(backend: Backend, health: Health, owner: boolean): BackendView {
  const { id, name, kind, enabled, from } = backend;
  return { id, name, kind, url: owner ? backend.url : null, hasKey: owner && backend.hasKey, enabled, health: healthView(health), from, createdAt: new Date(backend.createdAtMs).toISOString() };
}

export function modelView(target: Target, facts: { health: Health; price: PriceVersion | undefined; cost: PriceVersion | undefined; currency: string }): ModelView {
  const { backend } = target;
  return {
    name: target.alias, backend: { id: backend.id, name: backend.name, kind: backend.kind }, backendModel: target.backendModel,
    contextTokens: target.contextTokens, maxOutputTokens: target.maxOutputTokens, health: healthView(facts.health), enabled: backend.enabled,
    price: priceView(facts.price), cost: priceView(facts.cost), currency: facts.price?.currency ?? facts.currency, createdAt: new Date(target.createdAtMs).toISOString(),
  };
}

function priceView(version: PriceVersion | undefined): PriceView | null {
  if (!version) return null;
  return Object.fromEntries(Object.entries(version.buckets).map(([bucket, unit]) => [bucket, { price: unit.price.toString(), per: unit.per.toString() }]));
}

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
