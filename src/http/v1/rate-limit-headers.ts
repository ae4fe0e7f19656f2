import { isTandemError } from '../../base/index.ts';
import type { LimitFigure, LimitFigures } from '../../ledger/index.ts';

/** Whose names the headers go by. */
export type HeaderDialect = 'openai' | 'anthropic';

/**
 * How much is left of a call's limits, as headers: names and values in turn, as `ResponseSink` collects them. OpenAI's
 * are `x-ratelimit-*` with a duration (`6m0s`), Anthropic's `anthropic-ratelimit-*` with a time (RFC 3339); both as their API
 * references of 2026-11 have them. Empty without limits.
 */
export function rateLimitHeaders(figures: LimitFigures, dialect: HeaderDialect): string[] {
  const headers: string[] = [];
  for (const metric of ['requests', 'tokens'] as const) {
    const figure = figures[metric];
    if (figure === undefined) continue;
    if (dialect === 'openai') headers.push(...openAi(metric, figure));
    else headers.push(...anthropic(metric, figure));
  }
  return headers;
}

function openAi(metric: string, { limit, remaining, resetMs }: LimitFigure): string[] {
  return [`x-ratelimit-limit-${metric}`, String(limit), `x-ratelimit-remaining-${metric}`, String(remaining), `x-ratelimit-reset-${metric}`, duration(resetMs)];
}

function anthropic(metric: string, { limit, remaining, resetAtMs }: LimitFigure): string[] {
  const name = `anthropic-ratelimit-${metric}`;
  return [`${name}-limit`, String(limit), `${name}-remaining`, String(remaining), `${name}-reset`, new Date(resetAtMs).toISOString().replace(/\.\d+Z$/, 'Z')];
}

function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  const seconds = Math.ceil(ms / 1_000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

/** The headers of a refusal that carries the figures of its limits. */
export function refusalHeaders(error: unknown, dialect: HeaderDialect): Readonly<Record<string, string>> {
  const limits = isTandemError(error, 'limit_reached') || isTandemError(error, 'call_over_limit') ? error.facts?.['limits'] : undefined;
  if (typeof limits !== 'object' || limits === null) return {};
  const flat = rateLimitHeaders(limits, dialect);
  const headers: Record<string, string> = {};
  for (let index = 0; index < flat.length; index += 2) headers[flat[index]!] = flat[index + 1]!;
  return headers;
}
