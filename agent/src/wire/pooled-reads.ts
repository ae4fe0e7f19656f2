import type { OnReadOpts } from 'node:net';
import { PassThrough, type Readable, type Writable } from 'node:stream';

const BUFFER_BYTES = 256 * 1024;
/** With less room than this the other buffer is taken: what was already read from the network when a TLS connection is paused still comes. */
const LEAST_ROOM_BYTES = 80 * 1024;

/** The socket that reads so. */
type Source = Pick<Readable, 'resume' | 'once' | 'readableEnded'>;

interface PooledBuffer {
  readonly bytes: Buffer;
  /** Up to here it was given to be written. */
  given: number;
  /** Up to here it was read into. */
  filled: number;
  /** Writes that still read it. */
  writes: number;
}

/**
 * Reads of one socket into two buffers that are used again: a new one for each read, and the objects of a stream around it, are more than half of what passing
 * bytes on costs. Given to `connect` or `Socket` as `onread`; the socket has no `data` of its own then. Until `passOn` is called what is read comes
 * out of `first`. What is read in one turn of the loop is written in one piece, and so is what is read while a write is under way; when both buffers
 * are full the socket is paused.
 */
export class PooledReads implements OnReadOpts {
  readonly first = new PassThrough();
  #filling = newBuffer();
  #other: PooledBuffer | undefined;
  #writes = 0;
  #due = false;
  #paused = false;
  #to: { readonly from: Source; readonly sink: Writable } | undefined;

  readonly buffer = (): Uint8Array => this.#filling.bytes.subarray(this.#filling.filled);

  readonly callback = (bytes: number, read: Uint8Array): boolean => {
    // A copy: nothing has to wait for whoever reads it. When that is much, the socket is paused until then.
    if (this.#to === undefined) return this.first.write(Buffer.from(read.subarray(0, bytes)));
    const buffer = this.#filling;
    buffer.filled += bytes;
    const room = buffer.bytes.length - buffer.filled;
    if (room < LEAST_ROOM_BYTES && !this.#change(room === 0)) {
      this.#paused = true;
      return false;
    }
    if (this.#writes === 0 && !this.#due) {
      this.#due = true;
      setImmediate(this.#giveDue);
    }
    return true;
  };

  /** What is read goes there from now on, after what nobody has taken out of `first`; its end too. */
  passOn(from: Source, sink: Writable): void {
    for (let chunk = this.first.read() as Buffer | null; chunk !== null; chunk = this.first.read() as Buffer | null) sink.write(chunk);
    this.#to = { from, sink };
    from.resume();
    const end = (): void => {
      this.#give(this.#filling);
      sink.end();
    };
    if (from.readableEnded) end();
    else from.once('end', end);
  }

  readonly #giveDue = (): void => {
    this.#due = false;
    if (this.#writes === 0) this.#give(this.#filling);
  };

  /** Goes on with the other buffer, if nobody reads it any more. Only while a read is answered: between reads the socket knows where the next one goes. */
  #change(must: boolean): boolean {
    const other = this.#other ?? newBuffer();
    if (other.writes > 0 && !must) return false;
    this.#give(this.#filling);
    this.#other = this.#filling;
    // One that is still read is left to its writes.
    this.#filling = other.writes > 0 ? newBuffer() : other;
    this.#filling.given = 0;
    this.#filling.filled = 0;
    return true;
  }

  #give(buffer: PooledBuffer): void {
    const { given, filled, bytes } = buffer;
    if (filled === given) return;
    buffer.given = filled;
    buffer.writes += 1;
    this.#writes += 1;
    this.#to!.sink.write(bytes.subarray(given, filled), () => {
      buffer.writes -= 1;
      this.#writes -= 1;
      if (this.#writes === 0) this.#give(this.#filling);
      if (!this.#paused || (this.#other?.writes ?? 0) > 0) return;
      this.#paused = false;
      this.#to!.from.resume();
    });
  }
}

function newBuffer(): PooledBuffer {
  return { bytes: Buffer.allocUnsafeSlow(BUFFER_BYTES), given: 0, filled: 0, writes: 0 };
}
