import { Transform, type TransformCallback } from 'node:stream';
import { ScreenFault } from './byte-reader.ts';

/** Messages of a client (RFC 6143, 7.5, and the community's list): how long each is, and whether a mere viewer may send it. */
interface Form {
  readonly looks: boolean;
  /** Bytes that have to be there before the length is known. */
  readonly head: number;
  readonly length: (head: Buffer) => number;
}

const fixed = (length: number, looks: boolean): Form => ({ looks, head: 1, length: () => length });

const FORMS: ReadonlyMap<number, Form> = new Map<number, Form>([
  [0, fixed(20, true)],
  [2, { looks: true, head: 4, length: (head) => 4 + 4 * head.readUInt16BE(2) }],
  [3, fixed(10, true)],
  [4, fixed(8, false)],
  [5, fixed(6, false)],
  // The extended clipboard writes its length as a negative number.
  [6, { looks: false, head: 8, length: (head) => 8 + Math.abs(head.readInt32BE(4)) }],
  [150, fixed(10, true)],
  [248, { looks: true, head: 9, length: (head) => 9 + head[8]! }],
  [250, fixed(4, false)],
  [251, { looks: false, head: 8, length: (head) => 8 + 16 * head[6]! }],
  [255, fixed(12, false)],
]);
const MOST_BYTES = 1_048_576;

/**
 * What a viewer who may only look sends, without what would touch the machine: keys, pointer, clipboard, size, power. Begins after the
 * handshake, with the client's first byte (whether it shares the screen), which is always said to be shared: a viewer throws nobody out.
 * What is not known cannot be skipped, so it ends the connection.
 */
export class ViewerFilter extends Transform {
  #held: Buffer = Buffer.alloc(0);
  #begun = false;
  /** Of a message that is dropped, bytes still to come; of one that passes likewise. */
  #rest = 0;
  #passes = true;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      this.#take(chunk);
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  #take(chunk: Buffer): void {
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = Buffer.alloc(0);
    if (!this.#begun && bytes.length > 0) {
      this.#begun = true;
      this.push(Buffer.of(1));
      bytes = bytes.subarray(1);
    }
    while (bytes.length > 0) {
      if (this.#rest === 0 && !this.#begin(bytes)) {
        this.#held = bytes;
        return;
      }
      const part = bytes.subarray(0, this.#rest);
      if (this.#passes) this.push(part);
      this.#rest -= part.length;
      bytes = bytes.subarray(part.length);
    }
  }

  /** False: more has to come before the message's length is known. */
  #begin(bytes: Buffer): boolean {
    const form = FORMS.get(bytes[0]!);
    if (!form) throw new ScreenFault('the viewer sent what is not known here');
    if (bytes.length < form.head) return false;
    const length = form.length(bytes);
    if (length > MOST_BYTES) throw new ScreenFault('the viewer sent more than it may');
    this.#rest = length;
    this.#passes = form.looks;
    return true;
  }
}
