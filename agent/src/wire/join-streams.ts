import type { Duplex } from 'node:stream';

/**
 * Passes bytes both ways. Each half ends by itself, with all that was on its way; a `stream` that was cut cuts the socket. What arrives in one
 * turn of the loop, such as the records of one TLS read, is written in one piece.
 */
export function joinStreams(stream: Duplex, socket: Duplex): void {
  stream.on('close', () => {
    if (!stream.readableEnded) socket.destroy();
  });
  inOnePiece(stream, socket);
  socket.pipe(stream);
  stream.pipe(socket);
}

function inOnePiece(from: Duplex, to: Duplex): void {
  let corked = false;
  // Before `pipe` listens, so that its first write finds the cork in.
  from.on('data', () => {
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
}
