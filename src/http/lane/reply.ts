import type { Socket } from 'node:net';
import type { CallReply } from '../exchange.ts';
import { dateLine, headerLine, statusLine } from './lines.ts';

/** What a reply needs of its connection. */
export interface ReplyConnection {
  readonly socket: Socket;
  /** What is said of the connection itself in each head. */
  readonly keepAlive: string;
  /** Called when the reply's last byte was taken by the kernel. */
  readonly flushed: () => void;
}

/** A writer that goes on and on within one turn is to feel that nobody reads. */
const MOST_PENDING = 16_384;
const NOBODY: readonly (() => void)[] = [];
const LAST_CHUNK = '0\r\n\r\n';

/**
 * A reply of the lane, in the form of Node's `ServerResponse` as far as calls use it. A whole reply goes out in one write, and so do the
 * pieces of a stream that came in one turn of the event loop, as one chunk, where Node's takes four writes for each.
 */
export class LaneReply implements CallReply {
  headersSent = false;
  writableEnded = false;
  writableFinished = false;
  readonly #connection: ReplyConnection;
  #head = '';
  #chunked = false;
  /** Pieces of this turn: those that came together leave together. */
  #pending = '';
  #flushing = false;
  #closed: readonly (() => void)[] = NOBODY;
  #drained: readonly (() => void)[] = NOBODY;

  constructor(connection: ReplyConnection) {
    this.#connection = connection;
  }

  get destroyed(): boolean {
    return this.#connection.socket.destroyed;
  }

  get writableNeedDrain(): boolean {
    return this.#connection.socket.writableNeedDrain;
  }

  writeHead(status: number, headers: Record<string, string> | string[]): void {
    if (this.headersSent || this.#head !== '') throw new Error('the head of this reply was already given');
    const flat = Array.isArray(headers) ? headers : Object.entries(headers).flat();
    let head = statusLine(status);
    let hasLength = false;
    for (let at = 0; at < flat.length; at += 2) {
      const name = flat[at]!;
      if (name === 'content-length') hasLength = true;
      head += headerLine(name, flat[at + 1]!);
    }
    this.#chunked = !hasLength;
    if (this.#chunked) head += 'transfer-encoding: chunked\r\n';
    this.#head = `${head + dateLine() + this.#connection.keepAlive}\r\n`;
  }

  flushHeaders(): void {
    if (!this.headersSent && !this.destroyed) this.#connection.socket.write(this.#takeText(), 'utf8');
  }

  write(chunk: string | Uint8Array): boolean {
    const { socket } = this.#connection;
    if (this.writableEnded || socket.destroyed) return true;
    if (typeof chunk !== 'string') return this.#sendBytes(chunk);
    this.#pending += chunk;
    if (this.#pending.length >= MOST_PENDING) {
      socket.write(this.#takeText(), 'utf8');
    } else if (!this.#flushing) {
      this.#flushing = true;
      process.nextTick(flush, this);
    }
    return !socket.writableNeedDrain;
  }

  end(chunk?: string | Uint8Array): void {
    const { socket, flushed } = this.#connection;
    if (this.writableEnded || socket.destroyed) return;
    if (typeof chunk === 'string') this.#pending += chunk;
    else if (chunk !== undefined && chunk.length > 0) this.#sendBytes(chunk);
    this.writableEnded = true;
    const text = this.#takeText();
    socket.write(this.#chunked ? text + LAST_CHUNK : text, 'utf8', flushed);
  }

  /** Sends what this turn has brought. */
  flush(): void {
    this.#flushing = false;
    if (!this.writableEnded && this.#pending !== '' && !this.destroyed) this.#connection.socket.write(this.#takeText(), 'utf8');
  }

  destroy(): void {
    this.#connection.socket.destroy();
  }

  /** Nothing here raises `error`: what a socket says of its own end, its closing says too. */
  on(event: 'close' | 'drain' | 'error', listener: () => void): void {
    if (event === 'close') this.#closed = withOne(this.#closed, listener);
    else if (event === 'drain') this.#drained = withOne(this.#drained, listener);
  }

  off(event: 'close' | 'drain' | 'error', listener: () => void): void {
    if (event === 'close') this.#closed = this.#closed.filter((other) => other !== listener);
    else if (event === 'drain') this.#drained = this.#drained.filter((other) => other !== listener);
  }

  /** The connection's socket takes bytes again. */
  drained(): void {
    for (const listener of this.#drained) listener();
  }

  /** The reply is over: it was sent whole, or its connection has closed. */
  closed(): void {
    const listeners = this.#closed;
    this.#closed = NOBODY;
    for (const listener of listeners) listener();
  }

  #sendBytes(bytes: Uint8Array): boolean {
    const { socket } = this.#connection;
    const before = this.#takeText();
    if (bytes.length === 0) return before === '' || socket.write(before, 'utf8');
    socket.cork();
    socket.write(this.#chunked ? `${before}${bytes.length.toString(16)}\r\n` : before, 'utf8');
    const free = socket.write(bytes);
    if (this.#chunked) socket.write('\r\n', 'latin1');
    socket.uncork();
    return free;
  }

  /** The head, where it has not been sent, and what waits, as one chunk where the reply is sent in chunks. */
  #takeText(): string {
    const pending = this.#pending;
    this.#pending = '';
    const head = this.#takeHead();
    return this.#chunked && pending !== '' ? `${head}${Buffer.byteLength(pending).toString(16)}\r\n${pending}\r\n` : head + pending;
  }

  #takeHead(): string {
    const head = this.#head;
    this.#head = '';
    this.headersSent = true;
    return head;
  }
}

function flush(reply: LaneReply): void {
  reply.flush();
}

/** Mostly one listens, and a list that is pushed to takes room for 17. */
function withOne(listeners: readonly (() => void)[], listener: () => void): readonly (() => void)[] {
  return listeners.length === 0 ? [listener] : [...listeners, listener];
}
