import type { TandemError } from '../../../base/index.ts';
import type { JsonObject } from '../../request/json.ts';

/** An error as Anthropic's API writes it, with the status that its SDKs know it by. */
export interface MessagesError {
  readonly status: number;
  readonly error: JsonObject;
}

/**
 * The `error` object of Anthropic's envelope (API reference, "Errors"): a type of their list, the message with its next step, and
 * our own code where their SDKs look for one (`error.details.error_code`).
 */
export function messagesError(error: TandemError): MessagesError {
  const status = BUSY.has(error.code) ? OVERLOADED : error.status;
  return {
    status,
    error: {
      type: typeOf(status), message: `${error.message} ${error.next}`,
      details: { error_code: error.code, ...(error.param !== undefined && { param: error.param }), ...(error.facts !== undefined && { facts: error.facts }) },
    },
  };
}

/** What is busy here is not the caller's own limit: Anthropic tells the two apart by status, and agents wait differently. */
const BUSY: ReadonlySet<string> = new Set<TandemError['code']>(['backend_busy', 'engine_overloaded']);
const OVERLOADED = 529;

function typeOf(status: number): string {
  return TYPES.get(status) ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
}

const TYPES: ReadonlyMap<number, string> = new Map([
  [401, 'authentication_error'], [402, 'billing_error'], [403, 'permission_error'], [404, 'not_found_error'], [408, 'timeout_error'], [409, 'conflict_error'],
  [413, 'request_too_large'], [429, 'rate_limit_error'], [501, 'invalid_request_error'], [503, 'overloaded_error'], [504, 'timeout_error'], [OVERLOADED, 'overloaded_error'],
]);
