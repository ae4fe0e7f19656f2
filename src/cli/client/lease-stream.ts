import { request as requestPlain, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CliError } from '../cli-error.ts';
import { errorOf, readAll, type Client } from './client.ts';

/** So that a line that died without a word is noticed. */
const KEEP_ALIVE_MS = 15_000;

/** A stream to a lease's sshd through the server. @param resume whether it is for a session that was there before. @throws CliError with the server's own message. */
export async function enterLease({ url, key }: Pick<Client, 'url' | 'key'>, leaseId: string, signal: AbortSignal, resume: 'new' | 'again'): Promise<Duplex> {
  const target = new URL(`/api/leases/${leaseId}/stream`, url);
  const request = (target.protocol === 'https:' ? (await import('node:https')).request : requestPlain)(target, {
    signal, headers: { authorization: `Bearer ${key}`, connection: 'upgrade', upgrade: 'tandem-stream', 'tandem-resume': resume, 'user-agent': 'tandem-cli' },
  });
  return new Promise((resolve, reject) => {
    request.once('upgrade', (_reply: IncomingMessage, socket: Socket, head: Buffer) => {
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      socket.on('error', () => socket.destroy());
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    request.once('response', (reply: IncomingMessage) => {
      readAll(reply).then((text) => reject(errorOf(reply.statusCode ?? 0, text)), reject);
    });
    request.once('error', (error: NodeJS.ErrnoException) => reject(new CliError('server_unreachable', `The server at ${target.origin} did not take the connection (${error.code ?? error.message}).`, 'Look at it: tandem doctor')));
    request.end();
  });
}
