import type { Logger, TandemError } from '../../base/index.ts';
import type { Tried } from '../metered-call.ts';
import type { Outcome } from '../ports.ts';
import type { TokenCounts } from '../quantities.ts';
import { IN_BAND } from '../remote/failure.ts';
import { Stopped } from '../remote/exchange.ts';
import type { AttemptEnd, OpenAttempt } from '../routing/plan.ts';
import type { Attempt } from './attempt.ts';

export function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof Stopped)) return 'failed';
  return error.reason === 'lost' ? 'cut' : error.reason;
}

/** Ended for a reason of this side's: the client left, or another attempt was faster. It says nothing of the backend. */
export function stoppedHere(error: unknown): boolean {
  return error instanceof Stopped && error.reason !== 'deadline';
}

/** An attempt as the ledger is told of it. What it spent is not known unless its backend said so: where a guess is told, the teller says that too. */
export function tried(attempt: Attempt, outcome: Outcome, counts: TokenCounts | null, hedged: boolean): Tried {
  const { candidate, httpStatus, startedMs, connectedMs } = attempt;
  return { candidate, outcome, counts, reported: counts !== null, httpStatus, startedMs, connectMs: Math.max(0, connectedMs - startedMs), firstTokenMs: firstTokenMs(attempt, outcome, startedMs), hedged };
}

/** Milliseconds from `sinceMs` to the first token; 0: there was none. What came of an answer that turned out to be none, such as an error, is no token. */
export function firstTokenMs({ firstTextMs }: Attempt, outcome: Outcome, sinceMs: number): number {
  return outcome === 'failed' ? 0 : Math.max(0, firstTextMs - sinceMs);
}

/** Errors that lie in the request itself: no other backend is asked, and none is blamed. */
export function isOwnFault(told: TandemError): boolean {
  return told.code === 'backend_refused' || told.code === 'context_length_exceeded' || told.code === 'schema_unsupported';
}

/** Tells routing and the backend's health how an attempt ended. */
export function report(attempt: Attempt, open: OpenAttempt, error: unknown, told: TandemError | null, log: Logger): void {
  const remote = attempt.candidate.connection?.remote ?? null;
  if (told === null) {
    remote?.worked();
  } else if (remote && !isOwnFault(told) && !stoppedHere(error)) {
    // What a backend says inside an answer may repeat a prompt: it is for the caller alone.
    remote.failed(told.detail === IN_BAND ? 'it reported an error inside an answer' : told.message);
    log.warn({ backend: remote.id, code: told.code, detail: told.detail }, 'a backend failed');
  }
  open.end(attemptEnd(attempt, error, told));
}

function attemptEnd(attempt: Attempt, error: unknown, told: TandemError | null): AttemptEnd {
  if (told === null) {
    const { input, cacheRead, cacheWrite = 0, cacheWriteLong = 0, output, reasoning } = attempt.counts().counts;
    const firstTokenMs = attempt.firstTextMs > 0 ? attempt.firstTextMs - attempt.startedMs : null;
    return { outcome: 'worked', reason: null, retryAfterSeconds: null, firstTokenMs, tokens: input + cacheRead + cacheWrite + cacheWriteLong + output + reasoning };
  }
  return {
    outcome: kindOf(attempt, error, told), reason: told.detail === IN_BAND ? 'it reported an error inside an answer' : told.message,
    retryAfterSeconds: attempt.retryAfterSeconds, firstTokenMs: null, tokens: null,
  };
}

function kindOf({ httpStatus }: Attempt, error: unknown, told: TandemError): AttemptEnd['outcome'] {
  if (stoppedHere(error)) return 'left';
  if (isOwnFault(told)) return 'refused';
  if (httpStatus === 401 || httpStatus === 402 || httpStatus === 403) return 'denied';
  if (told.code === 'backend_busy' || told.code === 'engine_overloaded') return 'busy';
  return 'failed';
}
