import { isUtf8 } from 'node:buffer';
import secureJson from 'secure-json-parse';
import { MAX_DEPTH, MAX_PARTS, TandemError, shapeFault } from '../../base/index.ts';
import { keepsIntegers } from '../../models/index.ts';

const BYTE_ORDER_MARK = 0xfeff;
const OPENING = ['{', '['] as const;
const refuse = { protoAction: 'error', constructorAction: 'error' } as const;

/**
 * The JSON value in a request's body. The parser's own message is not passed on: it quotes the body.
 * @param exact whether integers that JavaScript would round are kept as they stand, for bodies that go on to a model.
 * @throws TandemError invalid_json: empty, not UTF-8, nested too deep, of too many values, not JSON, or with a key `__proto__` or `constructor.prototype`.
 */
export function parseJson(body: Buffer, exact = false): unknown {
  if (body.length === 0) throw invalid('it is empty');
  if (!isUtf8(body)) throw invalid('it is not UTF-8');
  const text = body.toString();
  const fault = body.length <= MAX_PARTS && opensFewerThan(MAX_DEPTH, text) ? undefined : shapeFault(body, MAX_DEPTH, MAX_PARTS);
  if (fault === 'deep') throw invalid(`it is nested deeper than ${MAX_DEPTH} levels`);
  if (fault === 'many') throw invalid(`it holds more than ${MAX_PARTS} values`);
  try {
    const reviver = exact ? keepsIntegers(text) : null;
    if (!isPlain(text)) return secureJson.parse(text, reviver, refuse);
    return reviver === null ? JSON.parse(text) : JSON.parse(text, reviver);
  } catch (error) {
    throw invalid(reasonOf(error));
  }
}

/** True when there are so few brackets, in texts or not, that nothing can be nested deeper: a search that costs a tenth of looking at each byte. */
function opensFewerThan(most: number, text: string): boolean {
  let found = 0;
  for (const bracket of OPENING) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      found += 1;
      if (found >= most) return false;
    }
  }
  return true;
}

/** True when the careful parser would find nothing: it looks for two names, also written in escapes, by patterns that cost more than parsing. */
function isPlain(text: string): boolean {
  return !text.includes('__proto__') && !text.includes('constructor') && !text.includes('\\u') && text.charCodeAt(0) !== BYTE_ORDER_MARK;
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  if (message.includes('forbidden prototype property')) return 'it holds a key that is not allowed (__proto__ or constructor.prototype)';
  const position = /position (\d+)/.exec(message)?.[1];
  if (position) return `it breaks off or goes wrong at byte ${position}`;
  return message.includes('end of JSON input') ? 'it ends too early' : 'it has an unexpected character';
}

function invalid(reason: string): TandemError {
  return new TandemError('invalid_json', { params: { reason } });
}
