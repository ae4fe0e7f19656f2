import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { joinStreams } from '../../../agent/src/wire/index.ts';
import { TandemError, isUuid, newId, type Logger } from '../../base/index.ts';
import type { Authenticate } from '../caller/authenticate.ts';
import { renderError } from '../errors/render.ts';
import type { GatewayDoor } from '../faces.ts';
import { answerRaw } from '../listen/client-errors.ts';

export interface LeaseStreamOptions {
  readonly gateway: Pick<GatewayDoor, 'enter'>;
  readonly authenticate: Authenticate;
  readonly log: Logger;
}

/** What a client asks to speak after HTTP: bytes, as they are. */
const PROTOCOL = 'tandem-stream';
/** Where the client's session can outlive this stream: whether it is a new one, or one that it had before. */
const RESUME = 'tandem-resume';
const PATH = /^\/api\/leases\/([^/?]{1,64})\/stream$/;

/** True for a request that asks for a stream into a lease. */
export function wantsLeaseStream({ url, headers }: Pick<IncomingMessage, 'url' | 'headers'>): boolean {
  return headers.upgrade?.toLowerCase() === PROTOCOL && PATH.test(url ?? '');
}

/** Streams into leases: after the answer the connection carries bytes to and from the lease's sshd, and nothing of ours. */
export class LeaseStreams {
  readonly #options: LeaseStreamOptions;
  readonly #open = new Set<Duplex>();
  #closing = false;

  constructor(options: LeaseStreamOptions) {
    this.#options = options;
  }

  async take(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    const { gateway, authenticate, log } = this.#options;
    try {
      if (this.#closing) throw new TandemError('shutting_down', { retryAfterSeconds: 5 });
      const id = PATH.exec(request.url ?? '')![1]!;
      const principal = await authenticate(request, true);
      if (!isUuid(id)) throw new TandemError('resource_not_found', { params: { kind: 'lease', id, verb: 'node list' } });
      const wished = request.headers[RESUME];
      const stream = await gateway.enter(principal, id, wished === 'new' || wished === 'again' ? wished : undefined);
      this.#open.add(socket);
      socket.on('close', () => {
        this.#open.delete(socket);
        stream.destroy();
      });
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${PROTOCOL}\r\n\r\n`);
      if (head.length > 0) stream.write(head);
      joinStreams(stream, socket);
    } catch (error) {
      answerRaw(socket, renderError(error, 'tandem', newId(), log));
    }
  }

  /** Sessions of people do not hold up the end of the server. */
  close(): void {
    this.#closing = true;
    for (const socket of this.#open) socket.destroy();
  }
}
