import { IncomingMessage } from 'node:http';
import type { CallReply, CallRequest } from '../exchange.ts';
import type { Rendered } from './render.ts';

/** How long a refused upload is still read and thrown away, so that its sender can read the answer. */
const LINGER_MS = 1_000;

/**
 * Sends a rendered error. When the request has not arrived whole, the connection is not reused: the answer
 * goes out complete, what still comes is thrown away for a moment (an immediate close would reset the
 * connection before the client has read the answer), then the connection closes.
 */
export function refuse(request: CallRequest, response: CallReply, rendered: Rendered): void {
  if (response.destroyed || response.headersSent) {
    response.destroy();
    return;
  }
  const body = Buffer.from(rendered.body);
  const headers: Record<string, string> = { ...rendered.headers, 'content-length': String(body.length) };
  if (request.complete || !hasBody(request) || !(request instanceof IncomingMessage)) {
    response.writeHead(rendered.status, headers);
    response.end(body);
    return;
  }
  response.writeHead(rendered.status, { ...headers, connection: 'close' });
  response.write(body);
  const finish = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(() => request.socket.destroy(), LINGER_MS);
  request.once('end', finish);
  request.once('close', () => clearTimeout(timer));
  request.resume();
}

function hasBody(request: CallRequest): boolean {
  const length = request.headers['content-length'];
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}
