import type { Duplex, Readable, Writable } from 'node:stream';
import { countSpent } from './spent-buffers.ts';

/** More than a socket's own mark, at which each read of 64 KiB would stop the next: what waits goes out in one piece. */
const MOST_WAITING_BYTES = 256 * 1024;

/** Passes bytes both ways. Each half ends by itself, with all that was on its way; a `stream` that was cut cuts the socket. */
export function joinStreams(stream: Duplex, socket: Duplex): void {
  stream.on('close', () => {
    if (!stream.readableEnded) socket.destroy();
  });
  passOn(socket, stream);
  passOn(stream, socket);
}

/**
 * Passes on what `from` reads, and its end. What arrives in one turn of the loop, such as the records of one TLS read, is written in one piece. (Not
 * at the next tick: Node runs ticks after each record.)
 */
export function passOn(from: Readable, to: Writable): void {
  let corked = false;
  const uncork = (): void => {
    corked = false;
    to.uncork();
  };
  const goOn = (): void => void from.resume();
  // What comes after that is read and left, so that its end is seen.
  to.once('close', goOn);
  from.on('data', (chunk: Buffer) => {
    countSpent(chunk.length);
    if (to.destroyed) return;
    if (!corked) {
      corked = true;
      to.cork();
      setImmediate(uncork);
    }
    if (to.write(chunk) || to.writableLength < MOST_WAITING_BYTES) return;
    from.pause();
    to.once('drain', goOn);
  });
  from.once('end', () => void to.end());
  // One that was paused by whoever had it before would stay so.
  from.resume();
}
