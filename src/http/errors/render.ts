import { TandemError, type Logger } from '../../base/index.ts';
import { isDatabaseLost } from '../../db/index.ts';
import { messagesError } from '../../models/index.ts';

/** A reply made from an error: status, headers, and the JSON text of the body. */
export interface Rendered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Whose form the body has. */
export type Envelope = 'openai' | 'anthropic' | 'tandem';

const BODY: Readonly<Record<Envelope, (error: TandemError, requestId: string) => object>> = { openai: openAi, anthropic, tandem: own };

/** Who asks while the database is away or comes back hears that, and when to ask again. */
const AWAY_RETRY_S = 2;

/** What was thrown, in the words of the list: what is not in it and is no absence of the database is `internal`. */
export function knownError(error: unknown, requestId: string): TandemError {
  if (error instanceof TandemError) return error;
  if (isDatabaseLost(error)) return new TandemError('database_away', { retryAfterSeconds: AWAY_RETRY_S, detail: (error as Error).message, cause: error });
  return new TandemError('internal', { params: { requestId }, cause: error });
}

/**
 * The one place where an error becomes a reply. What is not a TandemError becomes `internal` with the
 * request's id: the client gets no stack, no path and no secret; the operator's log gets all but secrets.
 */
export function renderError(error: unknown, envelope: Envelope, requestId: string, log: Logger): Rendered {
  const known = knownError(error, requestId);
  if (known.code === 'internal') {
    log.error({ requestId, err: error }, 'an unexpected error');
  } else if (known.status >= 500) {
    log.warn({ requestId, code: known.code, detail: known.detail }, known.message);
  } else {
    log.debug({ requestId, code: known.code, detail: known.detail }, 'refused');
  }
  const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'x-request-id': requestId, ...known.headers };
  if (known.retryAfterSeconds !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(known.retryAfterSeconds)));
  const allowed = known.code === 'method_not_allowed' ? known.facts?.['allowed'] : undefined;
  if (Array.isArray(allowed)) headers['allow'] = allowed.join(', ');
  if (known.status === 401) headers['www-authenticate'] = 'Bearer realm="tandem"';
  if (envelope === 'anthropic') headers['request-id'] = requestId;
  return { status: envelope === 'anthropic' ? messagesError(known).status : known.status, headers, body: JSON.stringify(BODY[envelope](known, requestId)) };
}

function openAi(error: TandemError) {
  return {
    error: {
      message: `${error.message} ${error.next}`,
      type: error.type,
      param: error.param ?? null,
      code: error.code,
      ...(error.facts === undefined ? {} : { facts: error.facts }),
    },
  };
}

/** Anthropic's SDKs read the id from the header `request-id`. */
function anthropic(error: TandemError, requestId: string) {
  return { type: 'error', error: messagesError(error).error, request_id: requestId };
}

function own(error: TandemError, requestId: string) {
  return {
    error: {
      code: error.code,
      message: error.message,
      next: error.next,
      ...(error.param === undefined ? {} : { param: error.param }),
      requestId,
      ...(error.facts === undefined ? {} : { facts: error.facts }),
    },
  };
}
