import type { ModelView } from './views.ts';

/** What a caller sees of one model: whether it answers, how quickly, at what price. No address, no key, no cost of ours. */
export interface ModelStatus {
  readonly id: string;
  readonly state: ModelView['health']['state'];
  readonly reason: string | null;
  readonly since: string | null;
  /** Ways to it that take calls now, and all that are switched on. */
  readonly routes: { readonly open: number; readonly all: number };
  /** Milliseconds, as lately seen by this gateway, of the quickest way; null: not seen yet. */
  readonly first_token_ms: number | null;
  /** Calls of this gateway that run on it now. */
  readonly running: number;
  readonly context_tokens: number | null;
  readonly max_output_tokens: number;
  /** Picodollars for `per` units, by bucket; null: it has no price, so calls are refused. */
  readonly price: ModelView['price'];
  readonly currency: string;
}

export interface StatusView {
  readonly object: 'status';
  /** UTC. */
  readonly now: string;
  /** `ok`: every model answers; `degraded`: some do; `down`: none does. */
  readonly state: 'ok' | 'degraded' | 'down';
  readonly data: readonly ModelStatus[];
}

const ANSWERS: ReadonlySet<string> = new Set(['ready', 'degraded', 'unknown']);

export function statusView(models: readonly ModelView[], nowMs: number): StatusView {
  const data = models.map(modelStatus);
  const answering = data.filter(({ state }) => ANSWERS.has(state)).length;
  const well = data.every(({ state }) => state === 'ready' || state === 'unknown');
  return { object: 'status', now: new Date(nowMs).toISOString(), state: well ? 'ok' : answering > 0 ? 'degraded' : 'down', data };
}

function modelStatus({ name, enabled, health, targets, contextTokens, maxOutputTokens, price, currency }: ModelView): ModelStatus {
  const used = targets.filter((target) => target.enabled);
  const open = used.filter(({ breaker, health: { state } }) => breaker.state !== 'open' && state !== 'unavailable');
  const times = open.map(({ firstTokenMs }) => firstTokenMs).filter((ms) => ms !== null);
  return {
    id: name, state: enabled ? health.state : 'unavailable', reason: enabled ? health.reason : 'it is switched off', since: health.since,
    routes: { open: open.length, all: used.length }, first_token_ms: times.length === 0 ? null : Math.min(...times), running: used.reduce((sum, { running }) => sum + running, 0),
    context_tokens: contextTokens, max_output_tokens: maxOutputTokens, price, currency,
  };
}
