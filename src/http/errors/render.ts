import { TandemError, type Logger } from '../../base/index.ts';

/** A reply made from an error: status, headers, and the JSON text of the body. */
export interface Rendered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Whose form the body has. */
export type Envelope = 'openai' | 'anthropic' | 'tandem';

const BODY: Readonly<Record<Envelope, (error: TandemError, requestId: string) => object>> = { openai: openAi, anthropic, tandem: own };

/**
 * The one place where an error becomes a reply. What is not a TandemError becomes `internal` with the
 * request's id: the client gets no stack, no path and no secret; the operator's log gets all but secrets.
 */
export function renderError(error: unknown, envelope: Envelope, requestId: string, log: Logger): Rendered {
  const known = error instanceof TandemError ? error : new TandemError('internal', { params: { requestId }, cause: error });
  if (known !== error) {
    log.error({ requestId, err: error }, 'an unexpected error');
  } else if (known.status >= 500) {
    log.warn({ requestId, code: known.code, detail: known.detail }, known.message);
  } else {
    log.debug({ requestId, code: known.code, detail: known.detail }, 'refused');
  }
  const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'x-request-id': requestId };
  if (known.retryAfterSeconds !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(known.retryAfterSeconds)));
  const allowed = known.code === 'method_not_allowed' ? known.facts?.['allowed'] : undefined;
  if (Array.isArray(allowed)) headers['allow'] = allowed.join(', ');
  if (known.status === 401) headers['www-authenticate'] = 'Bearer realm="tandem"';
  return { status: known.status, headers, body: JSON.stringify(BODY[envelope](known, requestId)) };
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

/** As Anthropic's API reference has it ("Errors"): the type says what a client may do, the message what a person may do. */
function anthropic(error: TandemError, requestId: string) {
  return { type: 'error', error: { type: anthropicType(error), message: `${error.message} ${error.next}` }, request_id: requestId };
}

function anthropicType({ status }: TandemError): string {
  switch (status) {
    case 401: return 'authentication_error';
    case 402: return 'billing_error';
    case 403: return 'permission_error';
    case 404: return 'not_found_error';
    case 413: return 'request_too_large';
    case 429: return 'rate_limit_error';
    case 503: return 'overloaded_error';
    case 504: return 'timeout_error';
    default: return status < 500 || status === 501 ? 'invalid_request_error' : 'api_error';
  }
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
