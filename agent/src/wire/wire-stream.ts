import { Duplex } from 'node:stream';
import { MAX_DATA_BYTES } from './frame.ts';
import { WireError } from './wire-error.ts';

/** What may be on its way in one direction of a stream, unread. One that nobody reads holds this much memory, and no other stream up. */
export const WINDOW_BYTES = 1024 * 1024;
/** Each frame counts for this much more than its bytes, so that a million frames of one byte cost what they hold. */
const FRAME_COST = 256;
/** Told in pieces of this size, so that not every read makes a frame. */
const CREDIT_STEP = WINDOW_BYTES / 4;
/** Smaller payloads are copied, since each would keep the whole chunk that it arrived in. */
const COPY_BELOW = 4 * 1024;

const costOf = (bytes: number): number => bytes + FRAME_COST;

/** What a stream needs of its connection. */
export interface StreamLine {
  sendData(stream: number, chunk: Buffer): void;
  /** False: the connection is full; `whenRoom` has `pump` called when it is not. */
  hasRoom(): boolean;
  whenRoom(stream: WireStream): void;
  sendCredit(stream: number, bytes: number): void;
  sendEnd(stream: number): void;
  sendReset(stream: number, code: string): void;
  closed(stream: WireStream): void;
}

/** One stream of a connection: a duplex whose halves end by themselves. Destroying it resets it at the other side. */
export class WireStream extends Duplex {
  readonly id: number;
  readonly #line: StreamLine;
  /** What the other side lets us send. */
  #maySend = WINDOW_BYTES;
  /** What we let the other side send. */
  #mayReceive = WINDOW_BYTES;
  #consumed = 0;
  #outgoing: { chunk: Buffer; done: (error?: Error | null) => void } | undefined;
  #incoming: { chunk: Buffer; cost: number }[] = [];
  #wanted = false;
  #theyEnded = false;
  #theyReset = false;

  constructor(id: number, line: StreamLine) {
    super({ allowHalfOpen: true, readableHighWaterMark: MAX_DATA_BYTES, writableHighWaterMark: MAX_DATA_BYTES });
    this.id = id;
    this.#line = line;
  }

  /** A data frame has arrived, or a further piece of one. @throws WireError when it is more than was allowed. */
  receive(payload: Buffer, begins: boolean): void {
    const cost = begins ? costOf(payload.length) : payload.length;
    if (this.#theyEnded) throw new WireError('bad_order', 'data after the end of a stream');
    if (cost > this.#mayReceive) throw new WireError('over_credit', 'more data than was allowed');
    this.#mayReceive -= cost;
    this.#incoming.push({ chunk: payload.length < COPY_BELOW ? Buffer.from(payload) : payload, cost });
    this.#deliver();
  }

  /** @throws WireError when the sum is more than a window. */
  receiveCredit(bytes: number): void {
    this.#maySend += bytes;
    if (this.#maySend > WINDOW_BYTES) throw new WireError('over_credit', 'more credit than a window');
    this.pump();
  }

  receiveEnd(): void {
    if (this.#theyEnded) throw new WireError('bad_order', 'a second end of a stream');
    this.#theyEnded = true;
    this.#deliver();
  }

  receiveReset(code: string): void {
    this.#theyReset = true;
    this.destroy(new WireError('reset', `the other side ended the stream (${code})`, code));
  }

  /** Sends what it may. Called again when credit comes or the connection has room. */
  pump(): void {
    const outgoing = this.#outgoing;
    if (outgoing === undefined || this.destroyed) return;
    while (outgoing.chunk.length > 0) {
      if (this.#maySend <= FRAME_COST) return;
      if (!this.#line.hasRoom()) {
        this.#line.whenRoom(this);
        return;
      }
      const bytes = Math.min(outgoing.chunk.length, MAX_DATA_BYTES, this.#maySend - FRAME_COST);
      this.#maySend -= costOf(bytes);
      this.#line.sendData(this.id, outgoing.chunk.subarray(0, bytes));
      outgoing.chunk = outgoing.chunk.subarray(bytes);
    }
    this.#outgoing = undefined;
    outgoing.done();
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#outgoing = { chunk: typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk, done };
    this.pump();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#line.sendEnd(this.id);
    done();
  }

  override _read(): void {
    this.#wanted = true;
    this.#deliver();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // Both halves that ended in order need no reset: the other side has let go of the stream too.
    const inOrder = error === null && this.#theyEnded && this.writableFinished;
    if (!inOrder && !this.#theyReset) this.#line.sendReset(this.id, error instanceof WireError ? (error.told ?? error.code) : 'closed');
    this.#incoming = [];
    const outgoing = this.#outgoing;
    this.#outgoing = undefined;
    outgoing?.done(error ?? new WireError('closed', 'the stream was closed'));
    this.#line.closed(this);
    done(error);
  }

  #deliver(): void {
    while (this.#wanted && this.#incoming.length > 0) {
      const { chunk, cost } = this.#incoming.shift()!;
      this.#consumed += cost;
      this.#wanted = this.push(chunk);
    }
    if (this.#theyEnded) {
      if (this.#incoming.length === 0 && !this.readableEnded && !this.destroyed) this.push(null);
      return;
    }
    if (this.#consumed < CREDIT_STEP) return;
    this.#mayReceive += this.#consumed;
    this.#line.sendCredit(this.id, this.#consumed);
    this.#consumed = 0;
  }
}
