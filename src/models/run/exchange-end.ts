import { TandemError, isTandemError } from '../../base/index.ts';
import type { DeadlineLimits } from '../deadlines.ts';
import { BadReply } from '../neutral/bad-reply.ts';
import type { TokenCounts } from '../quantities.ts';
import { ReplyTooLarge, Stopped, type Exchange } from '../remote/exchange.ts';
import { badReplyError, connectionError, failed, type BackendWords } from '../remote/failure.ts';
import { NOTHING } from '../metered-call.ts';

/** A kept connection can be closed by the backend just as a request is sent on it; that much is tried once more. */
const RETRIED_CODES = new Set(['CONNECTION_CLOSED', 'ECONNRESET', 'EPIPE']);

/** Whether the request may be sent once more: nothing of an answer has come. */
export function mayRetry(exchange: Exchange, error: unknown): boolean {
  return !exchange.answered && error instanceof Error && 'code' in error && RETRIED_CODES.has(String(error.code));
}

/** A backend that refused or was not reached has spent nothing; what one spent that was cut or failed in its work is not known. */
export function usedUndelivered(exchange: Exchange, error: unknown): TokenCounts | null {
  const refused = exchange.answered && exchange.status !== 200 && exchange.status < 500;
  const unreached = !exchange.answered && !(error instanceof Stopped) && exchange.connectedMs === 0;
  return refused || unreached ? NOTHING : null;
}

/** What the caller is told of an exchange that failed. */
export function exchangeError(backend: BackendWords, error: unknown, exchange: Exchange, limits: DeadlineLimits): TandemError {
  if (error instanceof Stopped) {
    const ms = error.step.startsWith('send') ? limits.headMs : error.step.startsWith('begin') ? limits.firstTokenMs : error.step.startsWith('go on') ? limits.gapMs : limits.wholeMs;
    return new TandemError('backend_timeout', { params: { backend: backend.name, step: error.step, seconds: Math.round(ms / 1000) } });
  }
  if (error instanceof ReplyTooLarge) return failed(backend, 'its answer is too large');
  if (error instanceof BadReply) return badReplyError(backend, error);
  if (isTandemError(error) && error.code !== 'url_not_allowed') return error;
  return connectionError(backend, error instanceof Error ? error : new Error('unknown'), exchange.answered);
}
