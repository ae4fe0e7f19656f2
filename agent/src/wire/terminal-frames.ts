import { WireError } from './wire-error.ts';

/** What the two ends of a terminal say to each other: `u8 kind · u32 length · payload`. */
export const TERMINAL = {
  /** Bytes that were typed, or that programs wrote. */
  data: 1,
  /** To the terminal: `u16 columns · u16 rows`. */
  size: 2,
  /** From the terminal, first of all: JSON, `resumed` and `recorded`. */
  begun: 3,
  /** From the terminal, last of all: JSON, `code` of its program, null where a signal ended it. */
  ended: 4,
} as const;
export type TerminalKind = (typeof TERMINAL)[keyof typeof TERMINAL];

export interface TerminalFrame {
  readonly kind: TerminalKind;
  readonly payload: Buffer;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

const HEAD = 5;
const MOST_PAYLOAD = 64 * 1024;
/** Beyond these no screen is, and a program that makes room for each place would take memory without end. */
const MOST_COLUMNS = 500;
const MOST_ROWS = 300;

/** Bytes in as many frames as they need. */
export function* terminalFrames(kind: TerminalKind, payload: Buffer): Generator<Buffer> {
  for (let at = 0; at === 0 || at < payload.length; at += MOST_PAYLOAD) {
    const part = payload.subarray(at, at + MOST_PAYLOAD);
    const head = Buffer.alloc(HEAD);
    head.writeUInt8(kind, 0);
    head.writeUInt32BE(part.length, 1);
    yield Buffer.concat([head, part]);
  }
}

export function sizeFrame({ columns, rows }: TerminalSize): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt16BE(columns, 0);
  payload.writeUInt16BE(rows, 2);
  return [...terminalFrames(TERMINAL.size, payload)][0]!;
}

/** A size as a frame carries it; what no screen has is brought to what one could have. */
export function readSize(payload: Buffer): TerminalSize {
  if (payload.length !== 4) throw new WireError('bad_message', 'a size of a terminal has four bytes');
  return boundSize(payload.readUInt16BE(0), payload.readUInt16BE(2));
}

export function boundSize(columns: number, rows: number): TerminalSize {
  return { columns: Math.min(Math.max(columns, 2), MOST_COLUMNS), rows: Math.min(Math.max(rows, 1), MOST_ROWS) };
}

/** Takes frames out of a stream's chunks. Holds one frame at most. */
export class TerminalReader {
  #held: Buffer = Buffer.alloc(0);

  /** @throws WireError for what is no frame. */
  *read(chunk: Buffer): Generator<TerminalFrame> {
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    while (bytes.length >= HEAD) {
      const kind = bytes.readUInt8(0);
      const length = bytes.readUInt32BE(1);
      if (kind < TERMINAL.data || kind > TERMINAL.ended || length > MOST_PAYLOAD) throw new WireError('bad_message', 'a frame that no terminal sends');
      if (bytes.length < HEAD + length) break;
      const payload = bytes.subarray(HEAD, HEAD + length);
      bytes = bytes.subarray(HEAD + length);
      yield { kind: kind as TerminalKind, payload };
    }
    // A copy, so that a frame that is not whole yet does not keep the chunk that it came in.
    this.#held = Buffer.from(bytes);
  }
}
