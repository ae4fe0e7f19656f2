import type { Socket } from 'node:net';
import type { PooledReads } from '../wire/index.ts';

/** A socket that reads into buffers that are used again. */
export interface PooledSocket {
  readonly socket: Socket;
  readonly reads: PooledReads;
}

/** Joins the two sockets of a session. When one is over the other is too, after what was on its way; one that was cut cuts the other at once. */
export function joinSockets(one: PooledSocket, other: PooledSocket): void {
  const follow = ({ socket: gone }: PooledSocket, { socket: left }: PooledSocket): void => {
    // Whoever wrote to `gone` does not read any more, so the end of `left` would not be seen.
    gone.once('close', () => (gone.readableEnded ? left.destroySoon() : left.destroy()));
  };
  follow(one, other);
  follow(other, one);
  one.reads.passOn(one.socket, other.socket);
  other.reads.passOn(other.socket, one.socket);
}
