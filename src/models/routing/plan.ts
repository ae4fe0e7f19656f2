import type { Connection, Target } from '../registry/target.ts';

/**
 * Why a target stands where it does in a plan. `only`: there is no other. `probe`: its breaker lets a call through to see
 * whether it is well again. `next`: it is for the case that those before it fail. The others are the alias's goal.
 */
export type RouteReason = 'only' | 'weights' | 'order' | 'cheapest' | 'fastest' | 'least-busy' | 'same-prefix' | 'probe' | 'next';

/** One attempt that may be made. */
export interface Candidate {
  readonly target: Target;
  /** Null for the local engine. */
  readonly connection: Connection | null;
  readonly why: RouteReason;
}

/** Why a target is not among the candidates. */
export interface PassedOver {
  readonly target: Target;
  /** `off`: switched off. `lacks`: the request needs what it cannot. `open`: its breaker is open. `keys`: all its keys rest or are full. */
  readonly why: 'off' | 'lacks' | 'open' | 'keys';
  /** For the error and the request's log: what it lacks, or what failed last. */
  readonly detail: string;
  /** UTC milliseconds from which it may be tried again; null: not known. */
  readonly againAtMs: number | null;
}

/** Which targets a call may be tried on, likeliest first. Without candidates `passed` says why. */
export interface RoutePlan {
  readonly candidates: readonly Candidate[];
  readonly passed: readonly PassedOver[];
}

/** How an attempt ended, as routing needs to know it. */
export interface AttemptEnd {
  /**
   * `worked`: it answered whole. `failed`: it could not be reached, gave 5xx, went silent or broke off. `busy`: 429, or 503 with a
   * time to come back. `denied`: 401, 402 or 403, which is the key's fault. `refused`: it found the request itself wrong. `left`:
   * the client left, or another attempt won, before anything could be said of it.
   */
  readonly outcome: 'worked' | 'failed' | 'busy' | 'denied' | 'refused' | 'left';
  /** A sentence's part for operators, without content. */
  readonly reason: string | null;
  readonly retryAfterSeconds: number | null;
  /** From the attempt's start to its first text; null: there was none. */
  readonly firstTokenMs: number | null;
  /** Prompt and answer as the backend counted them; null: not known. */
  readonly tokens: number | null;
}

/** An attempt that runs. `end` is called once, whatever comes. */
export interface OpenAttempt {
  end(end: AttemptEnd): void;
}

/** What the runner tells of its attempts. */
export interface Outcomes {
  /**
   * Takes a place for an attempt. Null: meanwhile other calls have filled its key or its breaker has opened, so the
   * next candidate is tried.
   */
  begin(candidate: Candidate): OpenAttempt | null;
}
