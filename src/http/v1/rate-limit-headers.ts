import type { LimitFigure, LimitFigures } from '../../ledger/index.ts';

/** Whose names the headers go by. */
export type HeaderDialect = 'openai' | 'anthropic';

/**
 * How much is left of a call's limits, as headers: names and values in turn, as `ResponseSink` collects them. OpenAI's
 * are `x-ratelimit-*` with a duration (`6m0s`), Anthropic's `anthropic-ratelimit-*` with a time (RFC 3339); both as their API
 * references of 2026-11 have them. Empty without limits.
 */
export function rateLimitHeaders(figures: LimitFigures, dialect: HeaderDialect, nowMs: number): string[] {
  const headers: string[] = [];
  for (const metric of ['requests', 'tokens'] as const) {
    const figure = figures[metric];
    if (figure === undefined) continue;
    if (dialect === 'openai') headers.push(...openAi(metric, figure));
    else headers.push(...anthropic(metric, figure, nowMs));
  }
  return headers;
}

function openAi(metric: string, { limit, remaining, resetMs }: LimitFigure): string[] {
  return [`x-ratelimit-limit-${metric}`, String(limit), `x-ratelimit-remaining-${metric}`, String(remaining), `x-ratelimit-reset-${metric}`, duration(resetMs)];
}

function anthropic(metric: string, { limit, remaining, resetMs }: LimitFigure, nowMs: number): string[] {
  const name = `anthropic-ratelimit-${metric}`;
  return [`${name}-limit`, String(limit), `${name}-remaining`, String(remaining), `${name}-reset`, new Date(nowMs + resetMs).toISOString().replace(/\.\d+Z$/, 'Z')];
}

function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  const seconds = Math.ceil(ms / 1_000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

/** The figures that a refusal carries in its facts. */
export function figuresOf(facts: Readonly<Record<string, unknown>> | undefined): LimitFigures | undefined {
  const limits = facts?.['limits'];
  return typeof limits === 'object' && limits !== null ? limits : undefined;
}
