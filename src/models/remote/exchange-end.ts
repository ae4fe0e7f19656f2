import { TandemError, isTandemError } from '../../base/index.ts';
import { NOTHING } from '../metered-call.ts';
import type { Outcome } from '../ports.ts';
import type { TokenCounts } from '../quantities.ts';
import { ReplyTooLarge, Stopped, type Exchange } from './exchange.ts';
import { IN_BAND, connectionError, failed } from './failure.ts';
import type { RemoteBackend } from './remote-backend.ts';
import type { RemoteTools } from './remote-tools.ts';

/** A kept connection can be closed by the backend just as a request is sent on it; that much is tried once more. */
const RETRIED_CODES = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

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

export function outcomeOf(error: unknown): Outcome {
  return error instanceof Stopped ? error.reason : 'failed';
}

/** What the caller is told, and what the backend's health is told. */
export function callerError(backend: RemoteBackend, error: unknown, exchange: Exchange, tools: RemoteTools): TandemError {
  const told = toTandemError(backend, error, exchange, tools);
  if (told.code !== 'backend_refused' && !(error instanceof Stopped && error.reason === 'client_left')) {
    // What a backend says inside an answer may repeat a prompt: it is for the caller alone.
    backend.failed(told.detail === IN_BAND ? 'it reported an error inside an answer' : told.message);
    tools.log.warn({ backend: backend.id, code: told.code, detail: told.detail }, 'a backend failed');
  }
  return told;
}

function toTandemError(backend: RemoteBackend, error: unknown, exchange: Exchange, { limits }: RemoteTools): TandemError {
  if (error instanceof Stopped) {
    const ms = error.step.startsWith('begin') ? limits.firstTokenMs : error.step.startsWith('go on') ? limits.gapMs : limits.wholeMs;
    return new TandemError('backend_timeout', { params: { backend: backend.words.name, step: error.step, seconds: Math.round(ms / 1000) } });
  }
  if (error instanceof ReplyTooLarge) return failed(backend.words, 'its answer is too large');
  if (isTandemError(error) && error.code !== 'url_not_allowed') return error;
  return connectionError(backend.words, error instanceof Error ? error : new Error('unknown'), exchange.answered);
}
