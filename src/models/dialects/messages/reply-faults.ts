import { BadReply } from '../../neutral/bad-reply.ts';
import { isObject } from '../../request/json.ts';

/** Types of Anthropic's errors after which another try may be taken. */
const BUSY: ReadonlySet<unknown> = new Set(['overloaded_error', 'rate_limit_error']);

/** Types that find the request wrong. */
const REFUSED: ReadonlySet<unknown> = new Set(['invalid_request_error', 'request_too_large']);

/** An error that a backend tells inside a reply: `{type: 'error', error: {type, message}}`. */
export function toldFault(value: unknown): BadReply {
  const error = isObject(value) && isObject(value['error']) ? value['error'] : {};
  const message = error['message'];
  return new BadReply('it reported an error', { busy: BUSY.has(error['type']), refused: REFUSED.has(error['type']), ...(typeof message === 'string' && { said: message }) });
}

/** The message in a failing reply's body; undefined where it is not of this form. */
export function errorMessage(body: string): string | undefined {
  try {
    const value: unknown = JSON.parse(body);
    const error = isObject(value) ? value['error'] : undefined;
    const message = isObject(error) ? error['message'] : undefined;
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}
