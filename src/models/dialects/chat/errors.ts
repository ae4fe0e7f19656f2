import { BadReply } from '../../neutral/bad-reply.ts';
import { isObject } from '../../request/json.ts';

/** An `error` object that came with status 200 or inside a stream. */
export function toldInside(error: unknown): BadReply {
  const said = messageIn({ error });
  return new BadReply(said === undefined ? 'it reported an error' : 'it says', said === undefined ? {} : { said });
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
