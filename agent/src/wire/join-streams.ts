import type { Duplex, Readable, Writable } from 'node:stream';
import { countSpent } from './spent-buffers.ts';

/** Passes bytes both ways. Each half ends by itself, with all that was on its way; a `stream` that was cut cuts the socket. */
export function joinStreams(stream: Duplex, socket: Duplex): void {
  stream.on('close', () => {
    if (!stream.readableEnded) socket.destroy();
  });
  passOn(socket, stream);
  passOn(stream, socket);
}

/** Passes on what `from` reads, and its end. What arrives in one turn of the loop, such as the records of one TLS read, is written in one piece. */
export function passOn(from: Readable, to: Writable): void {
  let corked = false;
  // Before `pipe` listens, so that its first write finds the cork in.
  from.on('data', (chunk: Buffer) => {
    countSpent(chunk.length);
    if (corked) return;
    corked = true;
    to.cork();
    process.nextTick(() => {
      corked = false;
      to.uncork();
    });
  });
  // The listener has set it flowing, which only `pipe` is to do.
  from.pause();
  from.pipe(to);
}
