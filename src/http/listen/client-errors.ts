import type { Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { STATUS_CODES } from 'node:http';
import { TandemError, newId, type Logger } from '../../base/index.ts';
import { renderError, type Rendered } from '../errors/render.ts';
import type { Limits } from './limits.ts';

const BUSY = Symbol('the reply that a connection is busy with');

const REFUSED = Symbol('what cannot be read has come, and is answered after the reply that runs');

type Busy = Duplex & { [BUSY]?: ServerResponse; [REFUSED]?: true };

/** Notes the reply on its connection, to know whether an error may still be answered there. A field: a WeakMap made every collection slower. */
export function noteReply(socket: Busy, response: ServerResponse): void {
  socket[BUSY] = response;
}

/**
 * Answers what Node's parser refuses (control characters in headers, too large or too slow ones) in our own
 * envelope, and closes the connection. What comes behind a request that is being answered is refused after that reply: nothing is
 * mixed into it, and it is not lost for what follows it.
 */
export function answerClientErrors(server: Server, limits: Limits, log: Logger): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const busy = socket as Busy;
    const response = busy[BUSY];
    if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
    // Each further piece of it is an error too.
    if (busy[REFUSED]) return;
    busy[REFUSED] = true;
    const refuse = () => answerRaw(socket, renderError(asTandemError(error, limits), 'tandem', newId(), log));
    if (response === undefined || response.writableFinished || response.destroyed) return refuse();
    response.once('close', () => {
      if (response.writableFinished && socket.writable) refuse();
      else socket.destroy();
    });
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
