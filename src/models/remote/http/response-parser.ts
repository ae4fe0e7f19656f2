import { BadHttp, ConnectionClosed } from './http-errors.ts';
import { KnownHead } from './known-head.ts';
import { CHUNKED, UNTIL_CLOSE, fieldName, fieldValue, readHead, type ResponseHead } from './response-head.ts';

/** What is told of a reply while it is read. */
export interface ResponseSink {
  head(head: ResponseHead): void;
  body(chunk: Buffer): void;
  end(): void;
  /** Looked at after each of these calls: whether the bytes behind it are to wait. */
  readonly halted: boolean;
}

const HEAD_END = Buffer.from('\r\n\r\n');
/** Of all heads of a reply together, informational ones too. */
const MOST_HEAD_BYTES = 64 * 1024;
const MOST_LINE = 1024;
const MOST_TRAILER_BYTES = 16 * 1024;
/** More digits than anybody sends; within them a size is an exact number. */
const MOST_SIZE_DIGITS = 12;
const CR = 13;
const LF = 10;
/** A chunk's size with its extensions (RFC 9112, 7.1.1), which are checked and dropped. */
const SIZE_LINE = /^[0-9A-Fa-f]+(?:;[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:=(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+|"(?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)*$/;

/** What the next byte belongs to. */
type Part = 'head' | 'body' | 'rest' | 'size' | 'chunk' | 'chunk end' | 'trailer';

/**
 * Reads one reply after another (RFC 9112) from bytes cut anywhere. The body's pieces are parts of the buffers that were pushed: nothing of them
 * is copied. It is as strict as the head's reader: what is not written as the standard has it ends the connection.
 */
export class ResponseParser {
  readonly #sink: ResponseSink;
  readonly #known: KnownHead;
  #part: Part = 'head';
  /** Bytes that are still to come of the body, or of its chunk. */
  #left = 0;
  /** The beginning of a head that was cut, and the bytes of informational heads before it. */
  #open: Buffer | null = null;
  #openBytes = 0;
  #before = 0;
  /** The beginning of a line that was cut. */
  #line = '';
  #trailerBytes = 0;

  /** @param known shared by the connections to one backend. */
  constructor(sink: ResponseSink, known: KnownHead = new KnownHead()) {
    this.#sink = sink;
    this.#known = known;
  }

  /** Whether something has come of a reply that has not ended. */
  get begun(): boolean {
    return this.#part !== 'head' || this.#openBytes > 0 || this.#before > 0;
  }

  /**
   * @returns how many bytes were read: all of them, but where the reply ended before, or the sink halted it.
   * @throws BadHttp
   */
  push(chunk: Buffer): number {
    let at = 0;
    while (!this.#sink.halted) {
      // These need no byte to go on.
      if (this.#left === 0 && this.#part === 'body') return this.#end(at);
      if (this.#left === 0 && this.#part === 'chunk') this.#part = 'chunk end';
      if (at === chunk.length) return at;
      switch (this.#part) {
        case 'head':
          at = this.#head(chunk, at);
          break;
        case 'body':
        case 'chunk':
          at = this.#body(chunk, at, Math.min(chunk.length, at + this.#left));
          break;
        case 'rest':
          at = this.#body(chunk, at, chunk.length);
          break;
        case 'size':
          at = this.#size(chunk, at);
          break;
        case 'chunk end':
          at = this.#chunkEnd(chunk, at);
          break;
        case 'trailer': {
          const from = at;
          at = this.#lineEnd(chunk, at);
          if (this.#line === '\r\n') return this.#end(at);
          this.#trailer(at - from);
        }
      }
    }
    return at;
  }

  /** The connection has ended. @throws ConnectionClosed when the reply had not. */
  close(): void {
    if (this.#part !== 'rest') throw new ConnectionClosed(this.begun);
    this.#end(0);
  }

  #end(at: number): number {
    this.#part = 'head';
    this.#line = '';
    this.#before = 0;
    this.#trailerBytes = 0;
    this.#sink.end();
    return at;
  }

  #head(chunk: Buffer, at: number): number {
    const had = this.#openBytes;
    if (had > 0) this.#keep(chunk, at);
    const bytes = had > 0 ? this.#open!.subarray(0, this.#openBytes) : chunk;
    const from = had > 0 ? 0 : at;
    const end = bytes.indexOf(HEAD_END, Math.max(from, had - 3));
    const size = (end === -1 ? bytes.length : end + HEAD_END.length) - from;
    if (this.#before + size > MOST_HEAD_BYTES) throw new BadHttp('its head is too large');
    if (end === -1) {
      if (had === 0) this.#keep(chunk, at);
      return chunk.length;
    }
    this.#open = null;
    this.#openBytes = 0;
    const head = this.#known.find(bytes, from, end) ?? this.#read(bytes, from, end);
    if (head.status < 200) {
      this.#before += size;
    } else {
      this.#part = head.length === CHUNKED ? 'size' : head.length === UNTIL_CLOSE ? 'rest' : 'body';
      this.#left = Math.max(0, head.length);
      this.#sink.head(head);
    }
    return at + size - had;
  }

  #read(bytes: Buffer, from: number, to: number): ResponseHead {
    const head = readHead(bytes.toString('latin1', from, to));
    this.#known.keep(bytes, from, to, head);
    return head;
  }

  /** Keeps the beginning of a head. The room doubles, so that a head that comes byte by byte is not copied for each of them. */
  #keep(chunk: Buffer, from: number): void {
    const bytes = this.#openBytes + chunk.length - from;
    if (this.#open === null || this.#open.length < bytes) {
      const room = Buffer.allocUnsafe(Math.max(1024, 2 * bytes));
      this.#open?.copy(room, 0, 0, this.#openBytes);
      this.#open = room;
    }
    chunk.copy(this.#open, this.#openBytes, from);
    this.#openBytes = bytes;
  }

  #body(chunk: Buffer, from: number, to: number): number {
    this.#left -= to - from;
    this.#sink.body(from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to));
    return to;
  }

  #size(chunk: Buffer, from: number): number {
    let at = from;
    if (this.#line === '') {
      // Nearly every size stands in one piece and has no extension.
      let size = 0;
      for (let digit = hex(chunk[at]); digit !== -1 && at - from < MOST_SIZE_DIGITS; digit = hex(chunk[at])) {
        size = size * 16 + digit;
        at += 1;
      }
      if (at > from && chunk[at] === CR && chunk[at + 1] === LF) {
        this.#chunk(size);
        return at + 2;
      }
    }
    at = this.#lineEnd(chunk, from);
    if (!this.#line.endsWith('\n')) return at;
    const line = this.#line.slice(0, -2);
    this.#line = '';
    const digits = line.indexOf(';') === -1 ? line : line.slice(0, line.indexOf(';'));
    if (!SIZE_LINE.test(line) || digits.length > MOST_SIZE_DIGITS) throw new BadHttp('the size of a chunk is not one');
    this.#chunk(Number.parseInt(digits, 16));
    return at;
  }

  #chunk(size: number): void {
    this.#left = size;
    this.#part = size === 0 ? 'trailer' : 'chunk';
  }

  #chunkEnd(chunk: Buffer, from: number): number {
    let at = from + 2;
    if (this.#line !== '' || chunk[from] !== CR || chunk[from + 1] !== LF) {
      at = this.#lineEnd(chunk, from);
      if (this.#line !== '\r' && this.#line !== '\r\n') throw new BadHttp('a chunk is longer than its size');
      if (this.#line === '\r') return at;
      this.#line = '';
    }
    this.#part = 'size';
    return at;
  }

  /** Fields behind the body are checked, and dropped: nobody here asked for them. */
  #trailer(bytes: number): void {
    this.#trailerBytes += bytes;
    if (this.#trailerBytes > MOST_TRAILER_BYTES) throw new BadHttp('its trailer is too large');
    if (!this.#line.endsWith('\n')) return;
    const field = this.#line.slice(0, -2);
    this.#line = '';
    fieldValue(field, fieldName(field));
  }

  /** Reads to the end of a line, or of the chunk: the line so far is in `#line`, with its CRLF when it is complete. */
  #lineEnd(chunk: Buffer, from: number): number {
    const lf = chunk.indexOf(LF, from);
    const to = lf === -1 ? chunk.length : lf + 1;
    this.#line += chunk.toString('latin1', from, to);
    if (this.#line.length > (this.#part === 'trailer' ? MOST_TRAILER_BYTES : MOST_LINE)) throw new BadHttp('a line between its chunks is too long');
    if (lf !== -1 && !this.#line.endsWith('\r\n')) throw new BadHttp('a line between its chunks does not end in CRLF');
    return to;
  }
}

/** -1: no hexadecimal digit. */
function hex(code: number | undefined): number {
  if (code === undefined) return -1;
  if (code >= 48 && code <= 57) return code - 48;
  const small = code | 32;
  return small >= 97 && small <= 102 ? small - 87 : -1;
}
