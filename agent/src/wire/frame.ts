import { WireError } from './wire-error.ts';

/** What a frame is. `u32 length · u8 kind · u32 stream · payload`, big-endian; the length counts what comes after it. */
export const KIND = { hello: 1, request: 2, reply: 3, event: 4, open: 5, data: 6, credit: 7, end: 8, reset: 9, ping: 10, pong: 11 } as const;

export type Kind = (typeof KIND)[keyof typeof KIND];

export interface Frame {
  readonly kind: Kind;
  /** 0: the connection itself. Of requests and replies: the number of the question. */
  readonly stream: number;
  readonly payload: Buffer;
}

const PREFIX_BYTES = 4;
const HEAD_BYTES = 5;
const LAST_KIND = KIND.pong;

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

/** Cuts what arrives into frames, however it was cut on the way. Holds at most one unfinished frame. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** What must be here before anything new can be said. */
  #needed = PREFIX_BYTES + HEAD_BYTES;

  /** The frames that are whole with this chunk; payloads may share its memory. @throws WireError when it is no frame. */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#needed) return [];
    const all = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#bytes);
    const frames: Frame[] = [];
    let at = 0;
    for (;;) {
      const left = all.length - at;
      this.#needed = PREFIX_BYTES + HEAD_BYTES;
      if (left < this.#needed) break;
      const kind = kindOf(all.readUInt8(at + PREFIX_BYTES));
      const payloadBytes = all.readUInt32BE(at) - HEAD_BYTES;
      if (payloadBytes < 0 || payloadBytes > LIMITS[kind]) throw new WireError('too_large', `a frame of kind ${kind} that says it has ${payloadBytes} bytes`);
      this.#needed += payloadBytes;
      if (left < this.#needed) break;
      const stream = all.readUInt32BE(at + PREFIX_BYTES + 1);
      frames.push({ kind, stream, payload: all.subarray(at + PREFIX_BYTES + HEAD_BYTES, at + this.#needed) });
      at += this.#needed;
    }
    this.#chunks = at < all.length ? [all.subarray(at)] : [];
    this.#bytes = all.length - at;
    return frames;
  }
}

function kindOf(byte: number): Kind {
  if (byte < KIND.hello || byte > LAST_KIND) throw new WireError('unknown_kind', `a frame of the unknown kind ${byte}`);
  return byte as Kind;
}
