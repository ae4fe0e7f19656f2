import secureJson from 'secure-json-parse';
import { MAX_DEPTH, MAX_PARTS, shapeFault } from '../../base/index.ts';
import { keepsIntegers } from '../neutral/exact-json.ts';

/** One request of a batch's input file. */
export interface BatchRequest {
  readonly customId: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What is wrong with a line, in the form of OpenAI's batch errors. */
export interface LineFault {
  readonly code: string;
  readonly message: string;
  readonly param: string | null;
}

const MOST_ID_CHARACTERS = 512;

/**
 * Reads one line: `{"custom_id", "method": "POST", "url", "body"}`, as OpenAI's guide to the Batch API has it.
 * @param endpoint the batch's own: a line cannot go elsewhere.
 */
export function checkLine(text: string, endpoint: string): BatchRequest | LineFault {
  const shape = shapeFault(Buffer.from(text), MAX_DEPTH, MAX_PARTS);
  if (shape === 'deep') return fault('invalid_json_line', `This line is nested deeper than ${MAX_DEPTH} levels.`, null);
  if (shape === 'many') return fault('invalid_json_line', `This line holds more than ${MAX_PARTS} values.`, null);
  const line = parse(text);
  if (line === undefined) return fault('invalid_json_line', 'This line is not a JSON object.', null);
  const { custom_id: customId, method, url, body } = line;
  if (typeof customId !== 'string' || customId === '') return fault('missing_required_parameter', 'custom_id is missing: it is a text that no other line has.', 'custom_id');
  if (customId.length > MOST_ID_CHARACTERS) return fault('invalid_custom_id', `custom_id is longer than ${MOST_ID_CHARACTERS} characters.`, 'custom_id');
  if (method !== 'POST') return fault('invalid_method', 'method is POST.', 'method');
  if (url !== endpoint) return fault('mismatched_endpoint', `url is the endpoint of the batch, ${endpoint}.`, 'url');
  if (!isObject(body)) return fault('missing_required_parameter', 'body is missing: it is the request as JSON.', 'body');
  if (typeof body['model'] !== 'string') return fault('missing_required_parameter', 'body.model is missing.', 'body.model');
  if (body['stream'] === true) return fault('unsupported_parameter', 'A line of a batch is not streamed: leave body.stream out.', 'body.stream');
  if (body['background'] === true) return fault('unsupported_parameter', 'A line of a batch runs in the background as it is: leave body.background out.', 'body.background');
  return { customId, body };
}

export function isFault(line: BatchRequest | LineFault): line is LineFault {
  return 'code' in line;
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = secureJson.parse(text, keepsIntegers(text), { protoAction: 'error', constructorAction: 'error' });
    return isObject(value) ? value : undefined;
  } catch {
    // The parser's own message would quote the line.
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fault(code: string, message: string, param: string | null): LineFault {
  return { code, message, param };
}
