import type { Socket } from 'node:net';
import { ConnectionClosed } from './http-errors.ts';
import type { KnownHead } from './known-head.ts';
import type { ReplyControl, ReplyHandler } from './reply-handler.ts';
import { writeRequest } from './request-writer.ts';
import type { ResponseHead } from './response-head.ts';
import { ResponseParser, type ResponseSink } from './response-parser.ts';

const NOTHING = Buffer.alloc(0);

/** One request and its reply: waits in line, then runs on one connection, and is the handler's hold on it. */
export class Turn implements ReplyControl {
  readonly head: string;
  readonly body: Buffer | null;
  readonly handler: ReplyHandler;
  /** Who is behind it in line. */
  next: Turn | null = null;
  /** Null before it runs and after it has ended: then it holds nothing. */
  connection: Connection | null = null;

  constructor(head: string, body: Buffer | null, handler: ReplyHandler) {
    this.head = head;
    this.body = body;
    this.handler = handler;
  }

  abort(error: Error): void {
    this.connection?.cut(error);
  }

  pause(): void {
    this.connection?.pause();
  }

  resume(): void {
    this.connection?.resume();
  }
}

/** So much is read at once: one TLS record, and more pieces of a stream than come together. */
const READ_BYTES = 32 * 1024;

/** Where a socket's bytes are put, always in the same place: a stream's `data` events would take a buffer of their own for each read, and a turn of the queue. */
export class ReadPlace {
  readonly buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  connection: Connection | null = null;
  /** Whether bytes came before there was a connection: no backend speaks first. */
  early = false;
  /** Called by the socket. */
  readonly callback = (bytes: number): boolean => {
    if (this.connection) this.connection.read(this.buffer.subarray(0, bytes));
    else this.early = true;
    return true;
  };
}

/** The pool, as its connections see it. */
export interface ConnectionOwner {
  /** What all of them have read last. */
  readonly known: KnownHead;
  /** It can take another turn. `keptMs`: how long the backend says to keep it; null: it does not say. */
  free(connection: Connection, keptMs: number | null): void;
  gone(connection: Connection): void;
}

/** A socket to a backend, with one turn at a time. Its listeners are set once, for all its turns. */
export class Connection implements ResponseSink {
  halted = false;
  /** It is closed, or about to be: nothing more is sent on it. */
  over = false;
  /** Monotonic time after which it is no more used; the pool's. */
  idleUntilMs = 0;
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  readonly #parser: ResponseParser;
  #turn: Turn | null = null;
  /** Whether anything of the turn was sent. */
  #sent = false;
  #kept = false;
  #keptMs: number | null = null;
  /** What was read and not handed on, because the handler paused. */
  #held: Buffer | null = null;
  #paused = false;
  /** Whether bytes are being handed on just now. */
  #reading = false;
  #error: Error | null = null;

  constructor(socket: Socket, place: ReadPlace, owner: ConnectionOwner) {
    place.connection = this;
    this.over = place.early;
    this.#socket = socket;
    this.#owner = owner;
    this.#parser = new ResponseParser(this, owner.known);
    socket.on('error', (error) => {
      this.over = true;
      this.#error ??= error;
    });
    socket.on('end', () => { this.#ended(); });
    socket.on('close', () => { this.#closed(); });
  }

  /** False: the turn ended itself before anything was sent, and the connection is as free as it was. */
  run(turn: Turn): boolean {
    this.#turn = turn;
    this.#sent = false;
    this.halted = false;
    turn.connection = this;
    turn.handler.onRequestStart(turn);
    if (this.#turn !== turn) return false;
    this.#sent = true;
    writeRequest(this.#socket, turn.head, turn.body);
    return true;
  }

  /** Ends the turn from this side. */
  cut(error: Error): void {
    this.#fail(error);
    // A reply that nobody reads would still come: only the socket's end stops it.
    if (this.#sent) this.destroy();
  }

  destroy(): void {
    this.over = true;
    this.#socket.destroy();
  }

  pause(): void {
    this.halted = true;
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.halted = false;
    // From inside a piece that is handed on, those behind it follow by themselves. Else the handler may pause again meanwhile.
    if (!this.#reading) {
      const held = this.#held ?? NOTHING;
      this.#held = null;
      this.read(held);
    }
    if (!this.#paused) this.#socket.resume();
  }

  head(head: ResponseHead): void {
    const turn = this.#turn!;
    this.#kept = head.kept;
    this.#keptMs = head.keptMs;
    turn.handler.onResponseStart(turn, head.status, head.headers);
  }

  body(chunk: Buffer): void {
    const turn = this.#turn!;
    turn.handler.onResponseData(turn, chunk);
  }

  end(): void {
    const turn = this.#turn!;
    this.#turn = null;
    this.halted = true;
    turn.connection = null;
    turn.handler.onResponseEnd(turn);
  }

  /** Takes what has come. @param chunk only for now: the next bytes come to the same place. */
  read(chunk: Buffer): void {
    // Nobody asked, so it is no reply: perhaps the rest of one that was longer than it said.
    if (this.#turn === null) return this.destroy();
    let read: number;
    this.#reading = true;
    try {
      read = this.#paused ? 0 : this.#parser.push(chunk);
    } catch (error) {
      return this.cut(error as Error);
    } finally {
      this.#reading = false;
    }
    if (this.#turn !== null) {
      if (read < chunk.length) this.#held = this.#held === null ? Buffer.from(chunk.subarray(read)) : Buffer.concat([this.#held, chunk.subarray(read)]);
      return;
    }
    // Bytes behind the reply, a request that is still being sent, or an end from this side: it is not used again.
    if (read < chunk.length || !this.#kept || this.over || this.#socket.writableLength > 0) return this.destroy();
    this.#owner.free(this, this.#keptMs);
  }

  /** The backend has closed its side. */
  #ended(): void {
    if (this.#turn === null) return this.destroy();
    try {
      this.#parser.close();
    } catch (error) {
      this.#fail(error as Error);
    }
    this.destroy();
  }

  #closed(): void {
    this.over = true;
    if (this.#turn !== null) this.#fail(this.#error ?? new ConnectionClosed(this.#parser.begun));
    this.#owner.gone(this);
  }

  #fail(error: Error): void {
    const turn = this.#turn;
    if (turn === null) return;
    this.#turn = null;
    this.halted = true;
    turn.connection = null;
    turn.handler.onResponseError(turn, error);
  }
}
