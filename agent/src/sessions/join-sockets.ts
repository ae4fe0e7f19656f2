import type { Socket } from 'node:net';
import { passOn } from '../wire/index.ts';
import type { PooledReads } from './pooled-reads.ts';

/**
 * Joins the two sockets of a session, `inner` by its pooled reads. When one is over the other is too, after what was on its way; one that
 * was cut cuts the other at once.
 */
export function joinSockets(outer: Socket, inner: Socket, reads: PooledReads): void {
  const follow = (gone: Socket, left: Socket): void => {
    // Whoever wrote to `gone` does not read any more, so the end of `left` would not be seen.
    gone.once('close', () => (gone.readableEnded ? left.destroySoon() : left.destroy()));
  };
  follow(outer, inner);
  follow(inner, outer);
  passOn(outer, inner);
  reads.passOn(inner, outer);
}
