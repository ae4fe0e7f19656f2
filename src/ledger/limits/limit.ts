/** What is counted: calls or tokens admitted in a minute of the clock (UTC), or calls that run at once. */
export const METRICS = ['requests', 'tokens', 'parallel'] as const;
export type Metric = (typeof METRICS)[number];

export type ScopeKind = 'organisation' | 'project' | 'key';
export type SubjectKind = 'project' | 'key' | 'model' | 'user' | 'tag';

/**
 * At most `amount` of a metric for the calls of a scope: all of them together (`subjectKind` null), those of one model,
 * user or tag (`subject`), or those of each by itself (`subject` null).
 */
export interface Limit {
  readonly id: string;
  readonly organisationId: string;
  readonly scopeKind: ScopeKind;
  readonly scopeId: string;
  /** Keys that followed the scope's key by rotation. */
  readonly successors: readonly string[];
  readonly subjectKind: SubjectKind | null;
  readonly subject: string | null;
  readonly metric: Metric;
  readonly amount: bigint;
}

export const MINUTE_MS = 60_000;
/** What has no window: calls that run at once. */
const WITHOUT_START_MS = 0;

/** The window of a metric that holds `atMs`, UTC milliseconds, its end exclusive; null: it has none. */
export function windowOf(metric: Metric, atMs: number): { startMs: number; endMs: number | null } {
  if (metric === 'parallel') return { startMs: WITHOUT_START_MS, endMs: null };
  const startMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
  return { startMs, endMs: startMs + MINUTE_MS };
}
