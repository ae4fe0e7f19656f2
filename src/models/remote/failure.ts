import { TandemError, isTandemError, printable } from '../../base/index.ts';
import { isObject } from '../request/json.ts';

/** What may be said about a backend, and what must never be: its key and where it is. */
export interface BackendWords {
  readonly name: string;
  /** Texts that are taken out of whatever the backend says. */
  readonly hidden: readonly string[];
}

/** A backend's failing status as the error that the caller gets. `body` is at most some KB of what it sent. */
export function statusError(backend: BackendWords, status: number, body: string, retryAfter: string | undefined): TandemError {
  const reason = reasonIn(body, backend);
  const detail = `HTTP ${status}`;
  const params = { backend: backend.name };
  if (status === 400 || status === 413 || status === 422) {
    return new TandemError('backend_refused', { params: { ...params, reason: reason ?? 'it gave no reason.' }, detail });
  }
  if (status === 429) return new TandemError('backend_busy', { params, detail, retryAfterSeconds: seconds(retryAfter) ?? 1 });
  if (status === 401 || status === 403) return failed(backend, 'it does not accept this server\'s key', detail);
  if (status === 404) return failed(backend, 'it does not know the model, or has no chat completions at its address', detail);
  if (status >= 300 && status < 400) return failed(backend, 'it answered with a redirect, which is not followed', detail);
  if (status === 503) {
    return new TandemError('backend_unreachable', { params: { ...params, reason: 'it says that it is not available' }, detail, retryAfterSeconds: seconds(retryAfter) ?? 5 });
  }
  return failed(backend, `it answered with HTTP status ${status}`, detail);
}

/** The detail of errors whose message repeats what a backend said. */
export const IN_BAND = 'an error inside a reply';

/** An `error` object that came with status 200 or inside a stream. */
export function inBandError(backend: BackendWords, error: unknown): TandemError {
  const reason = reasonIn(JSON.stringify({ error }), backend);
  return failed(backend, reason === undefined ? 'it reported an error' : `it says: ${reason}`, IN_BAND);
}

export function failed(backend: BackendWords, reason: string, detail?: string): TandemError {
  return new TandemError('backend_failed', { params: { backend: backend.name, reason }, ...(detail !== undefined && { detail }) });
}

/** An error of the connection, before or in the middle of a reply. */
export function connectionError(backend: BackendWords, error: Error, begun: boolean): TandemError {
  if (isTandemError(error) && error.code !== 'url_not_allowed') return error;
  const code = 'code' in error ? String(error.code) : '';
  if (begun) return failed(backend, 'the connection was lost in the middle of the answer', code);
  const reason = isTandemError(error) ? 'its address may not be called' : CONNECTION_REASONS[code] ?? (/CERT|SSL|TLS|ALTNAME|UNABLE_TO/.test(code) ? 'its certificate is not accepted' : 'the connection failed');
  return new TandemError('backend_unreachable', { params: { backend: backend.name, reason }, detail: isTandemError(error) ? error.message : code, retryAfterSeconds: 5 });
}

const CONNECTION_REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused', ENOTFOUND: 'its name has no address', EAI_AGAIN: 'its name could not be looked up', ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'no route leads to it', ENETUNREACH: 'no route leads to it', ETIMEDOUT: 'it does not answer', UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  UND_ERR_SOCKET: 'the connection was closed', EPIPE: 'the connection was closed',
};

/** OpenAI's `{error: {message}}`, vLLM's `{message}` or FastAPI's `{detail}`, without what must not be said. */
function reasonIn(body: string, backend: BackendWords): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const error = value['error'];
  const message = [isObject(error) ? error['message'] : error, value['message'], value['detail']].find((text) => typeof text === 'string' && text !== '');
  if (typeof message !== 'string') return undefined;
  let clean = message;
  for (const text of backend.hidden) if (text !== '') clean = clean.replaceAll(text, '[hidden]');
  return printable(clean.replace(/\bsk-[A-Za-z0-9_*-]{4,}/g, '[hidden]').replace(/https?:\/\/\S+/g, '[address]'));
}

function seconds(retryAfter: string | undefined): number | undefined {
  return retryAfter !== undefined && /^\d{1,5}$/.test(retryAfter) ? Number(retryAfter) : undefined;
}
