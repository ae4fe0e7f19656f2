import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';

const BUFFER_BYTES = 64 * 1024;

/**
 * Reads of one socket into buffers that are used again: a new one for each read is a third of what passing bytes on costs. Given to `connect` as
 * `onread`; the socket has no `data` of its own then. Until `passOn` is called what is read comes out of `first`.
 */
export class PooledReads {
  readonly first = new PassThrough();
  readonly #free: Uint8Array[] = [];
  #to: { readonly from: Socket; readonly socket: Socket } | undefined;

  readonly buffer = (): Uint8Array => this.#free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);

  readonly callback = (bytes: number, buffer: Uint8Array): boolean => {
    const chunk = Buffer.from(buffer.buffer, buffer.byteOffset, bytes);
    if (this.#to === undefined) {
      this.first.write(Buffer.from(chunk));
      this.#free.push(buffer);
      return true;
    }
    const { from, socket } = this.#to;
    // Free again only when nobody reads it any more.
    if (!socket.write(chunk, () => void this.#free.push(buffer))) {
      from.pause();
      socket.once('drain', () => from.resume());
    }
    return true;
  };

  /** What is read goes there from now on, after what nobody has taken out of `first`; its end too. */
  passOn(from: Socket, socket: Socket): void {
    for (let chunk = this.first.read() as Buffer | null; chunk !== null; chunk = this.first.read() as Buffer | null) socket.write(chunk);
    this.#to = { from, socket };
    if (from.readableEnded) socket.end();
    else from.once('end', () => socket.end());
  }
}
