import { WireError } from './wire-error.ts';

/** What a frame is. `u32 length · u8 kind · u32 stream · payload`, big-endian; the length counts what comes after it. */
export const KIND = { hello: 1, request: 2, reply: 3, event: 4, open: 5, data: 6, credit: 7, end: 8, reset: 9, ping: 10, pong: 11 } as const;

export type Kind = (typeof KIND)[keyof typeof KIND];

export interface Frame {
  readonly kind: Kind;
  /** 0: the connection itself. Of requests and replies: the number of the question. */
  readonly stream: number;
  /** Of data: what has arrived of it so far and was not given before. */
  readonly payload: Buffer;
  /** False: a further piece of the same data frame. */
  readonly begins: boolean;
}

const PREFIX_BYTES = 4;
const HEAD_BYTES = 5;
const LAST_KIND = KIND.pong;
const EMPTY = Buffer.alloc(0);

/** The most that one frame of each sort carries. A longer one is a fault of the other side and ends the connection before it is read. */
export const MAX_DATA_BYTES = 64 * 1024;
export const MAX_MESSAGE_BYTES = 512 * 1024;
const MAX_SMALL_BYTES = 2048;

const LIMITS: Readonly<Record<Kind, number>> = {
  [KIND.hello]: MAX_MESSAGE_BYTES, [KIND.request]: MAX_MESSAGE_BYTES, [KIND.reply]: MAX_MESSAGE_BYTES, [KIND.event]: MAX_MESSAGE_BYTES,
  [KIND.open]: MAX_MESSAGE_BYTES, [KIND.data]: MAX_DATA_BYTES, [KIND.credit]: 4, [KIND.end]: 0, [KIND.reset]: MAX_SMALL_BYTES, [KIND.ping]: 8, [KIND.pong]: 8,
};

/** The head of a frame; its payload is written after it, so that data is not copied. */
export function frameHead(kind: Kind, stream: number, payloadBytes: number): Buffer {
  if (payloadBytes > LIMITS[kind]) throw new WireError('too_large', `a frame of kind ${kind} with ${payloadBytes} bytes`);
  const head = Buffer.allocUnsafe(PREFIX_BYTES + HEAD_BYTES);
  head.writeUInt32BE(HEAD_BYTES + payloadBytes, 0);
  head.writeUInt8(kind, PREFIX_BYTES);
  head.writeUInt32BE(stream, PREFIX_BYTES + 1);
  return head;
}

/**
 * Cuts what arrives into frames, however it was cut on the way. A data frame comes in as many pieces as it arrived in, so that bytes of
 * streams are not copied; of all else at most one unfinished frame is held.
 */
export class FrameReader {
  readonly #head = Buffer.alloc(PREFIX_BYTES + HEAD_BYTES);
  #headBytes = 0;
  #kind: Kind = KIND.data;
  #left = 0;
  #begun = false;
  #parts: Buffer[] = [];

  /** What is whole with this chunk; payloads may share its memory. @throws WireError when it is no frame. */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#headBytes < this.#head.length) {
        const bytes = chunk.copy(this.#head, this.#headBytes, at, at + this.#head.length - this.#headBytes);
        this.#headBytes += bytes;
        at += bytes;
        if (this.#headBytes < this.#head.length) break;
        this.#begin();
        if (this.#left === 0) frames.push(this.#end(EMPTY));
        continue;
      }
      const piece = chunk.subarray(at, at + this.#left);
      at += piece.length;
      this.#left -= piece.length;
      if (this.#kind !== KIND.data) {
        this.#parts.push(piece);
        if (this.#left === 0) frames.push(this.#end(this.#parts.length === 1 ? piece : Buffer.concat(this.#parts)));
      } else if (this.#left === 0) {
        frames.push(this.#end(piece));
      } else {
        frames.push({ kind: this.#kind, stream: this.#stream, payload: piece, begins: !this.#begun });
        this.#begun = true;
      }
    }
    return frames;
  }

  get #stream(): number {
    return this.#head.readUInt32BE(PREFIX_BYTES + 1);
  }

  #begin(): void {
    this.#kind = kindOf(this.#head.readUInt8(PREFIX_BYTES));
    this.#left = this.#head.readUInt32BE(0) - HEAD_BYTES;
    this.#begun = false;
    if (this.#left < 0 || this.#left > LIMITS[this.#kind]) throw new WireError('too_large', `a frame of kind ${this.#kind} that says it has ${this.#left} bytes`);
  }

  #end(payload: Buffer): Frame {
    const frame = { kind: this.#kind, stream: this.#stream, payload, begins: !this.#begun };
    this.#headBytes = 0;
    this.#parts = [];
    return frame;
  }
}

function kindOf(byte: number): Kind {
  if (byte < KIND.hello || byte > LAST_KIND) throw new WireError('unknown_kind', `a frame of the unknown kind ${byte}`);
  return byte as Kind;
}
