import type { Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { STATUS_CODES } from 'node:http';
import { TandemError, newId, type Logger } from '../../base/index.ts';
import { renderError, type Rendered } from '../errors/render.ts';
import type { Limits } from './limits.ts';

const BUSY = Symbol('the reply that a connection is busy with');

/** Notes the reply on its connection, to know whether an error may still be answered there. A field: a WeakMap made every collection slower. */
export function noteReply(socket: Duplex & { [BUSY]?: ServerResponse }, response: ServerResponse): void {
  socket[BUSY] = response;
}

/**
 * Answers what Node's parser refuses (control characters in headers, too large or too slow ones) in our own
 * envelope, and closes the connection. In the middle of a reply it only closes: nothing may be mixed into it.
 */
export function answerClientErrors(server: Server, limits: Limits, log: Logger): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const response = (socket as Duplex & { [BUSY]?: ServerResponse })[BUSY];
    const inReply = response !== undefined && response.headersSent && !response.writableFinished;
    if (inReply || !socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const rendered = renderError(asTandemError(error, limits), 'tandem', newId(), log);
    answerRaw(socket, rendered);
  });
}

/** Answers on a connection that has no reply of Node's, and closes it. */
export function answerRaw(socket: Duplex, { status, headers, body }: Rendered): void {
  send(socket, status, { ...headers, connection: 'close', 'content-length': String(Buffer.byteLength(body)) }, body);
}

function asTandemError(error: NodeJS.ErrnoException, limits: Limits): TandemError {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW': return new TandemError('headers_too_large', { params: { limit: limits.maxHeaderBytes } });
    case 'ERR_HTTP_REQUEST_TIMEOUT': return new TandemError('request_timeout', { params: { seconds: Math.ceil(limits.requestMs / 1_000) } });
    case 'HPE_INVALID_HEADER_TOKEN':
    case 'HPE_INVALID_CONTENT_LENGTH':
    case 'HPE_INVALID_TRANSFER_ENCODING':
    case 'HPE_CR_EXPECTED':
    case 'HPE_LF_EXPECTED': return new TandemError('malformed_request', { params: { reason: 'a header is not allowed' } });
    default: return new TandemError('malformed_request', { params: { reason: 'it cannot be read' } });
  }
}

function send(socket: Duplex, status: number, headers: Readonly<Record<string, string>>, body: string): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines}\r\n${body}`, () => socket.destroy());
}
