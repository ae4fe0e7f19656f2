import { Server, Socket } from 'node:net';
import type { Outside } from '../../outside.ts';
import { homeAt } from '../../state/home.ts';
import { Session, WireError, joinStreams } from '../../wire/index.ts';
import { pathsOf, readRecord } from '../record.ts';
import { rankAt } from './addresses.ts';

/**
 * The line of a lease's machine to the server, over which its programs ask for those of the other machines: standard input is the line, after a line `ok`. A
 * process of its own, so that nothing that is said on it can end the lease. It knows no other lease than its own, and can ask for nothing but a
 * rank and a port. Resolves when the line is over. @param socketFd of the socket inside the lease, as it was handed over.
 */
export async function serveRanks(root: string, lease: string, socketFd: number, outside: Outside): Promise<void> {
  const { ranks } = readRecord(pathsOf(homeAt(root), lease).record);
  if (ranks === null) throw new Error('the lease has one machine');
  const line = new Socket({ fd: 0, readable: true, writable: true });
  const over = Promise.withResolvers<void>();
  const session = new Session({
    socket: line, side: 'agent',
    handlers: {
      answer: async (name) => { throw new WireError('unknown_command', `a line of ranks does not know ${name}`); },
      accept: async () => { throw new WireError('unknown_stream', 'a line of ranks takes no streams'); },
      event: () => {}, closed: () => over.resolve(),
    },
  });
  const server = new Server({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    const rank = rankAt(socket.localAddress, ranks);
    if (rank === undefined || rank === ranks.rank || session.over) return void socket.resetAndDestroy();
    try {
      const stream = session.open('rank', { rank, port: socket.localPort! });
      stream.on('error', (error: Error) => outside.log(`rank ${rank}, port ${socket.localPort}: ${error.message}`));
      // What is cut at one end is cut at the other.
      stream.on('close', () => {
        if (!stream.readableEnded) socket.resetAndDestroy();
      });
      socket.on('close', () => {
        if (!socket.readableEnded) stream.destroy();
      });
      joinStreams(stream, socket);
    } catch {
      socket.resetAndDestroy();
    }
  });
  server.on('error', () => over.resolve());
  server.listen({ fd: socketFd }, () => line.write('ok\n'));
  await over.promise;
  process.exit(0);
}
