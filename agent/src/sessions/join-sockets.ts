import type { Socket } from 'node:net';
import { joinStreams } from '../wire/index.ts';

/** Joins the two sockets of a session. When one is over the other is too, after what was on its way; one that was cut cuts the other at once. */
export function joinSockets(one: Socket, other: Socket): void {
  const follow = (gone: Socket, left: Socket): void => {
    // Whoever wrote to `gone` does not read any more, so the end of `left` would not be seen.
    gone.once('close', () => (gone.readableEnded ? left.destroySoon() : left.destroy()));
  };
  follow(one, other);
  follow(other, one);
  joinStreams(one, other);
}
