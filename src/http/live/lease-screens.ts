import { createWebSocketStream } from 'ws';
import type { ScreensDoor } from '../faces.ts';
import { LeaseSockets, type LeaseSocketOptions } from './lease-sockets.ts';

/** A clipboard, not a film. */
const MOST_BYTES = 1_048_576;

/** RFC 6455, 7.1.5: it ended without a word. */
const LOST = 1006;

/** Screens of leases in browsers: RFB over a WebSocket. The ticket is used up by it. */
export function leaseScreens(screens: Pick<ScreensDoor, 'open'>, options: LeaseSocketOptions): LeaseSockets {
  return new LeaseSockets({
    protocol: 'tandem-screen', path: /^\/api\/leases\/([^/?]{1,64})\/screen$/, mostBytes: MOST_BYTES,
    async opened(principal, leaseId, ticket, socket) {
      const { stream, join } = await screens.open(principal, leaseId, ticket);
      if (socket.readyState !== socket.OPEN) return void stream.destroy();
      socket.resume();
      let lost = false;
      socket.once('close', (code) => { lost = code === LOST; });
      void join(createWebSocketStream(socket), () => lost);
    },
  }, options);
}
