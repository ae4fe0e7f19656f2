import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { CallRequest } from '../exchange.ts';

/** The only paths of the lane, as they stand in a request's first line. */
const PATHS = ['/v1/chat/completions', '/v1/responses', '/v1/messages', '/v1/embeddings'] as const;
const STARTS: readonly (readonly [start: string, path: string])[] = PATHS.map((path) => [`POST ${path} HTTP/1.1\r\n`, path]);

/** RFC 9110: a field's name is a token; its value here only of printable ASCII. Neither expression can go back over what it has read. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const PRINTABLE = /^[\x20-\x7e\t]*$/;
const LENGTH = /^[0-9]{1,7}$/;
const MOST_FIELDS = 64;

/** Fields by which a request asks for more than the lane does. */
const ELSEWHERE = new Set(['transfer-encoding', 'expect', 'upgrade', 'te', 'trailer', 'cookie', 'set-cookie', 'keep-alive', 'proxy-connection', '__proto__']);

/** What stands before a request's body. */
export interface RequestHead {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Of the body, in bytes. */
  readonly length: number;
}

/**
 * The head of a call in its plainest form: one of four lines, each field once, a length, a key. Everything else is not refused here but
 * left to Node's parser, so that this one need not be right about anything but what it takes.
 * @param head all before the empty line, with the line end of its last field.
 */
export function readHead(head: string): RequestHead | null {
  const start = STARTS.find(([line]) => head.startsWith(line));
  if (start === undefined) return null;
  const headers: Record<string, string> = {};
  let fields = 0;
  for (let at = start[0].length; at < head.length;) {
    const end = head.indexOf('\r\n', at);
    if (end === -1) return null;
    const colon = head.indexOf(':', at);
    if (colon === -1 || colon > end) return null;
    const given = head.slice(at, colon);
    // Nearly every field is written as `name: value`; a text that needs no trimming is not copied again.
    const value = head.slice(head.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1, end);
    at = end + 2;
    fields += 1;
    if (fields > MOST_FIELDS || !TOKEN.test(given) || !PRINTABLE.test(value)) return null;
    const name = given.toLowerCase();
    if (headers[name] !== undefined || ELSEWHERE.has(name)) return null;
    headers[name] = value.trim();
  }
  const { 'content-length': length, connection, host } = headers;
  if (length === undefined || !LENGTH.test(length) || host === undefined || host === '') return null;
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return null;
  if (headers['authorization'] === undefined && headers['x-api-key'] === undefined) return null;
  return { path: start[1], headers, length: Number(length) };
}

/** A call that the lane has read whole. */
export class LaneRequest implements CallRequest {
  readonly method = 'POST';
  readonly complete = true;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly socket: Socket;
  readonly body: Buffer;

  constructor(head: RequestHead, socket: Socket, body: Buffer) {
    this.url = head.path;
    this.headers = head.headers;
    this.socket = socket;
    this.body = body;
  }
}
