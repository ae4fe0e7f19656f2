import { StringDecoder } from 'node:string_decoder';

const ONE_EVENT = 'data: ';

/** Thrown by `push` when one event is larger than the limit: a backend that never ends an event must not fill the memory. */
export class EventTooLarge extends Error {}

/**
 * Reads server-sent events (WHATWG HTML, 9.2) from bytes cut anywhere: in the middle of characters, of line ends
 * (LF, CR or CRLF) and of fields. Comments and other fields than `data` and `event` are skipped, data lines are
 * joined. An event without its empty line at the end of the stream is not delivered, as the standard says.
 */
export class SseParser {
  readonly #onEvent: (data: string, event: string, oneLine: boolean) => void;
  readonly #mostCharacters: number;
  readonly #decoder = new StringDecoder('utf8');
  /** Pieces of the line that is still open; joined once, when its end comes. */
  #open: string[] = [];
  #openCharacters = 0;
  #data: string | undefined;
  #oneLine = true;
  #event = '';
  #afterCr = false;
  #first = true;
  /** No part of a character waits in the decoder. */
  #decoded = true;

  /** @param onEvent `oneLine`: the data came in one line, so no line ends are in it. */
  constructor(onEvent: (data: string, event: string, oneLine: boolean) => void, mostCharacters = 8 * 1024 * 1024) {
    this.#onEvent = onEvent;
    this.#mostCharacters = mostCharacters;
  }

  push(chunk: Buffer): void {
    if (this.#alone(chunk)) {
      const text = chunk.toString();
      // Nearly every chunk is one event of one line.
      if (text.startsWith(ONE_EVENT) && text.indexOf('\n') === text.length - 2 && !text.includes('\r')) this.#onEvent(text.slice(ONE_EVENT.length, -2), '', true);
      else this.#read(text);
      return;
    }
    this.#decoded = chunk.length > 0 ? chunk[chunk.length - 1]! < 0x80 : this.#decoded;
    this.#read(this.#decoder.write(chunk));
  }

  /** Nothing is open before it, and it ends with an event: it is read without what the one before it left. */
  #alone(chunk: Buffer): boolean {
    const { length } = chunk;
    return length > 8 && length <= this.#mostCharacters && chunk[length - 1] === 10 && chunk[length - 2] === 10 && !this.#first && !this.#afterCr
      && this.#open.length === 0 && this.#data === undefined && this.#event === '' && this.#decoded;
  }

  #read(text: string): void {
    if (text === '') return;
    let at = 0;
    if (this.#first) {
      this.#first = false;
      if (text.charCodeAt(0) === 0xfeff) at = 1;
    }
    if (this.#afterCr && text.charCodeAt(at) === 10) at += 1;
    this.#afterCr = false;
    let lf = text.indexOf('\n', at);
    let cr = text.indexOf('\r', at);
    while (lf !== -1 || cr !== -1) {
      const end = cr !== -1 && (lf === -1 || cr < lf) ? cr : lf;
      this.#endLine(text.slice(at, end));
      at = end + 1;
      if (end === cr) {
        if (at === text.length) this.#afterCr = true;
        else if (text.charCodeAt(at) === 10) at += 1;
      }
      if (lf !== -1 && lf < at) lf = text.indexOf('\n', at);
      if (cr !== -1 && cr < at) cr = text.indexOf('\r', at);
    }
    if (at < text.length) this.#keep(at === 0 ? text : text.slice(at));
  }

  #keep(piece: string): void {
    this.#openCharacters += piece.length;
    if (this.#openCharacters + (this.#data?.length ?? 0) > this.#mostCharacters) throw new EventTooLarge();
    this.#open.push(piece);
  }

  #endLine(end: string): void {
    if (this.#open.length === 0) {
      this.#line(end);
      return;
    }
    this.#open.push(end);
    const line = this.#open.join('');
    this.#open = [];
    this.#openCharacters = 0;
    this.#line(line);
  }

  #line(line: string): void {
    if (line === '') {
      const data = this.#data;
      const event = this.#event;
      const oneLine = this.#oneLine;
      this.#data = undefined;
      this.#oneLine = true;
      this.#event = '';
      if (data !== undefined) this.#onEvent(data, event, oneLine);
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1);
    if (field === 'data') {
      if (this.#data !== undefined) this.#oneLine = false;
      this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`;
      if (this.#data.length > this.#mostCharacters) throw new EventTooLarge();
    } else if (field === 'event') {
      this.#event = value;
    }
  }
}
