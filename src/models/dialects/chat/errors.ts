import { BadReply } from '../../neutral/bad-reply.ts';
import { isObject } from '../../request/json.ts';

/** OpenAI's words, vLLM's and, as numbers, the statuses that OpenRouter and vLLM write as `code`. */
const BUSY: ReadonlySet<unknown> = new Set(['rate_limit_exceeded', 'rate_limit_error', 'overloaded_error', 429, 503, 529]);
const REFUSED: ReadonlySet<unknown> = new Set(['invalid_request_error', 'BadRequestError', 'context_length_exceeded', 400, 413, 422]);

/** An `error` object that came with status 200 or inside a stream. */
export function toldInside(error: unknown): BadReply {
  const said = messageIn({ error });
  const { type, code } = isObject(error) ? error : {};
  const kind = { busy: BUSY.has(type) || BUSY.has(code), refused: REFUSED.has(type) || REFUSED.has(code) };
  return new BadReply(said === undefined ? 'it reported an error' : 'it says', { ...kind, ...(said !== undefined && { said }) });
}

/** OpenAI's `{error: {message}}`, vLLM's `{message}` or FastAPI's `{detail}`. */
export function errorMessage(body: string): string | undefined {
  try {
    return messageIn(JSON.parse(body));
  } catch {
    return undefined;
  }
}

function messageIn(value: unknown): string | undefined {
  if (!isObject(value)) return undefined;
  const error = value['error'];
  const found = [isObject(error) ? error['message'] : error, value['message'], value['detail']].find((text) => typeof text === 'string' && text !== '');
  return typeof found === 'string' ? found : undefined;
}
