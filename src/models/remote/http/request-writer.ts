import type { Writable } from 'node:stream';
import { BadRequest } from './http-errors.ts';

const TARGET = /^\/[\x21-\x7e]*$/;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const NO_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
/** Up to so many bytes it is cheaper to copy head and body together than to write twice. */
const MOST_COPIED_BYTES = 64 * 1024;

/**
 * The head of a request, but for the length of a body and the empty line.
 * @param headers names and values in turn.
 * @throws BadRequest for what would end a line before its time, and so write headers of its own.
 */
export function requestHead(method: 'GET' | 'POST', host: string, path: string, headers: readonly string[]): string {
  if (!TARGET.test(path)) throw new BadRequest('the path holds what no path may hold');
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at]!;
    const value = headers[at + 1]!;
    if (!NAME.test(name)) throw new BadRequest('the name of a header is not one');
    if (NO_VALUE.test(value)) throw new BadRequest(`the header ${name} holds what no header may hold`);
    head += `${name}: ${value}\r\n`;
  }
  return head;
}

/** Writes a request in one piece where it is small. @param body null: it has none, as GET has not. */
export function writeRequest(to: Writable, head: string, body: Buffer | null): void {
  if (body === null) return void to.write(`${head}\r\n`, 'latin1');
  const whole = `${head}content-length: ${body.length}\r\n\r\n`;
  if (whole.length + body.length <= MOST_COPIED_BYTES) {
    const bytes = Buffer.allocUnsafe(whole.length + body.length);
    bytes.write(whole, 0, 'latin1');
    bytes.set(body, whole.length);
    to.write(bytes);
    return;
  }
  to.cork();
  to.write(whole, 'latin1');
  to.write(body);
  to.uncork();
}
