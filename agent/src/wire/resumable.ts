import { Writable, type Duplex } from 'node:stream';
import { passOn } from './join-streams.ts';
import type { PooledReads } from './pooled-reads.ts';
import { Ring, type Slot } from './ring.ts';
import { WireError } from './wire-error.ts';

/** What is not said to have been read is kept, so that it can be said again over another line. */
export const MOST_KEPT_BYTES = 2 * 1024 * 1024;
/**
 * So much is read before the other side is told of it: by a frame that goes with something that is said anyway, or at last by one of its own, which wakes
 * up every process on the way.
 */
const TELL_ALONG_BYTES = 128 * 1024;
const TELL_ALONE_BYTES = 1024 * 1024;
const MOST_WAITING_BYTES = 256 * 1024;
const KIND = { data: 0, read: 1, end: 2 } as const;
/** `u8 kind · u32 length`. `read` says in eight bytes how far its sender has read; `end` is empty, and counts as one byte more. */
const HEAD_BYTES = 5;
const READ_BYTES = 8;
/** Room for what is kept, one more piece, and what is left over at the end. */
const RING_BYTES = MOST_KEPT_BYTES + 1024 * 1024;
/** Less comes out of a pool of Node's own. */
const LEAST_SLOT_BYTES = 4 * 1024;

interface Kept {
  payload: Buffer;
  readonly slot: Slot | undefined;
}

/**
 * One end of a stream of bytes both ways that goes on over another line when its line is lost: each end counts what it has read, keeps what the other
 * has not said it has read, and says that again. Nothing is lost, doubled or put in another order.
 */
export class Resumable {
  /** What is written here comes out at the other end. It waits while that does not read, also while there is no line. */
  readonly input: Writable;
  /** The line was lost. Not told of one that another took the place of. */
  onLost: () => void = () => {};
  /** Something that `over` depends on has changed. */
  onChange: () => void = () => {};
  readonly #output: Writable;
  readonly #incoming = new FrameCut();
  #line: Duplex | undefined;
  readonly #ring = new Ring(RING_BYTES);
  #kept: Kept[] = [];
  #keptBytes = 0;
  /** How far the other end has read, and how far was written here; the end counts as a byte. */
  #confirmed = 0;
  #written = 0;
  #ended = false;
  #read = 0;
  #told = 0;
  #theyEnded = false;
  #goOn: (() => void) | undefined;

  /** @param output What comes from the other end is written there, and ends it. */
  constructor(output: Writable) {
    this.#output = output;
    this.input = new Writable({
      write: (chunk: Buffer, _encoding, done) => this.#say(chunk, done),
      final: (done) => {
        this.#ended = true;
        this.#written += 1;
        this.#line?.write(frameOf(KIND.end, 0));
        done();
      },
    });
  }

  /** How far this end has read: what the other is to know before it says anything again. */
  get read(): number {
    return this.#read;
  }

  /** Both have ended, and the other end knows all of what was said here. */
  get over(): boolean {
    return this.#theyEnded && this.delivered;
  }

  /** This end has ended, and the other has read all of it. */
  get delivered(): boolean {
    return this.#ended && this.#confirmed === this.#written;
  }

  /** The other end has said that it writes no more. */
  get theyEnded(): boolean {
    return this.#theyEnded;
  }

  /**
   * Goes on over this line, in the place of the one before.
   * @param theirRead how far the other end has read.
   * @param reads what the line reads by, where it reads so.
   * @throws WireError where the line is closed already, and where the other end has read what was never said, or has forgotten what it had read.
   */
  attach(line: Duplex, theirRead: number, reads?: PooledReads): void {
    if (theirRead < this.#confirmed || theirRead > this.#written) throw new WireError('protocol', 'the two ends do not agree on how far they are');
    if (line.destroyed) throw new WireError('closed', 'the line is closed');
    const before = this.#line;
    // What is written while there is room again is kept, and goes after what is said once more.
    this.#line = undefined;
    before?.destroy();
    this.#confirm(theirRead);
    this.#incoming.reset();
    this.#told = this.#read;
    line.on('error', () => line.destroy()).on('drain', () => this.#mayGoOn()).on('close', () => {
      if (this.#line !== line) return;
      this.#line = undefined;
      this.#mayGoOn();
      this.onLost();
    });
    // It ends no line that is read to its end: what this end has still to say goes out.
    const sink = new Writable({ highWaterMark: MOST_WAITING_BYTES, write: (chunk: Buffer, _encoding, done) => (this.#line === line ? this.#hear(chunk, done) : done()) });
    for (const { payload } of this.#kept) line.write(Buffer.concat([frameOf(KIND.data, payload.length), payload]));
    if (this.#ended && !this.delivered) line.write(frameOf(KIND.end, 0));
    this.#line = line;
    this.#mayGoOn();
    if (reads !== undefined) reads.passOn(line, sink);
    else passOn(line, sink);
  }

  /** Ends the line, after what was written to it. */
  leave(): void {
    this.#line?.end();
  }

  #say(chunk: Buffer, done: () => void): void {
    // A copy with room for its head: whoever wrote it uses the buffer again.
    const slot = chunk.length < LEAST_SLOT_BYTES ? undefined : this.#ring.take(HEAD_BYTES + chunk.length);
    const frame = headed(slot?.bytes ?? Buffer.allocUnsafe(HEAD_BYTES + chunk.length), KIND.data, chunk.length);
    chunk.copy(frame, HEAD_BYTES);
    this.#kept.push({ payload: frame.subarray(HEAD_BYTES), slot });
    this.#keptBytes += chunk.length;
    this.#written += chunk.length;
    this.#send(frame);
    this.#goOn = done;
    this.#mayGoOn();
  }

  #send(frame: Buffer): void {
    const line = this.#line;
    if (line === undefined || this.#read - this.#told < TELL_ALONG_BYTES) return void line?.write(frame);
    line.cork();
    this.#tell();
    line.write(frame);
    line.uncork();
  }

  #mayGoOn(): void {
    if (this.#goOn === undefined || this.#keptBytes >= MOST_KEPT_BYTES || (this.#line?.writableLength ?? 0) >= MOST_WAITING_BYTES) return;
    const goOn = this.#goOn;
    this.#goOn = undefined;
    goOn();
  }

  #confirm(upTo: number): void {
    let bytes = Math.min(upTo, this.#written - (this.#ended ? 1 : 0)) - Math.min(this.#confirmed, this.#written - (this.#ended ? 1 : 0));
    this.#confirmed = upTo;
    this.#keptBytes -= bytes;
    for (let first = this.#kept[0]; first !== undefined && bytes > 0; first = this.#kept[0]) {
      if (first.payload.length > bytes) {
        first.payload = first.payload.subarray(bytes);
        break;
      }
      bytes -= first.payload.length;
      this.#kept.shift();
      // It was read at the other end, so no line here has to write it any more.
      if (first.slot !== undefined) this.#ring.giveBack(first.slot);
    }
    this.#mayGoOn();
    this.onChange();
  }

  /** @param done called when all of it is written on. */
  #hear(chunk: Buffer, done: () => void): void {
    let writes = 1;
    const written = (): void => {
      writes -= 1;
      if (writes === 0) done();
    };
    // Its frames begin anywhere: what is around a head is written on in one piece.
    this.#output.cork();
    try {
      this.#incoming.cut(chunk, {
        data: (bytes) => {
          if (this.#theyEnded) throw new WireError('protocol', 'something was said after the end');
          this.#read += bytes.length;
          if (this.#output.destroyed || this.#output.writableEnded) return;
          writes += 1;
          this.#output.write(bytes, written);
        },
        read: (upTo) => {
          if (upTo < this.#confirmed || upTo > this.#written) throw new WireError('protocol', 'something was read that was never said');
          this.#confirm(upTo);
        },
        end: () => {
          if (this.#theyEnded) return;
          this.#theyEnded = true;
          this.#read += 1;
          this.#output.end();
        },
      });
      if (this.#read - this.#told >= TELL_ALONE_BYTES || (this.#theyEnded && this.#told < this.#read)) this.#tell();
    } catch {
      this.#line?.destroy();
    }
    this.#output.uncork();
    written();
    if (this.#theyEnded) this.onChange();
  }

  #tell(): void {
    const frame = frameOf(KIND.read, READ_BYTES, READ_BYTES);
    frame.writeBigUInt64BE(BigInt(this.#read), HEAD_BYTES);
    this.#told = this.#read;
    this.#line?.write(frame);
  }
}

interface Heard {
  data(bytes: Buffer): void;
  read(upTo: number): void;
  end(): void;
}

/** Cuts what a line brings into frames, in whatever pieces it comes. Data is passed on as it comes: a frame of it need not be whole. */
class FrameCut {
  #head = Buffer.alloc(0);
  #left = 0;

  /** Another line begins with a whole frame. */
  reset(): void {
    this.#head = Buffer.alloc(0);
    this.#left = 0;
  }

  /** @throws WireError when it is no frame. */
  cut(chunk: Buffer, heard: Heard): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#left > 0) {
        const bytes = chunk.subarray(at, at + this.#left);
        this.#left -= bytes.length;
        at += bytes.length;
        heard.data(bytes);
        continue;
      }
      const wanted = this.#head[0] === KIND.read ? HEAD_BYTES + READ_BYTES : HEAD_BYTES;
      const piece = chunk.subarray(at, at + wanted - this.#head.length);
      this.#head = Buffer.concat([this.#head, piece]);
      at += piece.length;
      if (this.#head.length >= HEAD_BYTES) this.#act(heard);
    }
  }

  #act(heard: Heard): void {
    const length = this.#head.readUInt32BE(1);
    const kind = this.#head[0];
    if (kind === KIND.read && length === READ_BYTES) {
      if (this.#head.length < HEAD_BYTES + READ_BYTES) return;
      const upTo = this.#head.readBigUInt64BE(HEAD_BYTES);
      if (upTo > Number.MAX_SAFE_INTEGER) throw new WireError('protocol', 'more was read than can be counted');
      heard.read(Number(upTo));
    } else if (kind === KIND.data) {
      this.#left = length;
    } else if (kind === KIND.end && length === 0) {
      heard.end();
    } else {
      throw new WireError('protocol', 'no frame of a session');
    }
    this.#head = Buffer.alloc(0);
  }
}

/** The head of a frame, with so much room after it. */
function frameOf(kind: number, length: number, room = 0): Buffer {
  return headed(Buffer.allocUnsafe(HEAD_BYTES + room), kind, length);
}

function headed(frame: Buffer, kind: number, length: number): Buffer {
  frame[0] = kind;
  frame.writeUInt32BE(length, 1);
  return frame;
}
