import { TandemError, isTandemError, printable } from '../../base/index.ts';
import type { BadReply } from '../neutral/bad-reply.ts';

/** What may be said about a backend, and what must never be: its key and where it is. */
export interface BackendWords {
  readonly name: string;
  /** Texts that are taken out of whatever the backend says. */
  readonly hidden: readonly string[];
}

/**
 * A backend's failing status as the error that the caller gets.
 * @param said what the backend gives as its reason, as its dialect reads it.
 * @param retryAfterSeconds when it says to come back; undefined: it does not.
 */
export function statusError(backend: BackendWords, status: number, said: string | undefined, retryAfterSeconds: number | undefined): TandemError {
  const reason = said === undefined ? undefined : clean(said, backend);
  const detail = `HTTP ${status}`;
  const params = { backend: backend.name };
  if (status === 400 || status === 413 || status === 422) {
    return new TandemError('backend_refused', { params: { ...params, reason: reason ?? 'it gave no reason.' }, detail });
  }
  // 529 is Anthropic's word for it.
  if (status === 429 || status === 529) return new TandemError('backend_busy', { params, detail, retryAfterSeconds: retryAfterSeconds ?? 1 });
  if (status === 401 || status === 403) return failed(backend, 'it does not accept this server\'s key', detail);
  if (status === 404) return failed(backend, 'it does not know the model, or does not answer at this path', detail);
  if (status >= 300 && status < 400) return failed(backend, 'it answered with a redirect, which is not followed', detail);
  if (status === 503) {
    return new TandemError('backend_unreachable', { params: { ...params, reason: 'it says that it is not available' }, detail, retryAfterSeconds: retryAfterSeconds ?? 5 });
  }
  return failed(backend, `it answered with HTTP status ${status}`, detail);
}

/** The detail of errors whose message repeats what a backend said. */
export const IN_BAND = 'an error inside a reply';

/** What a backend's dialect could not read as an answer, or what the backend itself told inside one. */
export function badReplyError(backend: BackendWords, bad: BadReply): TandemError {
  if (bad.refused) return new TandemError('backend_refused', { params: { backend: backend.name, reason: bad.said === null ? 'it gave no reason.' : clean(bad.said, backend) }, detail: IN_BAND });
  if (bad.said === null) return bad.busy ? new TandemError('backend_busy', { params: { backend: backend.name }, detail: bad.message, retryAfterSeconds: 1 }) : failed(backend, bad.message);
  const reason = `it says: ${clean(bad.said, backend)}`;
  return bad.busy ? new TandemError('backend_busy', { params: { backend: backend.name }, detail: IN_BAND, retryAfterSeconds: 1 }) : failed(backend, reason, IN_BAND);
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
  CONNECTION_CLOSED: 'the connection was closed', REPLY_CUT: 'the connection was closed', EPIPE: 'the connection was closed', BAD_HTTP: 'what it answers is not HTTP/1.1',
};

/** What a backend says, without what must not be said. */
function clean(message: string, backend: BackendWords): string {
  let text = message;
  for (const hidden of backend.hidden) if (hidden !== '') text = text.replaceAll(hidden, '[hidden]');
  return printable(text.replace(/\bsk-[A-Za-z0-9_*-]{4,}/g, '[hidden]').replace(/https?:\/\/\S+/g, '[address]'));
}
