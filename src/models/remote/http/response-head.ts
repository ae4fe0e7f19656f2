import type { IncomingHttpHeaders } from 'node:http';
import { BadHttp } from './http-errors.ts';

/** A reply's head, and what it says of the body and of the connection. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Bytes of the body; -1: it is chunked; -2: it goes on until the connection closes. */
  readonly length: number;
  /** Whether the connection may carry another request. */
  readonly kept: boolean;
  /** How long the backend keeps an idle connection; null: it does not say. */
  readonly keptMs: number | null;
}

export const CHUNKED = -1;
export const UNTIL_CLOSE = -2;

const MOST_FIELDS = 200;
/** Beyond this a length is no exact number. */
const MOST_LENGTH_DIGITS = 15;
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const NO_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const WHITE = /^[ \t]+|[ \t]+$/g;

/**
 * Reads a head (RFC 9112, 4 to 6), strictly: what two readers could understand differently is refused, not repaired. So are line ends
 * other than CRLF, folded fields, a second length, a length beside a transfer coding, and other codings than `chunked`, which were not asked for.
 * @param text the head in latin1, without the empty line that ends it.
 * @throws BadHttp
 */
export function readHead(text: string): ResponseHead {
  let at = text.indexOf('\r\n');
  const line = STATUS_LINE.exec(at === -1 ? text : text.slice(0, at));
  if (line === null) throw new BadHttp('the status line is not one of HTTP/1.1');
  const status = Number(line[2]);
  const newer = line[1] === '1';
  // A reply names its own fields, so none may mean anything to an object.
  const headers = Object.create(null) as IncomingHttpHeaders;
  let fields = 0;
  let length = UNTIL_CLOSE;
  let connection = '';
  let keptMs: number | null = null;
  while (at !== -1) {
    const from = at + 2;
    at = text.indexOf('\r\n', from);
    const field = at === -1 ? text.slice(from) : text.slice(from, at);
    const name = fieldName(field);
    const value = fieldValue(field, name);
    fields += 1;
    if (fields > MOST_FIELDS) throw new BadHttp('its head has too many fields');
    switch (name) {
      case 'content-length':
        if (length !== UNTIL_CLOSE) throw new BadHttp('its length is given twice');
        if (!isDigits(value)) throw new BadHttp('its length is not a number');
        length = Number(value);
        break;
      case 'transfer-encoding':
        if (length !== UNTIL_CLOSE) throw new BadHttp('its length is given twice');
        if (!newer || value.toLowerCase() !== 'chunked') throw new BadHttp('its transfer coding was not asked for');
        length = CHUNKED;
        break;
      case 'connection':
        connection = connection === '' ? value : `${connection},${value}`;
        break;
      case 'keep-alive':
        keptMs = keepAliveMs(value);
        break;
      // Cookies are a browser's.
      case 'set-cookie':
        continue;
    }
    const before = headers[name];
    headers[name] = before === undefined ? value : `${String(before)}, ${value}`;
  }
  if (status === 101) throw new BadHttp('it changes to a protocol that was not asked for');
  const bodiless = status < 200 || status === 204 || status === 304;
  // A body where none can be would be read as the next reply.
  const hidden = bodiless && status >= 200 && (length > 0 || length === CHUNKED);
  const kept = newer && !hidden && (bodiless || length !== UNTIL_CLOSE) && !(connection !== '' && closes(connection));
  return { status, headers, length: bodiless ? 0 : length, kept, keptMs };
}

/** A field's name in lower case. @throws BadHttp */
export function fieldName(field: string): string {
  const name = field.slice(0, Math.max(0, field.indexOf(':')));
  if (!NAME.test(name)) throw new BadHttp('a field of its head has no name');
  return name.toLowerCase();
}

/** A field's value without the white space around it. @throws BadHttp */
export function fieldValue(field: string, name: string): string {
  const { length } = field;
  // Nearly every field is written as `name: value`.
  const plain = field.charCodeAt(name.length + 1) === 32 && field.charCodeAt(name.length + 2) > 32 && field.charCodeAt(length - 1) > 32;
  const value = plain ? field.slice(name.length + 2) : field.slice(name.length + 1).replace(WHITE, '');
  if (NO_VALUE.test(value)) throw new BadHttp('a field of its head holds a control character');
  return value;
}

function isDigits(text: string): boolean {
  const { length } = text;
  if (length === 0 || length > MOST_LENGTH_DIGITS) return false;
  for (let at = 0; at < length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 48 || code > 57) return false;
  }
  return true;
}

function closes(connection: string): boolean {
  return connection.toLowerCase() !== 'keep-alive' && connection.toLowerCase().split(',').some((option) => option.trim() === 'close');
}

/** The `timeout` of a `keep-alive` field, in milliseconds. */
function keepAliveMs(value: string): number | null {
  const found = /(?:^|[,;\s])timeout\s*=\s*"?([0-9]{1,6})(?![0-9])/i.exec(value);
  return found ? Number(found[1]) * 1000 : null;
}
