import type { Holding } from '../holders/subject.ts';

/** What is counted: calls or tokens admitted in a minute of the clock (UTC), or calls that run at once. */
export const METRICS = ['requests', 'tokens', 'parallel'] as const;
export type Metric = (typeof METRICS)[number];

export type SubjectKind = 'project' | 'key' | 'model' | 'user' | 'tag';

/** At most `amount` of a metric for the calls that it holds. */
export interface Limit extends Holding<SubjectKind> {
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
