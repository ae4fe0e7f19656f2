import { isTandemError } from '../../base/index.ts';

/** What becomes of a line whose call was refused before its reply began, so that nothing was charged. */
export type AfterFailure = { readonly kind: 'refuse' } | { readonly kind: 'again'; readonly inMs: number };

const MOST_FAILURES = 3;
const LEAST_WAIT_MS = 1_000;
const MOST_WAIT_MS = 60_000;

/**
 * Busy, limited and out of reach pass with time: the line waits, for as long as its batch may run. A server that fails may
 * fail on this very line, so that is tried three times. Everything else would be refused again: a call that is larger than a
 * whole minute's limit, and an empty budget too, for nobody knows when it is filled.
 * @param attempts those that were made, this one included.
 */
export function afterFailure(error: unknown, attempts: number): AfterFailure {
  if (!isTandemError(error)) return { kind: 'refuse' };
  const passes = error.status === 429 && error.code !== 'call_over_limit' || error.status === 503 && error.code !== 'price_unknown';
  const fails = error.status === 502 || error.status === 504;
  if (!passes && !(fails && attempts < MOST_FAILURES)) return { kind: 'refuse' };
  const backOffMs = LEAST_WAIT_MS * 2 ** Math.min(attempts - 1, 6);
  return { kind: 'again', inMs: Math.min(MOST_WAIT_MS, Math.max((error.retryAfterSeconds ?? 0) * 1_000, backOffMs)) };
}
